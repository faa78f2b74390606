/**
 * What is remembered of uploads in parts, in localStorage under Fine Uploader's
 * own names and in its own form, with the engine's record beside it. No secret
 * is in it.
 */
import { isObject, type Dictionary } from "./objects.js";
import { base64Of, bytesOf } from "./policy.js";
import type { RecordPlace } from "./lane.js";

const prefix = "qqs3resume5.0-";

/** What a page is told of an upload that can go on. */
export interface Resumable {
  name: string;
  size: number;
  uuid: string;
  remaining: number[];
  key?: string;
  customResumeData?: unknown;
}

/** A record as it lies in storage, as far as it can be used. */
export interface Found {
  uuid: string;
  key: string;
  /** The engine's record. */
  record: Uint8Array;
  /** The fingerprint of the file's content; empty where none was taken. */
  print: string;
  /** Parts that are not stored, from 0. */
  remaining: number[];
  uploadId: string;
  parts: number;
  /** The ETags of stored parts, by number from 1. */
  etags: Map<number, string>;
  loaded: number;
  customResumeData: unknown;
}

/** The name of a file's record. */
export function recordName(name: string, size: number, partSize: number, endpoint: string, customKeys: readonly unknown[]): string {
  return prefix + [name, size, partSize, endpoint, ...customKeys].join("-");
}

/** Drops the records that are older than so many days, and those that nobody can read. */
export function sweep(days: number): void {
  for (const name of names()) {
    const record = read(name);
    const updated = record ? Number(record["lastUpdated"]) : NaN;
    if (!(updated + days * 86_400_000 > Date.now())) remove(name);
  }
}

/** All that can go on. */
export function resumables(): Resumable[] {
  const found: Resumable[] = [];
  for (const name of names()) {
    const record = read(name);
    if (!record || typeof record["name"] !== "string" || !isObject(record["chunking"])) continue;
    const { key, customResumeData } = record;
    const one: Resumable = {
      name: record["name"], size: Number(record["size"]), uuid: String(record["uuid"]), remaining: remainingOf(record["chunking"]),
    };
    if (typeof key === "string") one.key = key;
    if (customResumeData !== undefined && customResumeData !== null) one.customResumeData = customResumeData;
    found.push(one);
  }
  return found;
}

/** The record of that name, if it is one that can go on. */
export function find(name: string): Found | undefined {
  const record = read(name);
  if (!record || !isObject(record["chunking"])) return undefined;
  const { uuid, key, engine, print, customResumeData } = record;
  if (typeof uuid !== "string" || typeof key !== "string" || typeof engine !== "string") return undefined;
  try {
    return {
      uuid, key, record: bytesOf(engine), print: typeof print === "string" ? print : "",
      remaining: remainingOf(record["chunking"]), customResumeData: customResumeData ?? null,
      ...storedOf(record["chunking"]), loaded: Number(record["loaded"]) || 0,
    };
  } catch {
    return undefined;
  }
}

export function remove(name: string): void {
  try {
    localStorage.removeItem(name);
  } catch {
    // Without storage there is no record either.
  }
}

function remainingOf({ remaining, inProgress }: Dictionary): number[] {
  const parts = [remaining, inProgress].flatMap((list): unknown[] => (Array.isArray(list) ? list : []));
  return parts.filter((part): part is number => Number.isInteger(part)).sort((a, b) => a - b);
}

function storedOf({ uploadId, parts, etags }: Dictionary): Pick<Found, "uploadId" | "parts" | "etags"> {
  const known = new Map<number, string>();
  for (const one of Array.isArray(etags) ? (etags as unknown[]) : []) {
    if (isObject(one) && Number.isInteger(one["part"]) && typeof one["etag"] === "string") known.set(Number(one["part"]), one["etag"]);
  }
  return { uploadId: typeof uploadId === "string" ? uploadId : "", parts: Number(parts) || 0, etags: known };
}

function names(): string[] {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(prefix));
  } catch {
    return [];
  }
}

function read(name: string): Dictionary | undefined {
  try {
    const record: unknown = JSON.parse(localStorage.getItem(name) ?? "null");
    return isObject(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Records of so many parts are written at most once in writeMillis: each time all of it is. */
const manyParts = 200;
const writeMillis = 1000;

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** What a record says of its file. */
export interface About {
  readonly name: string;
  readonly size: number;
  readonly uuid: string;
  readonly key: string;
  readonly print: string;
  readonly customResumeData: unknown;
}

/**
 * The record of one file while it is uploaded: in memory, so that a pause and a
 * retry go on where they were, and in storage under name, if there is one.
 */
export class UploadRecord implements RecordPlace {
  readonly #name: string | undefined;
  readonly #about: () => About;
  readonly #log: (text: string) => void;
  #record: Uint8Array[] | undefined;
  #written = 0;
  #hidden = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The record was written by this page, and not found. */
  #own = false;
  #uploadId = "";
  #parts = 0;
  #etags = new Map<number, string>();
  #loaded = 0;

  constructor(name: string | undefined, about: () => About, log: (text: string) => void) {
    this.#name = name;
    this.#about = about;
    this.#log = log;
  }

  /** Goes on from a record that was found. */
  adopt(found: Found): void {
    this.#record = [found.record];
    this.#own = false;
    this.#uploadId = found.uploadId;
    this.#parts = found.parts;
    this.#etags = new Map(found.etags);
    this.#loaded = found.loaded;
  }

  get exists(): boolean {
    return this.#record !== undefined;
  }

  load(): { record: Uint8Array; trusted: boolean } | undefined {
    return this.#record && { record: joined(this.#record), trusted: this.#own };
  }

  save(record: Uint8Array, uploadId: string): void {
    this.#record = [record];
    this.#own = true;
    this.#uploadId = uploadId;
    this.#write();
  }

  append(more: Uint8Array): void {
    this.#record?.push(more);
  }

  /** A part, from 1, is stored. */
  stored(part: number, parts: number, etag: string, length: number): void {
    if (!this.#record) return;
    this.#parts = parts;
    this.#etags.set(part, etag);
    this.#loaded += length;
    if (parts < manyParts || Date.now() - this.#written > writeMillis) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), writeMillis);
  }

  forget(): void {
    this.#record = undefined;
    this.#etags.clear();
    this.#loaded = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#name) remove(this.#name);
  }

  /** The page has dropped the file: no later one shall find it, whatever is still to be cleaned up. */
  hide(): void {
    this.#hidden = true;
    if (this.#name) remove(this.#name);
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#written = Date.now();
    if (!this.#name || !this.#record || this.#hidden) return;
    const { name, size, uuid, key, print, customResumeData } = this.#about();
    const remaining: number[] = [];
    for (let part = 1; part <= this.#parts; part++) if (!this.#etags.has(part)) remaining.push(part - 1);
    const value: Dictionary = {
      name, size, uuid, key,
      chunking: {
        enabled: true, parts: this.#parts, remaining, inProgress: [], uploadId: this.#uploadId,
        etags: [...this.#etags].map(([part, etag]) => ({ part, etag })),
      },
      loaded: this.#loaded, lastUpdated: Date.now(), engine: base64Of(joined(this.#record)), print,
    };
    if (customResumeData !== undefined && customResumeData !== null) value["customResumeData"] = customResumeData;
    try {
      localStorage.setItem(this.#name, JSON.stringify(value));
    } catch (error) {
      this.#log(`The upload's record could not be kept: ${String(error)}`);
    }
  }
}

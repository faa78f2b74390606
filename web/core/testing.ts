/**
 * A store behind XMLHttpRequest, for tests in Node: it keeps parts and objects,
 * answers as it is told, and the engine is the real one. Also what else of a
 * browser a session talks to: its network, its worker, its one page.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterEach } from "node:test";
import type { Credentials, Uploader, UploaderOptions } from "./api.js";
import { createUploader } from "./session.js";
import { serve, type Port } from "./workerport.js";

export interface StoreRequest {
  method: string;
  url: string;
  headers: Map<string, string>;
  body: Blob | null;
  /** Somebody listens to its progress, so that a browser would send a preflight. */
  watched: boolean;
}

export interface StoreAnswer {
  status?: number;
  headers?: string;
  body?: string;
}

interface Part {
  size: number;
  etag: string;
  checksum: string | undefined;
}

interface StoredUpload {
  key: string;
  parts: Map<number, Part>;
  checksum: string | undefined;
}

export const store = {
  requests: [] as StoreRequest[],
  /** What to answer; undefined is what S3 would, "never" is silence, "cut" is a connection that breaks. */
  answer: (_request: StoreRequest): StoreAnswer | "never" | "cut" | undefined => undefined,
  /** Multipart uploads by ID, and objects by key. */
  uploads: new Map<string, StoredUpload>(),
  objects: new Map<string, { size: number; etag: string; checksum: string | undefined }>(),
  /** The store's CORS rule hides ETags. */
  hidesETags: false,
};

/** How many requests of an operation there were: its method and what its query has in it. */
export function asked(method: string, query = ""): number {
  return store.requests.filter((request) => request.method === method && request.url.includes(query)).length;
}

const headers = (etag: string, checksum?: string): string =>
  (store.hidesETags ? "" : `etag: ${etag}\r\n`) + (checksum ? `x-amz-checksum-crc64nvme: ${checksum}\r\n` : "");
const refuse = (status: number, code: string): StoreAnswer => ({ status, body: `<Error><Code>${code}</Code></Error>` });

/** What S3 answers. Bodies are not compared with their checksums: a Go test does that. */
async function success(request: StoreRequest): Promise<StoreAnswer> {
  const url = new URL(request.url);
  const key = decodeURIComponent(url.pathname.slice(1));
  const id = url.searchParams.get("uploadId");
  const body = new Uint8Array((await request.body?.arrayBuffer()) ?? new ArrayBuffer(0));
  const etag = `"${createHash("md5").update(body).digest("hex")}"`;
  const checksum = request.headers.get("x-amz-checksum-crc64nvme");
  if (id !== null) return ofUpload(request, url, id, { size: body.length, etag, checksum }, new TextDecoder().decode(body));
  if (url.searchParams.has("uploads")) return request.method === "GET" ? listUploads() : create(key, request);
  switch (request.method) {
    case "PUT":
      if (request.headers.get("if-none-match") === "*" && store.objects.has(key)) return refuse(412, "PreconditionFailed");
      store.objects.set(key, { size: body.length, etag, checksum });
      return { headers: headers(etag, checksum) };
    case "POST": {
      const form = new TextDecoder("latin1").decode(body);
      const named = /name="key"\r\n\r\n(.*?)\r\n/.exec(form)?.[1] ?? "";
      store.objects.set(named, { size: body.length, etag, checksum });
      return { status: 201, headers: headers(etag), body: `<PostResponse><Key>${named}</Key><ETag>${etag}</ETag></PostResponse>` };
    }
    case "HEAD": {
      const object = store.objects.get(key);
      if (!object) return { status: 404 };
      return { headers: `${headers(object.etag)}content-length: ${object.size}\r\n` };
    }
    default: return { status: 204 };
  }
}

function create(key: string, request: StoreRequest): StoreAnswer {
  const id = `U${store.uploads.size + 1}`;
  store.uploads.set(id, { key, parts: new Map(), checksum: request.headers.get("x-amz-checksum-algorithm") });
  return { body: `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>` };
}

/** Every upload began in the year 2000. */
function listUploads(): StoreAnswer {
  const uploads = [...store.uploads].map(([id, { key }]) =>
    `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>2000-01-01T00:00:00.000Z</Initiated></Upload>`);
  return { body: `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${uploads.join("")}</ListMultipartUploadsResult>` };
}

function ofUpload(request: StoreRequest, url: URL, id: string, part: Part, text: string): StoreAnswer {
  const upload = store.uploads.get(id);
  if (!upload) return refuse(404, "NoSuchUpload");
  switch (request.method) {
    case "PUT":
      upload.parts.set(Number(url.searchParams.get("partNumber")), part);
      return { headers: headers(part.etag, part.checksum) };
    case "GET": {
      const parts = [...upload.parts].sort(([a], [b]) => a - b).map(([number, { size, etag, checksum }]) =>
        `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag><Size>${size}</Size>${
          checksum ? `<ChecksumCRC64NVME>${checksum}</ChecksumCRC64NVME>` : ""}</Part>`);
      return { body: `<ListPartsResult><UploadId>${id}</UploadId><IsTruncated>false</IsTruncated>${parts.join("")}</ListPartsResult>` };
    }
    case "DELETE":
      store.uploads.delete(id);
      return { status: 204 };
    default: {
      const listed = [...text.matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map(([, number]) => Number(number));
      if (listed.some((number) => !upload.parts.has(number))) return refuse(400, "InvalidPart");
      if (request.headers.get("if-none-match") === "*" && store.objects.has(upload.key)) return refuse(412, "PreconditionFailed");
      store.uploads.delete(id);
      const size = listed.reduce((sum, number) => sum + (upload.parts.get(number)?.size ?? 0), 0);
      const checksum = request.headers.get("x-amz-checksum-crc64nvme");
      store.objects.set(upload.key, { size, etag: '"joined"', checksum });
      const echo = checksum ? `<ChecksumCRC64NVME>${checksum}</ChecksumCRC64NVME>` : "";
      return { body: `<CompleteMultipartUploadResult><ETag>"joined"</ETag>${echo}</CompleteMultipartUploadResult>` };
    }
  }
}

class FakeRequest {
  status = 0;
  response: ArrayBuffer = new ArrayBuffer(0);
  responseType = "";
  readonly upload: { onprogress?: (event: { loaded: number }) => void } = {};
  onload?: () => void;
  onloadend?: () => void;
  onabort?: () => void;
  onerror?: () => void;
  #headers = "";
  #ended = false;
  readonly #request: StoreRequest = { method: "", url: "", headers: new Map(), body: null, watched: false };

  open(method: string, url: string): void {
    Object.assign(this.#request, { method, url });
  }
  setRequestHeader(name: string, value: string): void {
    this.#request.headers.set(name, value);
  }
  getAllResponseHeaders(): string {
    return this.#headers;
  }
  abort(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.onabort?.();
    this.onloadend?.();
  }
  send(body: Blob | ArrayBuffer | null): void {
    this.#request.body = body instanceof ArrayBuffer ? new Blob([body]) : body;
    this.#request.watched = this.upload.onprogress !== undefined;
    store.requests.push(this.#request);
    setTimeout(() => void this.#answer(), 2);
  }
  async #answer(): Promise<void> {
    const told = store.answer(this.#request);
    if (this.#ended || told === "never") return;
    const answer = told === "cut" ? told : (told ?? await success(this.#request));
    if (this.#ended) return;
    this.#ended = true;
    if (answer === "cut") {
      this.onerror?.();
    } else {
      this.status = answer.status ?? 200;
      this.#headers = answer.headers ?? "";
      this.response = new TextEncoder().encode(answer.body ?? "").buffer as ArrayBuffer;
      this.upload.onprogress?.({ loaded: this.#request.body?.size ?? 0 });
      this.onload?.();
    }
    this.onloadend?.();
  }
}

/** What a page hears from its browser: dispatch "online" and "offline" here. */
export const page = new EventTarget();

const realFetch = globalThis.fetch;

Object.assign(globalThis, {
  XMLHttpRequest: FakeRequest,
  addEventListener: page.addEventListener.bind(page),
  // Nothing answers but the store, and what a test carries with it.
  fetch: (url: string | URL, init?: RequestInit) =>
    String(url).startsWith("data:") ? realFetch(url, init) : Promise.reject(new TypeError("no such host")),
});
Object.defineProperty(globalThis, "navigator", { value: { onLine: true } });

/** Workers in this thread, over a real line: messages are copied. They are there as long as a test wants them. */
export class FakeWorker {
  static started: FakeWorker[] = [];
  readonly #page: MessagePort;
  readonly #own: MessagePort;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  onmessageerror: (() => void) | null = null;
  /** What the page asked. */
  readonly asked: { kind: string }[] = [];

  constructor(source: string | URL) {
    const line = new MessageChannel();
    this.#page = line.port1;
    this.#own = line.port2;
    FakeWorker.started.push(this);
    if (String(source).includes("missing")) {
      setTimeout(() => this.onerror?.(new Event("error", { cancelable: true })));
      return;
    }
    this.#page.onmessage = (event) => this.onmessage?.(event);
    serve(this.#own as unknown as Port);
  }

  postMessage(message: { kind: string }): void {
    this.asked.push(message);
    this.#page.postMessage(message);
  }

  terminate(): void {
    this.#page.close();
    this.#own.close();
  }

  /** Breaks, as a worker does that runs out of memory. */
  crash(): void {
    this.onerror?.(new Event("error", { cancelable: true }));
  }
}

const wasm = new WebAssembly.Module(new Uint8Array(readFileSync(process.env["BUCKETLINE_ENGINE"] ?? "build/go/engine.wasm")));

/** Options for an uploader on the fake store, which forgets what it was told and what it stored. */
export function options(more: Partial<UploaderOptions> = {}): UploaderOptions {
  store.uploads.clear();
  store.objects.clear();
  store.hidesETags = false;
  return sameStore(more);
}

/**
 * Options for another uploader, as after a reload: the store still has what it stored. Without a vault, so that what a
 * test's end cleans up is signed at once, and comes into no other test: signing.test.ts has those with one.
 */
export function sameStore(more: Partial<UploaderOptions> = {}): UploaderOptions {
  store.requests = [];
  store.answer = () => undefined;
  return { bucket: "photos", region: "eu-west-1", wasm, worker: false, vault: false, journal: false, credentials: credentials(), ...more };
}

const open: Uploader[] = [];

/** An uploader that ends with the test it is for. */
export function uploader(given: UploaderOptions): Uploader {
  const up = createUploader(given);
  open.push(up);
  return up;
}

afterEach(() => {
  store.answer = () => undefined;
  for (const up of open.splice(0)) up.close();
});

export function credentials(seconds = 3600): Credentials {
  return { accessKey: "AKID", secretKey: "secret", sessionToken: "token", expiration: new Date(Date.now() + 1000 * seconds) };
}

export const later = (millis = 30): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis));

/** Waits until something holds; fails after ten seconds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 10_000; !holds(); ) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await later(5);
  }
}

/** A file of so many bytes, each other than its neighbours. */
export function fileOf(name: string, size: number, seed = 1): File {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8) * seed) & 0xff;
  return new File([bytes], name, { lastModified: 1_700_000_000_000 });
}

/** One file on its way: from the moment it may start until its end, through pauses and further attempts. */
import type { Facts } from "../core/error.js";
import type { Field } from "../core/frame.js";
import { maxConnections as mostAtOnce, maxSinglePut } from "../core/protocol.js";
import type { Hub } from "./hub.js";
import { strangerFrame } from "./keys.js";
import { Lane, type End, type LaneHost, type Piece } from "./lane.js";
import type { Dictionary } from "./objects.js";
import { isObject, isString } from "./objects.js";
import { fieldsOf, objectOf, type Stored } from "./params.js";
import { fingerprint } from "./print.js";
import { placeOf, type Known, type Place } from "./placing.js";
import { base64, formFields, policyOf } from "./policy.js";
import { when } from "./promise.js";
import { find, recordName, UploadRecord, type Found } from "./resumable.js";
import { signPolicy, signRequest, type Signed, type SigningOptions } from "./signing.js";
import { endpointOf, hostOf } from "./target.js";

/** How an attempt has ended. */
export type Outcome =
  | { kind: "stored"; place: Place; xhr: XMLHttpRequest | undefined }
  | { kind: "failed"; reason: string; response: Dictionary; xhr: XMLHttpRequest | null | undefined }
  | { kind: "paused" };

export interface UploadHost {
  readonly hub: Hub;
  /** The uploader, which is this in a page's key function. */
  readonly self: unknown;
  /** How many connections the file may use, of so many that it can. */
  widen(id: number, most: number): number;
  /** It needs no more than so many any longer. */
  narrow(id: number, most: number): void;
  progress(id: number, loaded: number): void;
  partStored(id: number, about: PartData, response: Dictionary, xhr: XMLHttpRequest | undefined): void;
  ended(id: number, outcome: Outcome): void;
}

/** What a page is told of a part: from 0, the first byte counted from 1. */
export interface PartData {
  partIndex: number;
  startByte: number;
  endByte: number;
  totalParts: number;
}

export class Upload {
  readonly id: number;
  readonly file: Blob;
  readonly record: UploadRecord;
  customResumeData: unknown = undefined;
  readonly #host: UploadHost;
  readonly #recordName: string | undefined;
  #found: Found | undefined;
  #print = "";
  #known: Known = {};
  #lane: Lane | undefined;
  /** Counts attempts, so that what comes of an earlier one is recognised. */
  #attempt = 0;
  #signing = new Set<XMLHttpRequest>();
  #stored = 0;
  #stranger = false;
  #partSize: number | undefined;
  /** What the page had against a part, as a response. */
  #veto: Dictionary | undefined;

  constructor(host: UploadHost, id: number, file: Blob) {
    this.#host = host;
    this.id = id;
    this.file = file;
    const { hub } = host;
    const { resume } = hub.options;
    const { name } = hub.files.get(id);
    this.#recordName = resume.enabled && this.chunked
      ? recordName(name, file.size, this.partSize, hub.endpoints.get(id), resume.customKeys(id))
      : undefined;
    this.record = new UploadRecord(this.#recordName, () => this.#about(), (text) => hub.log(text, "warn"));
    if (this.#recordName) this.#lookUp(this.#recordName);
  }

  /** As the page says, which is asked once, when it is needed. */
  get partSize(): number {
    const { enabled, partSize } = this.#host.hub.options.chunking;
    if (this.#partSize === undefined) {
      const asked = enabled ? Number(typeof partSize === "function" ? partSize(this.id, this.file.size) : partSize) : 0;
      this.#partSize = Math.max(1, Math.min(Math.floor(asked) || 5 * 2 ** 20, maxSinglePut));
    }
    return this.#partSize;
  }

  /** It goes up in parts, if it goes up at all. */
  get chunked(): boolean {
    const { enabled, mandatory } = this.#host.hub.options.chunking;
    const { size } = this.file;
    // What is too large for a form goes in parts, asked for or not.
    return size >= maxSinglePut || (enabled && size > 0 && (mandatory || size > this.partSize));
  }

  /** An earlier page has sent some of it: its key and UUID are taken over. */
  #lookUp(recordName: string): void {
    const { files } = this.#host.hub;
    const found = find(recordName);
    if (!found || files.byUuid(found.uuid)) return;
    this.#found = found;
    this.#print = found.print;
    this.#known.key = found.key;
    this.customResumeData = found.customResumeData ?? undefined;
    this.record.adopt(found);
    files.setUuid(this.id, found.uuid);
  }

  get key(): string | undefined {
    return this.#known.key;
  }

  get bucket(): string | undefined {
    return this.#known.bucket;
  }

  #about(): ReturnType<ConstructorParameters<typeof UploadRecord>[1]> {
    const { originalName, size, uuid } = this.#host.hub.files.get(this.id);
    return { name: originalName, size, uuid, key: this.#known.key ?? "", print: this.#print, customResumeData: this.customResumeData };
  }

  /** Begins, or goes on where the last attempt ended: onUpload has been called and has nothing against it. */
  start(): void {
    const attempt = ++this.#attempt;
    placeOf(this.#host.hub, this.#host.self, this.id, this.#known, (place) => {
      if (attempt === this.#attempt) this.#resume(place, attempt);
    }, (reason) => {
      if (attempt === this.#attempt) this.#failed(reason, undefined);
    });
  }

  /** Asks the page whether to go on with what an earlier one has sent, if there is something. */
  #resume(place: Place, attempt: number): void {
    const found = this.#found;
    if (!found) {
      this.#launch(place);
      return;
    }
    this.#found = undefined;
    const { hub } = this.#host;
    const part = found.remaining[0] ?? 0;
    const start = part * this.partSize;
    const end = Math.min(start + this.partSize, this.file.size);
    const chunk = {
      part, start, end, count: Math.ceil(this.file.size / this.partSize), blob: this.file.slice(start, end), size: end - start,
    };
    const { name } = hub.files.get(this.id);
    if (hub.call("onResume", this.id, name, chunk, found.customResumeData ?? undefined) === false) {
      this.record.forget();
      this.#launch(place);
      return;
    }
    if (!found.print) {
      this.#launch(place);
      return;
    }
    const go = (print: string | undefined): void => {
      if (attempt !== this.#attempt) return;
      if (print !== found.print) {
        hub.log("The file is another one than was begun: it is sent from its beginning.", "warn");
        this.record.forget();
        this.#print = print ?? "";
      }
      this.#launch(place);
    };
    fingerprint(this.file).then(go, () => go(undefined));
  }

  #launch(place: Place): void {
    const { hub } = this.#host;
    if (!hub.keys.given && !hub.options.signature.endpoint) {
      this.#failed("There are neither credentials nor a signature endpoint.", undefined);
      return;
    }
    let lane = this.#lane;
    if (!lane || lane.over) {
      if (this.#recordName && !this.#print) {
        fingerprint(this.file).then((print) => (this.#print ||= print), () => undefined);
      }
      try {
        lane = this.#open(place);
      } catch (error) {
        this.#failed(error instanceof Error ? error.message : String(error), undefined);
        return;
      }
    }
    lane.go();
  }

  /** A lane to that place, which is the file's from now on. Throws when there is no engine to be had. */
  #open(place: Place): Lane {
    const { keys, options } = this.#host.hub;
    const lane = new Lane(this.#laneHost(place));
    this.#lane = lane;
    if (keys.given) keys.join(lane);
    else {
      this.#stranger = true;
      lane.tell(strangerFrame(options.request.accessKey));
    }
    return lane;
  }

  pause(): void {
    this.#attempt++;
    this.#abortSigning();
    this.#lane?.pause();
  }

  /** Ends it, and drops what of it is stored. */
  cancel(): void {
    this.#attempt++;
    this.#abortSigning();
    const kept = this.record.load();
    this.record.hide();
    if (this.#lane) this.#lane.cancel();
    else if (kept) this.#abandon(kept.record);
  }

  /** It rests, and no engine knows it any more: what the store has of it goes. */
  #abandon(record: Uint8Array): void {
    const { key, bucket, host } = this.#known;
    if (key === undefined || bucket === undefined || host === undefined) return;
    try {
      this.#open({ key, bucket, host }).abandon(record);
    } catch (error) {
      this.#host.hub.log(`Parts may be left in the store: ${String(error)}`, "warn");
    }
  }

  /** The page gives up what is kept for another try. */
  drop(): void {
    this.#lane = undefined;
    this.#known = {};
  }

  #abortSigning(): void {
    const all = [...this.#signing];
    this.#signing.clear();
    for (const xhr of all) xhr.abort();
  }

  #failed(reason: string, xhr: XMLHttpRequest | undefined, more: Dictionary = {}): void {
    this.#host.ended(this.id, { kind: "failed", reason, response: { success: false, error: reason, ...more }, xhr });
  }

  #laneHost(place: Place): LaneHost {
    const { hub } = this.#host;
    const host: LaneHost = {
      file: this.file,
      config: this.#config(place),
      get object() { return object(); },
      record: this.record,
      partSize: this.partSize,
      now: () => Date.now() + (Number(hub.options.request.clockDrift) || 0),
      announce: (piece, go, refuse) => this.#announce(piece, go, refuse),
      form: (lane, send, refuse) => this.#form(place, lane, send, refuse),
      payloads: Number(hub.options.signature.version) === 4,
      sign: hub.keys.given ? undefined : (text, done, refuse) => this.#sign(text, done, refuse),
      refresh: (lane) => {
        if (!this.#stranger) hub.keys.refresh(lane);
      },
      stored: (piece, etag, xhr) => this.#partStored(piece, etag, xhr),
      progress: (loaded) => this.#host.progress(this.id, loaded),
      ended: (end) => this.#ended(place, end),
      idle: (lane) => {
        hub.keys.leave(lane);
        lane.release();
        if (this.#lane === lane) this.#lane = undefined;
      },
      log: (text) => hub.log(text, "warn"),
    };
    const object = (): readonly Field[] => (this.chunked ? objectOf(this.#object(place)) : [["key", place.key]]);
    return host;
  }

  /** What the engine is opened with. */
  #config(place: Place): Field[] {
    const { hub } = this.#host;
    const { objectProperties, signature, chunking, maxConnections } = hub.options;
    const endpoint = endpointOf(hub.endpoints.get(this.id));
    const parts = Math.ceil(this.file.size / this.partSize);
    const wide = this.chunked && chunking.concurrent.enabled ? this.#host.widen(this.id, Math.min(parts, maxConnections, mostAtOnce)) : 1;
    const config: Field[] = [
      ["bucket", place.bucket], ["region", objectProperties.region], ["endpoint", endpoint], ["wholeEndpoint", "true"],
      ["signatureVersion", String(signature.version)], ["allowHTTP", "true"], ["connections", String(wide)],
      ["checksum", "none"], ["failFirst", "true"], ["smallParts", "true"], ["canRefresh", String(hub.keys.given)],
      ["multipartThreshold", String(this.chunked ? 1 : maxSinglePut)], ["formBelow", String(this.chunked ? 0 : maxSinglePut)],
      ["partSize", String(this.partSize)],
    ];
    if (place.host && place.host !== hostOf(endpoint)) config.push(["signedHost", place.host]);
    return config;
  }

  #object(place: Place): Stored {
    const { hub } = this.#host;
    const { objectProperties, request } = hub.options;
    return {
      key: place.key, contentType: this.file.type, acl: hub.acl.get(this.id),
      reducedRedundancy: objectProperties.reducedRedundancy, serverSideEncryption: objectProperties.serverSideEncryption,
      fields: fieldsOf(hub.params(this.id), String(request.filenameParam), hub.files.get(this.id).name),
    };
  }

  /** Makes and signs the form of a simple upload. */
  #form(place: Place, lane: Lane, send: (form: FormData, url: string) => void, refuse: (reason: string, xhr?: XMLHttpRequest) => void): void {
    const { hub } = this.#host;
    const version = hub.options.signature.version === 4 ? 4 : 2;
    const signing = lane.policyFields();
    if (!signing) {
      refuse("There are no credentials to sign the form with.");
      return;
    }
    const token = signing.find(([name]) => name === "x-amz-security-token")?.[1];
    const signer = { version, token, fields: signing.filter(([name]) => name !== "x-amz-security-token") };
    const stored = this.#object(place);
    const now = Date.now() + (Number(hub.options.request.clockDrift) || 0);
    const policy = policyOf(stored, place.bucket, signer, hub.options.validation, now);
    const dispatch = (encoded: string, signature: string): void => {
      const form = new FormData();
      for (const [name, value] of [...formFields(stored, token), ...signer.fields]) form.append(name, value);
      form.append("policy", encoded);
      form.append(version === 4 ? "x-amz-signature" : "signature", signature);
      form.append("file", this.file);
      send(form, endpointOf(hub.endpoints.get(this.id)));
    };
    if (!this.#stranger) {
      const encoded = base64(policy);
      dispatch(encoded, lane.signPolicy(encoded));
      return;
    }
    this.#asked(signPolicy(this.#signingOptions(), this.id, policy, (signed) => {
      if ("error" in signed) refuse(signed.error);
      else dispatch(signed.policy ?? "", signed.signature);
    }));
  }

  #sign(text: string, done: (signature: string) => void, refuse: (reason: string, xhr?: XMLHttpRequest) => void): void {
    this.#asked(signRequest(this.#signingOptions(), this.id, text, (signed: Signed) => {
      if ("error" in signed) refuse(signed.error);
      else done(signed.signature);
    }));
  }

  #asked(xhr: XMLHttpRequest): void {
    if (xhr.readyState === 4) return;
    this.#signing.add(xhr);
    xhr.addEventListener?.("loadend", () => this.#signing.delete(xhr));
  }

  #signingOptions(): SigningOptions {
    const { signature, cors } = this.#host.hub.options;
    return { endpoint: signature.endpoint ?? "", customHeaders: signature.customHeaders, version: signature.version, cors };
  }

  #announce(piece: Piece, go: () => void, refuse: (reason: unknown) => void): void {
    const { hub } = this.#host;
    const { name } = hub.files.get(this.id);
    when(hub.call("onUploadChunk", this.id, name, partData(piece)), go, (reason) => {
      hub.log("onUploadChunk has something against a part.", "warn");
      this.#veto = isObject(reason) ? reason : isString(reason) ? { error: String(reason) } : {};
      refuse(reason);
    });
  }

  #partStored(piece: Piece, etag: string, xhr: XMLHttpRequest | undefined): void {
    this.#stored++;
    this.record.stored(piece.part, piece.parts, etag, piece.length);
    this.#host.narrow(this.id, Math.max(piece.parts - this.#stored, 1));
    this.#host.partStored(this.id, partData(piece), { success: true }, xhr);
  }

  #ended(place: Place, end: End): void {
    switch (end.kind) {
      case "done":
        this.#host.ended(this.id, { kind: "stored", place, xhr: end.xhr });
        return;
      case "failed": {
        const { facts } = end;
        const veto = this.#veto;
        this.#veto = undefined;
        if (veto) {
          const reason = textIn(veto) ?? this.#host.hub.options.text.defaultResponseError;
          this.#host.ended(this.id, { kind: "failed", reason, response: { ...veto, success: false }, xhr: null });
          return;
        }
        const own = end.reason ?? this.#reasonOf(facts.code, facts.operation);
        const message = own ?? (facts.status ? facts.text : undefined);
        const more: Dictionary = {};
        if (!own && facts.status && facts.code !== "AnswerInvalid") more["code"] = facts.code;
        if (resets.includes(facts.code)) more["reset"] = true;
        if (this.#startsAnew(facts)) this.#restart();
        if (message) {
          this.#failed(message, end.xhr, more);
          return;
        }
        const reason = end.xhr ? `XHR returned response code ${end.xhr.status}` : (facts.text ?? this.#host.hub.options.text.defaultResponseError);
        this.#host.ended(this.id, { kind: "failed", reason, response: { success: false, ...more }, xhr: end.xhr });
        return;
      }
      case "paused": this.#host.ended(this.id, { kind: "paused" }); return;
      default:
    }
  }

  /** Nothing of it shall be kept for the next attempt. */
  #startsAnew({ code, operation, status }: Facts): boolean {
    const { resetOnStatus } = this.#host.hub.options.chunking.success;
    return resets.includes(code) || (operation === "CompleteMultipartUpload" && status !== undefined && resetOnStatus.includes(status));
  }

  #restart(): void {
    const kept = this.record.load();
    this.record.forget();
    this.#stored = 0;
    if (kept) this.#abandon(kept.record);
  }

  /** What is said of failures that the store knows nothing of. */
  #reasonOf(code: string, operation: string | undefined): string | undefined {
    switch (code) {
      case "CredentialsHeld": return this.record.exists ? "Problem signing the chunk!" : "Unable to sign request - expired credentials.";
      case "SourceUnreadable": case "SourceChanged": return "File is no longer available";
      case "KeyRefused": return operation ? "Problem signing the chunk!" : undefined;
      default: return undefined;
    }
  }
}

/** What the store says when an upload in parts has to begin anew. */
const resets = ["EntityTooSmall", "InvalidPart", "InvalidPartOrder", "NoSuchUpload"];

function partData({ part, parts, offset, length }: Piece): PartData {
  return { partIndex: part - 1, startByte: offset + 1, endByte: offset + length, totalParts: parts };
}

/** What a response says went wrong. */
export function textIn(response: Dictionary): string | undefined {
  const { error } = response;
  return typeof error === "string" && error ? error : undefined;
}

/** The part of a rejection that becomes a response: what the page gave as responseJSON, or an error's words. */
export function responseOf(reason: unknown): Dictionary {
  if (!isObject(reason) && !(reason instanceof Error)) return {};
  const { responseJSON } = reason as Dictionary;
  return isObject(responseJSON) ? responseJSON : {};
}

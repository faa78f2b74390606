/**
 * One file's engine, and the browser that does what it asks for. An engine of
 * its own, because each file may go to another place; synchronous from end to
 * end, because Fine Uploader's pages rely on that.
 *
 * It decides nothing: what is sent, and what an answer means, is the engine's
 * word. When a file is tried again is Fine Uploader's, so that the engine is
 * opened with failFirst.
 */
import { Alarm } from "../core/alarm.js";
import type { Facts } from "../core/error.js";
import { events } from "../core/events.js";
import { field, frame, type Field, type Frame } from "../core/frame.js";
import { startEngine, type Engine } from "../core/module.js";
import { engineModule } from "../core/packed.js";
import { Action, Event, factsOf, noFile, Query, refusal, stateOf } from "../core/protocol.js";
import { Cause, maxAnswerBytes } from "../core/transport.js";
import { Turns } from "../core/turns.js";
import type { Holder } from "./keys.js";
import { payloadHash } from "./print.js";
import { headersOf, sendBy, type Sending } from "./xhr.js";

/** A piece of the file that goes in one request: part from 1, or 0 for the whole. */
export interface Piece {
  part: number;
  parts: number;
  offset: number;
  length: number;
}

/** How a file's way has ended, for now. */
export type End =
  | { kind: "done"; xhr: XMLHttpRequest | undefined }
  | { kind: "failed"; facts: Facts; reason: string | undefined; xhr: XMLHttpRequest | undefined }
  | { kind: "paused" }
  | { kind: "cancelled" };

/** Where a file's record is while it is uploaded, and after. trusted: it was written by this very page. */
export interface RecordPlace {
  load(): { record: Uint8Array; trusted: boolean } | undefined;
  save(record: Uint8Array, uploadId: string): void;
  append(more: Uint8Array): void;
  forget(): void;
}

export interface LaneHost {
  readonly file: Blob;
  /** What the engine is opened with, and what the file is stored as. */
  readonly config: readonly Field[];
  readonly object: readonly Field[];
  readonly record: RecordPlace;
  /** The size of parts that was asked for. */
  readonly partSize: number;
  /** Milliseconds since 1970, corrected as the page says. */
  now(): number;
  /** The page may look at a part before it goes. */
  announce(piece: Piece, go: () => void, refuse: (reason: unknown) => void): void;
  /** Makes the form of a simple upload, signed. */
  form(lane: Lane, send: (form: FormData, url: string) => void, refuse: (reason: string, xhr?: XMLHttpRequest) => void): void;
  /** Signatures cover what is sent, of which the digest is computed first. */
  readonly payloads: boolean;
  /** Has text signed elsewhere; undefined: the engine signs. */
  readonly sign: ((text: string, done: (signature: string) => void, refuse: (reason: string, xhr?: XMLHttpRequest) => void) => void) | undefined;
  /** The engine wants credentials. */
  refresh(lane: Lane): void;
  stored(piece: Piece, etag: string, xhr: XMLHttpRequest | undefined): void;
  progress(loaded: number): void;
  ended(end: End): void;
  /** Nothing is under way any more of a file that rests, has ended or was dropped: the lane may be released. */
  idle(lane: Lane): void;
  log(text: string): void;
}

interface Flight extends Piece {
  readonly request: number;
  readonly operation: string;
  loaded: number;
  xhr: XMLHttpRequest | undefined;
  over: boolean;
}

/** A request but for its headers. */
type About = Omit<Sending, "ended" | "progress" | "headers">;

/** Fields of a request's frame that are no headers. */
const ownFields = ["method", "url", "operation", "formHead"];

const carriers = ["PostObject", "PutObject", "UploadPart"];

/** Engines that no file uses now: a browser has room for few memories of WebAssembly at once. */
const resting: Engine[] = [];

export class Lane implements Holder {
  readonly #host: LaneHost;
  readonly #engine: Engine;
  readonly #flights = new Map<number, Flight>();
  readonly #pieces = new Map<number, Flight & { xhr: XMLHttpRequest | undefined }>();
  #unusable: Facts | undefined;
  /** Bytes in parts that the store has. */
  #stored = 0;
  #last: XMLHttpRequest | undefined;
  #reason: { text: string; xhr: XMLHttpRequest | undefined } | undefined;
  #state: "new" | "going" | "paused" | "failed" | "over" | "released" = "new";
  /** How deep tell is in itself: what it does the page may do something about. */
  #depth = 0;
  #wake: number | undefined;
  #held = false;
  #denied = false;
  #cancelled = false;
  /** The part that was announced before the upload was begun. */
  #early = 0;

  readonly #turns = new Turns({
    act: (action) => this.#act(action),
    refused: (event, why) => this.#refused(event, why),
    progressed: () => undefined,
    wake: (at) => {
      this.#wake = at;
      this.#alarm.set(at);
    },
    broke: (why) => this.#fail(why),
    wall: () => this.#host.now(),
  });
  readonly #alarm = new Alarm(() => this.tell(events.plain("tick")), () => undefined);

  constructor(host: LaneHost) {
    this.#host = host;
    const engine = resting.pop() ?? startEngine(engineModule());
    this.#engine = engine;
    const refused = engine.open(frame(0, { fields: host.config }));
    this.#unusable = refused && refusal(refused);
    if (this.#unusable) return;
    this.#turns.begin(engine, []);
  }

  /** It has come to its end: another attempt needs another engine. */
  get over(): boolean {
    return this.#state === "over" || this.#state === "released";
  }

  /** Gives the engine to another file. Nothing is done any more. */
  release(): void {
    if (this.#state === "released") return;
    this.#state = "released";
    this.#turns.break({ code: "EngineStopped" });
    resting.push(this.#engine);
  }

  /** Begins, or goes on after a pause or a failure. */
  go(): void {
    const before = this.#state;
    this.#state = "going";
    this.#reason = undefined;
    this.#denied = false;
    if (this.#unusable) {
      this.#fail(this.#unusable);
      this.#maybeIdle();
      return;
    }
    if (before === "new") {
      this.#turns.add(this.#host.file.size, "normal");
      this.#turns.turn();
      return;
    }
    this.tell(events.of(before === "failed" ? "retry" : "resume", 0));
    if (this.#held) this.#host.refresh(this);
  }

  pause(): void {
    this.tell(events.of("pause", 0));
  }

  cancel(): void {
    if (this.#state === "released") return;
    this.#state = "over";
    this.#cancelled = true;
    this.tell(events.of("cancel", 0));
  }

  /** Has the upload aborted that record describes; the lane is for nothing else then. */
  abandon(record: Uint8Array): void {
    this.#state = "over";
    this.#cancelled = true;
    this.tell(events.abandon("", record));
  }

  /** Tells the engine, and does at once what it then asks for. */
  tell(event: Frame): void {
    this.#depth++;
    this.#turns.push(event);
    this.#turns.turn();
    this.#depth--;
    this.#maybeIdle();
  }

  deny(): void {
    if (this.#state !== "going" || !this.#held) return; // the present ones may still serve
    this.#denied = true;
    this.pause();
  }

  /** The fields that say who signs a form now; undefined when nobody can. */
  policyFields(): readonly Field[] | undefined {
    const answer = this.#turns.ask(frame(Query.policyFields, { y: this.#host.now() }));
    return answer && !refusal(answer) ? answer.fields : undefined;
  }

  /** The signature of a policy in base64. */
  signPolicy(policy: string): string {
    const answer = this.#turns.ask(frame(Query.signPolicy, { y: this.#host.now(), body: new TextEncoder().encode(policy) }));
    return (answer && field(answer, "signature")) ?? "";
  }

  #act(action: Frame): void {
    const { kind } = action;
    switch (kind) {
      case Action.describe: this.#describe(); return;
      case Action.send: this.#send(action); return;
      case Action.breakOff: this.#breakOff(action.request); return;
      case Action.refresh: this.#host.refresh(this); return;
      case Action.load: {
        const found = this.#host.record.load();
        this.tell(frame(Event.loaded, { file: action.file, b: found?.trusted ? 1 : 0, body: found?.record }));
        return;
      }
      case Action.save: {
        const record = action.body ?? new Uint8Array();
        const known = this.#turns.ask(frame(Query.record, { body: record }));
        this.#host.record.save(record, (known && field(known, "uploadId")) ?? "");
        this.tell(events.saved(action.file));
        return;
      }
      case Action.append:
        this.#host.record.append(action.body ?? new Uint8Array());
        this.tell(events.saved(action.file));
        return;
      case Action.forget:
        this.#host.record.forget();
        if (action.file !== noFile) this.tell(events.saved(action.file));
        return;
      case Action.noteState: this.#moved(action); return;
      case Action.notePart: this.#partStored(action); return;
      case Action.noteResumed: this.#stored = action.x; return;
      case Action.noteHold: this.#held = true; return;
      case Action.noteRelease: this.#held = false; return;
      case Action.noteOrphan: case Action.noteWarning: this.#host.log(`${factsOf(action).code} ${factsOf(action).text ?? ""}`); return;
      default:
    }
  }

  #describe(): void {
    const { file, object } = this.#host;
    this.#stored = 0;
    this.#pieces.clear();
    this.tell(events.described(0, object, { name: "file", size: file.size, modified: 0, print: "" }, "fail"));
  }

  #refused(event: Frame | undefined, why: Facts): void {
    if (event?.kind === Event.described) {
      this.#reason = { text: why.text ?? why.code, xhr: undefined };
      this.tell(events.undescribed(0, Cause.refused));
    } else if (event?.kind !== Event.credentials || why.code !== "CredentialsExpired") {
      this.#host.log(`The engine refused: ${why.code} ${why.text ?? ""}`);
    }
    if (event?.kind === Event.answered) this.tell(events.broke(event.request, Cause.answerTooLarge));
  }

  #moved(action: Frame): void {
    const state = stateOf(action.a);
    if (this.#state === "over") return;
    switch (state) {
      case "done":
        this.#state = "over";
        this.#host.ended({ kind: "done", xhr: this.#last });
        return;
      case "failed": this.#fail(factsOf(action)); return;
      case "paused":
        if (this.#state !== "going") return;
        this.#state = "paused";
        if (!this.#denied) this.#host.ended({ kind: "paused" });
        else {
          this.#last = undefined; // the request that waits was not sent
          this.#tellFailed({ code: "CredentialsHeld" });
        }
        return;
      default:
    }
  }

  #fail(facts: Facts): void {
    if (this.#state !== "going") return;
    this.#state = "failed";
    this.#tellFailed(facts);
  }

  #tellFailed(facts: Facts): void {
    const { text, xhr } = this.#reason ?? { text: undefined, xhr: this.#last };
    this.#host.ended({ kind: "failed", facts, reason: text, xhr });
  }

  #partStored(action: Frame): void {
    const piece = this.#pieces.get(action.b);
    if (!piece) return;
    this.#pieces.delete(action.b);
    this.#stored += piece.length;
    this.#host.stored(piece, field(action, "etag") ?? "", piece.xhr);
  }

  #send(action: Frame): void {
    const operation = field(action, "operation") ?? "";
    const { request, b: part, x: offset, y: length } = action;
    const parts = this.#turns.ask(frame(Query.file, { file: 0 }))?.b ?? 0;
    const flight: Flight = { request, operation, part, parts, offset, length, loaded: 0, xhr: undefined, over: false };
    this.#flights.set(request, flight);
    const go = (): void => {
      if (!flight.over) this.#carry(action, flight);
    };
    const piece = this.#announced(flight);
    if (!piece) {
      go();
      return;
    }
    this.#host.announce(piece, go, () => this.#end(flight, events.broke(request, Cause.refused)));
  }

  /** The part to announce now: the one that goes, and the first before its upload is begun. */
  #announced(flight: Flight): Piece | undefined {
    const { size } = this.#host.file;
    if (flight.operation === "CreateMultipartUpload") {
      this.#early = 1;
      const { parts } = flight;
      const asked = this.#host.partSize;
      const mebibyte = 1 << 20; // the engine raises the size of parts to whole ones
      const length = Math.ceil(size / asked) === parts ? asked : Math.ceil(size / parts / mebibyte) * mebibyte;
      return { part: 1, parts, offset: 0, length: Math.min(length, size) };
    }
    if (flight.operation !== "UploadPart") return undefined;
    const early = this.#early === flight.part;
    this.#early = 0;
    return early ? undefined : flight;
  }

  #breakOff(request: number): void {
    const flight = this.#flights.get(request);
    if (!flight) return;
    const { xhr } = flight;
    this.#end(flight, events.broke(request, Cause.brokenOff));
    xhr?.abort();
  }

  /** A request has ended; what comes of it later is not listened to. */
  #end(flight: Flight, told: Frame): void {
    if (flight.over) return;
    flight.over = true;
    this.#flights.delete(flight.request);
    this.tell(told);
  }

  /** Tells that the engine is not needed any more, once that is so. What was dropped has still to be cleaned up. */
  #maybeIdle(): void {
    if (this.#depth > 0 || this.#flights.size > 0 || !["paused", "failed", "over"].includes(this.#state)) return;
    if (this.#cancelled && (this.#held || this.#wake !== undefined)) return;
    this.#host.idle(this);
  }

  #carry(action: Frame, flight: Flight): void {
    const refuse = (text: string, xhr?: XMLHttpRequest): void => {
      if (flight.operation === "ListParts") {
        // Servers written for Fine Uploader know no such request: the engine then believes its record.
        this.#host.log(`The parts that the store has cannot be listed: ${text}`);
        this.#end(flight, events.broke(flight.request, Cause.opaque));
        return;
      }
      this.#reason = { text, xhr };
      this.#end(flight, events.broke(flight.request, Cause.refused));
    };
    if (flight.operation === "PostObject") {
      const xhr = requestOf(flight);
      this.#host.form(this, (body, url) => {
        if (!flight.over) this.#dispatch(xhr, flight, { method: "POST", url, headers: [], body });
      }, refuse);
      return;
    }
    const { file } = this.#host;
    const { offset, length } = flight;
    const ofFile = flight.operation === "UploadPart" || flight.operation === "PutObject";
    const body = ofFile ? file.slice(offset, offset + length) : action.body ? new TextDecoder().decode(action.body) : null;
    const about: About = { method: field(action, "method") ?? "PUT", url: (field(action, "url") ?? "").replace(/\?uploads=$/, "?uploads"), body };
    const headers = action.fields.filter(([name]) => !ownFields.includes(name));
    if (!ofFile) {
      this.#sign(flight, about, headers, refuse);
      return;
    }
    requestOf(flight); // pages see that it is made before it is signed
    if (!this.#host.payloads || !(about.body instanceof Blob)) {
      this.#sign(flight, about, this.#signedAgain(flight, "") ?? headers, refuse);
      return;
    }
    payloadHash(about.body).then((hash) => {
      if (!flight.over) this.#sign(flight, about, this.#signedAgain(flight, hash) ?? headers, refuse);
    }, () => this.#end(flight, events.broke(flight.request, Cause.sourceUnreadable)));
  }

  /** The headers of a request that has waited since it was signed, with the digest of its body. */
  #signedAgain(flight: Flight, hash: string): readonly Field[] | undefined {
    const fields: Field[] = hash ? [["payloadHash", hash]] : [];
    const answer = this.#turns.ask(frame(Query.signAgain, { request: flight.request, y: this.#host.now(), fields }));
    return answer && !refusal(answer) ? answer.fields : undefined;
  }

  /** Sends what the engine has signed, or what somebody else signs now. */
  #sign(flight: Flight, about: About, headers: readonly Field[], refuse: (text: string, xhr?: XMLHttpRequest) => void): void {
    const { sign } = this.#host;
    if (!sign) {
      this.#dispatch(requestOf(flight), flight, { ...about, headers: headers.map(tightened) });
      return;
    }
    const unsigned = this.#turns.ask(frame(Query.unsigned, { request: flight.request }))?.body;
    sign(new TextDecoder().decode(unsigned), (signature) => {
      if (!flight.over) this.#dispatch(requestOf(flight), flight, { ...about, headers: headers.map((header) => signedBy(signature, tightened(header))) });
    }, refuse);
  }

  #dispatch(xhr: XMLHttpRequest, flight: Flight, about: Omit<Sending, "ended" | "progress">): void {
    const { request, length } = flight;
    const carries = carriers.includes(flight.operation);
    const progress = (loaded: number, total: number): void => {
      if (flight.over) return;
      const overhead = Math.max(total - length, 0); // a form's own fields
      flight.loaded = Math.min(Math.max(loaded - overhead, 0), length);
      this.#turns.sent(request, flight.loaded);
      this.#tellProgress();
    };
    try {
      sendBy(xhr, {
        ...about,
        ...(carries ? { progress } : {}),
        ended: () => this.#answered(xhr, flight),
      });
    } catch (error) {
      this.#reason = { text: error instanceof Error ? error.message : String(error), xhr };
      this.#end(flight, events.broke(request, Cause.refused));
    }
  }

  #answered(xhr: XMLHttpRequest, flight: Flight): void {
    if (flight.over) return;
    const { request, part } = flight;
    this.#last = xhr;
    if (flight.operation === "UploadPart") this.#pieces.set(part, flight);
    if (xhr.status === 0) {
      this.#end(flight, events.broke(request, Cause.opaque));
      return;
    }
    const body = new TextEncoder().encode(xhr.responseText);
    if (body.length > maxAnswerBytes) {
      this.#end(flight, events.broke(request, Cause.answerTooLarge));
      return;
    }
    this.#end(flight, events.answered(request, { kind: "answered", status: xhr.status, headers: headersOf(xhr), body }));
  }

  #tellProgress(): void {
    let loaded = this.#stored;
    for (const flight of this.#flights.values()) if (carriers.includes(flight.operation)) loaded += flight.loaded;
    this.#host.progress(loaded);
  }
}

/** The request of a flight, which is made when it is first wanted. */
function requestOf(flight: Flight): XMLHttpRequest {
  return (flight.xhr ??= new XMLHttpRequest());
}

/** Fine Uploader's Authorization has no spaces after its commas, on which programs rely. */
function tightened([name, value]: Field): Field {
  return name.toLowerCase() === "authorization" ? [name, value.replace(/, /g, ",")] : [name, value];
}

function signedBy(signature: string, [name, value]: Field): Field {
  if (name.toLowerCase() !== "authorization") return [name, value];
  return [name, value.startsWith("AWS4-") ? value.replace(/Signature=.*$/, `Signature=${signature}`) : value.replace(/:[^:]*$/, `:${signature}`)];
}

/**
 * One uploader: it turns what the page does into engine events, carries out
 * the engine's actions, and tells the page what happened. It decides nothing:
 * what is sent, when, and what an answer means, is the engine's word.
 */
import type {
  Cell, Credentials, FileInfo, HoldReason, Totals, UploadOptions, UploadTask, Uploader, UploaderEvent, UploaderOptions,
} from "./api.js";
import { BucketlineError, type Facts } from "./error.js";
import { field, frame, int64, int64s, type Frame } from "./frame.js";
import { loadEngine, type Engine } from "./module.js";
import { check, toFields, type Shape } from "./options.js";
import { Action, cellStates, defaultModule, Event, Query, reasonOf, refusal, stateOf, states } from "./protocol.js";
import { describe } from "./describe.js";
import { Task } from "./task.js";
import { carry, Cause, type Outcome } from "./transport.js";

export const uploaderShape: Shape = {
  bucket: "text", region: "text", endpoint: "text", profile: "text", sendTo: "text", expectedBucketOwner: "text",
  pathStyle: "boolean", dualStack: "boolean", accelerate: "boolean", allowHTTP: "boolean",
  connections: "count", partSize: "count", multipartThreshold: "count",
  credentials: "other", credentialsExpired: "function", signature: "other", wasm: "other",
};

/** Options that are text for this side alone. */
const ownShape: Shape = { ...uploaderShape, prefix: "text" };

const credentialsShape: Shape = { accessKey: "text", secretKey: "text", sessionToken: "text", expiration: "time" };

/** How often bytes sent are reported to the engine, in milliseconds. */
const progressMillis = 50;

/** Files told to the engine by one event. */
const maxAdded = 1 << 14;

/** Makes an uploader. Throws a TypeError for options that cannot be meant. */
export function createUploader(options: UploaderOptions): Uploader {
  return new Session(options);
}

class Session implements Uploader {
  readonly ready: Promise<void>;
  readonly #options: UploaderOptions;
  readonly #tasks: Task[] = [];
  readonly #uploads: UploadOptions[] = []; // by task; not on the task, where a customer key would be in sight
  readonly #listeners = new Set<(event: UploaderEvent) => void>();
  readonly #requests = new Map<number, { task: Task; abort: AbortController; operation: string; part: number }>();
  readonly #sent = new Map<number, number>();

  #engine: Engine | undefined;
  #broken: Facts | undefined; // why there will be no engine
  #early: Frame | undefined; // credentials for the engine that is being loaded
  #added: number[] = []; // sizes of files that the engine does not know yet
  #events: Frame[] = [];
  #actions: Frame[] = [];
  #acting = false;
  #scheduled = false;
  #progressTimer: ReturnType<typeof setTimeout> | undefined;
  #refresh: AbortController | undefined;
  #refreshError: unknown;
  #closed = false;

  constructor(options: UploaderOptions) {
    check("createUploader", options, ownShape);
    if (!options.bucket) throw new TypeError('createUploader: option "bucket" is missing');
    const version = options.signature?.version ?? 4;
    if (options.signature) check("createUploader: signature", options.signature, { version: "size" });
    if (version !== 2 && version !== 4) throw new TypeError('createUploader: option "signature.version" must be 4 or 2');
    this.#options = { ...options };
    const fields = toFields(this.#options as unknown as Record<string, unknown>, uploaderShape);
    fields.push(["signatureVersion", String(version)], ["canRefresh", String(!!options.credentialsExpired)]);
    if (options.credentials) this.#early = credentialsFrame("createUploader: credentials", options.credentials);
    this.ready = this.#open(frame(0, { fields })).then(() => {
      if (this.#broken) throw new BucketlineError("createUploader", this.#broken);
    });
    // Each upload says it too, so that nobody need watch this promise.
    this.ready.catch(() => undefined);
  }

  async #open(config: Frame): Promise<void> {
    try {
      const engine = await loadEngine(this.#options.wasm ?? defaultModule());
      const refused = engine.open(config);
      const why = refused && refusal(refused);
      if (why) {
        this.#break(why);
        return;
      }
      this.#engine = engine;
    } catch (cause) {
      this.#break({ code: "EngineUnavailable", text: String(cause) });
      return;
    }
    this.#setEarly();
    this.#turn();
  }

  /**
   * The credentials of the start, before anything else that happened since.
   * Ones that are refused leave a hold, which any others release.
   */
  #setEarly(): void {
    const early = this.#early;
    this.#early = undefined;
    if (!early || !this.#engine) return;
    const { actions, refused } = this.#engine.step(this.#now(), [early]);
    this.#queue(actions);
    const why = refused.get(0) && refusal(refused.get(0) ?? early);
    if (!why) return;
    this.#refreshError = new BucketlineError("createUploader: credentials", why);
    if (!this.#options.credentialsExpired) this.#held("absent");
  }

  /** There is no engine, or no longer one: everything that is not done fails. */
  #break(why: Facts): void {
    this.#broken = why;
    for (const { abort } of this.#requests.values()) abort.abort();
    for (const task of this.#tasks) this.#refuse(task, why);
  }

  upload(file: File | Blob, options: UploadOptions = {}): UploadTask {
    if (!(file instanceof Blob)) throw new TypeError("upload: expected a File or a Blob");
    if (this.#closed) throw new TypeError("upload: this uploader is closed");
    describe.check(file, options);
    const task = new Task(this.#host, this.#tasks.length, file, options.signal);
    this.#tasks.push(task);
    this.#uploads.push(describe.copy(options));
    this.#added.push(file.size);
    this.#tell({ type: "added", task });
    if (this.#broken) this.#refuse(task, this.#broken);
    if (options.signal?.aborted) task.cancel(options.signal.reason);
    this.#schedule();
    return task;
  }

  readonly #host = {
    info: (id: number): FileInfo => this.#info(id),
    cells: (id: number, max: number): Cell[] => this.#cells(id, max),
    cancel: (id: number): void => this.#cancel(id),
  };

  setCredentials(credentials: Credentials): void {
    const next = credentialsFrame("setCredentials", credentials);
    if (!this.#engine) {
      this.#early = next;
      return;
    }
    if (this.#broken) throw new BucketlineError("setCredentials", this.#broken);
    const refused = this.#step(next);
    if (refused) throw new BucketlineError("setCredentials", refused);
    this.#refresh?.abort();
    this.#refresh = undefined;
    this.#actions = this.#actions.filter(({ kind }) => kind !== Action.refresh);
    this.#refreshError = undefined;
    this.#tell({ type: "credentials", expiration: new Date(credentials.expiration) });
    this.#act();
  }

  expireCredentials(): void {
    this.#events.push(frame(Event.expire));
    this.#schedule();
  }

  credentialsLife(): { remaining: number; total: number } | undefined {
    const life = this.#ask(frame(Query.life, { y: Date.now() }));
    return life && life.y > 0 ? { remaining: life.x, total: life.y } : undefined;
  }

  tasks(): readonly UploadTask[] {
    return this.#tasks;
  }

  totals(): Totals {
    const known = this.#ask(frame(Query.totals));
    const files = Object.fromEntries(states.map((s, i) => [s, int64(known?.body, 3 + i)])) as Totals["files"];
    if (this.#broken) for (const { state } of this.#tasks) files[state]++;
    else files.queued += this.#added.length;
    return {
      files,
      size: (known?.x ?? 0) + this.#added.reduce((all, size) => all + size, 0),
      inFlight: known?.y ?? 0,
      sent: int64(known?.body, 0),
      acknowledged: int64(known?.body, 1),
      stored: int64(known?.body, 2),
      held: reasonOf(known?.a ?? 0),
    };
  }

  objectURL(key: string): string {
    const answer = this.#ask(frame(Query.objectURL, { fields: [["key", key]] }));
    if (!answer) throw new BucketlineError("objectURL", this.#broken ?? { code: "NotReady" });
    return field(answer, "url") ?? "";
  }

  presignedURL(key: string, seconds: number): string {
    if (!Number.isSafeInteger(seconds)) throw new TypeError("presignedURL: seconds must be a whole number");
    const answer = this.#ask(frame(Query.presign, { x: seconds, y: Date.now(), fields: [["key", key]] }));
    const refused = answer ? refusal(answer) : (this.#broken ?? { code: "NotReady" });
    if (refused) throw new BucketlineError("presignedURL", refused);
    return (answer && field(answer, "url")) ?? "";
  }

  listen(listener: (event: UploaderEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    if (this.#refresh) {
      this.#refresh.abort();
      this.#refresh = undefined;
      this.#events.push(frame(Event.refreshFailed));
      this.#schedule();
    }
    for (const task of this.#tasks) task.cancel();
  }

  #cancel(id: number): void {
    if (this.#broken) return;
    this.#events.push(frame(Event.cancel, { file: id }));
    this.#schedule();
  }

  #info(id: number): FileInfo {
    const size = this.#tasks[id]?.file.size ?? 0;
    const f = this.#ask(frame(Query.file, { file: id }));
    if (!f || f.kind === Action.refused) {
      const state = this.#tasks[id]?.state ?? "queued";
      return { state, size, sent: 0, acknowledged: 0, parts: 0, partsStored: 0, partsInFlight: 0 };
    }
    return {
      state: stateOf(f.a), size: f.x, sent: f.y, parts: f.b,
      acknowledged: int64(f.body, 0), partsStored: int64(f.body, 1), partsInFlight: int64(f.body, 2),
    };
  }

  #cells(id: number, max: number): Cell[] {
    const { body } = this.#ask(frame(Query.cells, { file: id, x: Math.floor(max) || 0 })) ?? {};
    const cells: Cell[] = [];
    for (let i = 0; body && i + 1 < body.length; i += 2) {
      cells.push({ state: cellStates[body[i] ?? 0] ?? "empty", filled: (body[i + 1] ?? 0) / 100 });
    }
    return cells;
  }

  #ask(query: Frame): Frame | undefined {
    return this.#broken ? undefined : this.#engine?.ask(query);
  }

  #now(): Frame {
    return frame(Event.now, { x: Math.round(performance.now()), y: Date.now() });
  }

  #queue(actions: readonly Frame[]): void {
    for (const action of actions) this.#actions.push(action);
  }

  /** Plans a turn for when the page's own script has finished, so that many calls make one turn. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    if (!this.#engine || this.#broken) return;
    this.#step();
    this.#act();
  }

  /** Gives the engine what has happened, last of all the event last; returns what is wrong with that. */
  #step(last?: Frame): Facts | undefined {
    if (!this.#engine || this.#broken) return this.#broken;
    const events: Frame[] = [];
    for (let i = 0; i < this.#added.length; i += maxAdded) {
      events.push(frame(Event.added, { body: int64s(this.#added.slice(i, i + maxAdded)) }));
    }
    for (const [request, bytes] of this.#sent) events.push(frame(Event.sent, { request, x: bytes }));
    for (const event of this.#events) events.push(event);
    if (last) events.push(last);
    const moved = this.#sent.size > 0;
    this.#added = [];
    this.#events = [];
    this.#sent.clear();
    try {
      const { actions, refused } = this.#engine.step(this.#now(), events);
      this.#queue(actions);
      const of = last && refused.get(events.length - 1);
      for (const [i, why] of refused) if (why !== of) this.#refused(events[i], why);
      if (moved) this.#progressed();
      return of && refusal(of);
    } catch (cause) {
      // The module has trapped, and with it all that it knew: nothing can go on.
      this.#break({ code: "EngineStopped", text: String(cause) });
      return this.#broken;
    }
  }

  /** The engine did not take an event. An answer that it cannot read ends its request all the same. */
  #refused(event: Frame | undefined, why: Frame): void {
    if (event?.kind === Event.answered) {
      this.#events.push(frame(Event.broke, { request: event.request, a: Cause.answerTooLarge }));
      this.#schedule();
      return;
    }
    reportError(new BucketlineError("the engine refused an event", refusal(why) ?? { code: "EngineRefused" }));
  }

  /** Carries out the actions in order, also those that come while it does so. */
  #act(): void {
    if (this.#acting) return;
    this.#acting = true;
    try {
      for (let action = this.#actions.shift(); action; action = this.#actions.shift()) this.#do(action);
    } finally {
      this.#acting = false;
    }
  }

  #do(action: Frame): void {
    const task = this.#tasks[action.file];
    switch (action.kind) {
      case Action.refresh: void this.#refreshCredentials(reasonOf(action.a) ?? "expired"); return;
      case Action.breakOff: this.#requests.get(action.request)?.abort.abort(); return;
      case Action.noteHold: this.#held(reasonOf(action.a) ?? "expired"); return;
      case Action.noteRelease: this.#tell({ type: "release" }); this.#tellHeld({ type: "release" }); return;
      default:
    }
    if (!task) return;
    switch (action.kind) {
      case Action.describe: void this.#describe(task); break;
      case Action.send: void this.#send(task, action); break;
      case Action.noteState: this.#moved(task, action); break;
      case Action.notePart: this.#partStored(task, action.b, field(action, "etag") ?? ""); break;
      case Action.noteOrphan:
        this.#tell({ type: "orphan", task, error: new BucketlineError(`abort "${task.name}"`, factsOf(action)) });
        break;
      default:
    }
  }

  async #describe(task: Task): Promise<void> {
    try {
      const fields = await describe.fields(task, this.#uploads[task.id] ?? {}, this.#options.prefix ?? "");
      if (task.ended) return;
      task.key = fields.find(([name]) => name === "key")?.[1];
      const refused = this.#step(frame(Event.described, { file: task.id, fields }));
      if (refused) this.#refuse(task, refused);
    } catch (cause) {
      if (task.ended) return;
      task.error = cause instanceof BucketlineError
        ? cause
        : new BucketlineError(`upload "${task.name}"`, { code: "KeyRefused", text: String(cause) }, { cause });
      this.#step(frame(Event.undescribed, { file: task.id, a: Cause.refused }));
    }
    this.#act();
  }

  async #send(task: Task, action: Frame): Promise<void> {
    const { request, b: part, x: offset, y: length } = action;
    const operation = field(action, "operation") ?? "";
    const abort = new AbortController();
    this.#requests.set(request, { task, abort, operation, part });
    const ofFile = !action.body && (length > 0 || operation === "PutObject");
    this.#tell({ type: "request", id: request, operation, task, part });
    const outcome = await carry({
      method: field(action, "method") ?? "PUT",
      url: field(action, "url") ?? "",
      headers: action.fields.filter(([name]) => name !== "method" && name !== "url" && name !== "operation"),
      body: action.body ?? (ofFile ? task.file.slice(offset, offset + length) : null),
      source: ofFile ? task.file : undefined,
      sent: (bytes) => this.#report(request, bytes),
    }, abort.signal).catch((cause: unknown): Outcome => {
      // The browser would not even take the request. Its words may quote the header, so they are not ours.
      if (!task.ended) task.error = new BucketlineError(`upload "${task.name}"`, { code: "HeaderInvalid", operation }, { cause });
      return { kind: "broke", cause: Cause.refused };
    });
    this.#requests.delete(request);
    this.#sent.delete(request);
    const answered = outcome.kind === "answered";
    this.#tell({ type: "response", id: request, operation, task, part, status: answered ? outcome.status : 0 });
    this.#events.push(answered
      ? frame(Event.answered, { request, b: outcome.status, fields: outcome.headers, body: outcome.body })
      : frame(Event.broke, { request, a: outcome.cause }));
    this.#schedule();
  }

  /** Bytes sent, kept until the next turn, since some browsers report every 8 KiB. */
  #report(request: number, bytes: number): void {
    this.#sent.set(request, bytes);
    this.#progressTimer ??= setTimeout(() => {
      this.#progressTimer = undefined;
      this.#turn();
    }, progressMillis);
  }

  #progressed(): void {
    this.#tell({ type: "progress" });
    const watched = new Set<Task>();
    for (const { task } of this.#requests.values()) if (task.watched) watched.add(task);
    for (const task of watched) task.tell({ type: "progress", ...task.info() });
  }

  #moved(task: Task, action: Frame): void {
    task.state = stateOf(action.a);
    if (task.state === "done") {
      const key = task.key ?? "";
      const versionId = field(action, "versionId");
      task.result = {
        bucket: this.#options.bucket, key, etag: field(action, "etag") ?? "", size: task.file.size,
        location: this.objectURL(key), ...(versionId ? { versionId } : {}),
      };
    }
    if (task.state === "failed") task.error ??= new BucketlineError(`upload "${task.name}"`, factsOf(action));
    if (task.state === "done" && task.watched) task.tell({ type: "progress", ...task.info() });
    task.tell({ type: "state", state: task.state });
    if (task.state === "done" || task.state === "failed" || task.state === "cancelled") task.end();
    this.#tell({ type: "state", task, state: task.state });
  }

  #partStored(task: Task, part: number, etag: string): void {
    task.tell({ type: "part", part, etag });
    if (task.watched) task.tell({ type: "progress", ...task.info() });
    this.#tell({ type: "part", task, part, etag });
  }

  /** Ends a task that the engine will not take, or that there is no engine for. */
  #refuse(task: Task, why: Facts): void {
    if (task.ended) return;
    if (!this.#broken) {
      task.error = new BucketlineError(`upload "${task.name}"`, why);
      this.#step(frame(Event.undescribed, { file: task.id, a: Cause.refused }));
      this.#act();
      return;
    }
    task.state = task.dropped ? "cancelled" : "failed";
    if (!task.dropped) task.error = new BucketlineError(`upload "${task.name}"`, why);
    task.end();
    this.#tell({ type: "state", task, state: task.state });
  }

  #held(reason: HoldReason): void {
    const error = this.#refreshError === undefined ? {} : { error: this.#refreshError };
    this.#tell({ type: "hold", reason, ...error });
    this.#tellHeld({ type: "hold", reason, ...error });
  }

  #tellHeld(event: { type: "hold"; reason: HoldReason; error?: unknown } | { type: "release" }): void {
    for (const task of this.#tasks) if (task.watched) task.tell(event);
  }

  async #refreshCredentials(reason: HoldReason): Promise<void> {
    const handler = this.#options.credentialsExpired;
    if (!handler) return;
    const refresh = new AbortController();
    this.#refresh = refresh;
    if (!this.#closed) this.#tell({ type: "refresh", reason });
    if (refresh.signal.aborted) return;
    try {
      if (this.#closed) throw new DOMException("the uploader is closed", "AbortError");
      const credentials = await handler({ signal: refresh.signal, reason });
      if (!refresh.signal.aborted) this.setCredentials(credentials);
    } catch (error) {
      if (refresh.signal.aborted) return;
      this.#refreshError = error;
      this.#events.push(frame(Event.refreshFailed));
      this.#schedule();
    }
  }

  #tell(event: UploaderEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        // A listener's mistake is its own: report it as the browser reports any, and go on.
        reportError(error);
      }
    }
  }
}

function credentialsFrame(what: string, credentials: Credentials): Frame {
  check(what, credentials, credentialsShape);
  const { expiration } = credentials;
  if (expiration === undefined) {
    throw new TypeError(`${what}: option "expiration" is missing; give a Date or an ISO 8601 string with its time zone`);
  }
  return frame(Event.credentials, { fields: toFields({ ...credentials }, credentialsShape) });
}

function factsOf(action: Frame): Facts {
  return {
    code: field(action, "code") ?? "Unknown",
    status: action.x,
    part: action.b,
    operation: field(action, "operation"),
    requestId: field(action, "requestId"),
    text: field(action, "message"),
  };
}

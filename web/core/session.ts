/**
 * One uploader: it turns what the page does into engine events, carries out
 * the engine's actions, and tells the page what happened. It decides nothing:
 * what is sent, when, and what an answer means, is the engine's word.
 *
 * turns.ts takes turns with the engine; requests.ts sends and hashes bytes,
 * records.ts keeps the journal, refresh.ts asks for credentials, signing.ts
 * keeps their secret, notes.ts says what the engine tells people; config.ts and describe.ts read what a page gives.
 */
import type {
  Cell, Credentials, FileInfo, PreviousUpload, Priority, Swept, Totals, UploadOptions, UploadTask, Uploader, UploaderEvent,
  UploaderOptions,
} from "./api.js";
import { Alarm } from "./alarm.js";
import { checkOptions, configOf, providerOf, shareName } from "./config.js";
import { describe } from "./describe.js";
import { BucketlineError, type Facts } from "./error.js";
import { events } from "./events.js";
import { field, frame, int64, type Frame } from "./frame.js";
import { Hashing } from "./hashing.js";
import { loadEngine, type Engine } from "./module.js";
import { Notes } from "./notes.js";
import { check, type Shape } from "./options.js";
import { isOffline, watchPage } from "./pagewatch.js";
import {
  Action, cellStates, defaultModule, defaultWorker, Event, holdReasonOf, maxFiles, Query, refreshReasonOf, refusal, stateOf, states,
} from "./protocol.js";
import { Records } from "./records.js";
import { Refresh } from "./refresh.js";
import { Requests } from "./requests.js";
import { Signing, type Given } from "./signing.js";
import { openTabs, type SharedCredentials, type Tabs } from "./tabs.js";
import { Task } from "./task.js";
import { Cause } from "./transport.js";
import { Turns } from "./turns.js";

const sweepShape: Shape = { prefix: "text", olderThanMillis: "size" };

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

  #engine: Engine | undefined;
  #hashing: Hashing | undefined;
  #early: Given | undefined; // for the engine that is being loaded
  #closed = false;
  #unwatch: () => void;

  readonly #turns = new Turns({
    act: (action) => this.#act(action),
    refused: (event, why) => this.#refusedEvent(event, why),
    progressed: () => this.#notes.progressed(this.#requests.tasks()),
    wake: (at) => this.#alarm.set(at),
    broke: (why) => this.#broke(why),
  });

  readonly #alarm = new Alarm(
    () => this.#turns.push(events.plain("tick")),
    (millis, woken) => this.#hashing?.after(millis, woken),
  );

  readonly #signing: Signing;
  readonly #refresh: Refresh;
  readonly #tabs: Tabs | undefined;
  readonly #records: Records;
  readonly #requests: Requests;
  readonly #notes: Notes;

  constructor(options: UploaderOptions) {
    checkOptions(options);
    this.#signing = new Signing(options);
    const config = configOf(options, !!this.#signing.vault);
    const { credentials, ...others } = options;
    this.#options = typeof credentials === "function" ? { ...others, credentials } : others; // no secret
    if (credentials && typeof credentials !== "function") this.#beginWith("createUploader: credentials", credentials);
    const session = this; // the hosts read what changes
    const push = (event: Frame): void => this.#turns.push(event);
    this.#refresh = new Refresh({
      handler: providerOf(this.#options),
      get closed() { return session.#closed; },
      push,
      setCredentials: (credentials) => this.setCredentials(credentials),
      asking: (reason) => this.#tell({ type: "refresh", reason }),
      once: (reason, signal, ask) => this.#tabs?.once(reason, signal, ask) ?? ask(),
    });
    const name = shareName(options);
    this.#tabs = name === undefined ? undefined : openTabs(name, { adopt: (credentials) => this.#adopt(credentials) });
    this.#records = new Records({
      bucket: options.bucket,
      endpoint: options.endpoint ?? "",
      push,
      tell: (event) => this.#now(event),
      ask: (query) => this.#turns.ask(query),
      forgetful: (error) => this.#tell({ type: "warning", task: undefined, error }),
    }, options.journal ?? true);
    this.#requests = new Requests({
      get hashing() { return session.#hashing; },
      push,
      sent: (request, bytes) => this.#turns.sent(request, bytes),
      replaced: async (task) => !!this.#engine && (await describe.replaced(task, this.#engine.instance)),
      tell: (type, about, status) => this.#tell(type === "request" ? { type, ...about } : { type, ...about, status }),
      refused: (task, operation, cause) => {
        // The browser's words may quote the header, so they are not ours.
        if (!task.ended) task.error = new BucketlineError(`upload "${task.name}"`, { code: "HeaderInvalid", operation }, { cause });
      },
    });
    this.#notes = new Notes({
      bucket: options.bucket,
      tasks: this.#tasks,
      get refreshError() { return session.#refresh.error; },
      tell: (event) => this.#tell(event),
      objectURL: (key) => this.objectURL(key),
      setAside: (name) => this.#records.setAside(name),
      discarded: (uploadId, error) => this.#records.swept(uploadId, error),
      sweep: (event) => this.#now(event),
    });
    this.#unwatch = watchPage({
      offline: () => this.#network("offline"),
      online: () => this.#network("online"),
      shown: () => this.#shown(),
    });
    this.ready = this.#open(config).then(() => {
      const why = this.#turns.broken;
      if (why) throw new BucketlineError("createUploader", why);
    });
    // Each upload says it too, so that nobody need watch this promise.
    this.ready.catch(() => undefined);
  }

  async #open(config: Frame): Promise<void> {
    let engine: Engine;
    try {
      engine = await loadEngine(this.#options.wasm ?? defaultModule());
      const refused = engine.open(config);
      const why = refused && refusal(refused);
      if (why) {
        this.#turns.break(why);
        return;
      }
    } catch (cause) {
      this.#turns.break({ code: "EngineUnavailable", text: String(cause) });
      return;
    }
    this.#engine = engine;
    this.#hashing = new Hashing(engine.module, engine.instance, this.#options.worker ?? defaultWorker());
    const first = isOffline() ? [events.plain("offline")] : [];
    const early = this.#early;
    this.#early = undefined;
    if (early && !early.refused) first.unshift(early.event);
    this.#turns.begin(engine, first);
    if (early?.refused) this.#refusedEvent(early.event, early.refused);
    if (early && !this.#refresh.error) this.#tabs?.took(early.shared);
    if (this.#signing.lacksVault) {
      const error = new BucketlineError("createUploader", { code: "VaultUnavailable" });
      this.#tell({ type: "warning", task: undefined, error });
    }
  }

  /** Credentials for an engine that is not there yet: what signs with them can be made ready. */
  #beginWith(what: string, credentials: Credentials): void {
    this.#early = this.#signing.given(what, credentials);
    this.#signing.use(this.#early);
  }

  upload(file: File | Blob, options: UploadOptions = {}): UploadTask {
    if (!(file instanceof Blob)) throw new TypeError("upload: expected a File or a Blob");
    if (this.#closed) throw new TypeError("upload: this uploader is closed");
    if (this.#tasks.length === maxFiles) throw new RangeError(`upload: this uploader has had ${maxFiles} files; make another`);
    describe.check(file, options);
    const priority = options.priority ?? "normal";
    const task = new Task(this.#host, this.#tasks.length, file, priority, options.signal);
    this.#tasks.push(task);
    this.#uploads.push(describe.copy(options));
    this.#turns.add(task.size, priority);
    this.#tell({ type: "added", task });
    const why = this.#turns.broken;
    if (why) this.#notes.lose(task, why);
    if (options.signal?.aborted) task.cancel(options.signal.reason);
    return task;
  }

  readonly #host = ((session: Session) => ({
    get paused(): boolean { return session.#notes.paused; },
    info: (id: number): FileInfo => this.#info(id),
    cells: (id: number, max: number): Cell[] => this.#cells(id, max),
    want: (id: number, what: "cancel" | "pause" | "resume" | "retry"): void => {
      const task = this.#tasks[id];
      if (this.#turns.broken && task && what === "cancel") this.#notes.drop(task);
      this.#want(events.of(what, id));
    },
    prioritize: (id: number, priority: Priority): void => this.#want(events.prioritize(id, priority)),
    resolve: (id: number, choice: "skip" | "rename" | "replace"): void => this.#want(events.resolve(id, choice)),
  }))(this);

  /** Tells the engine what people want, if there is one. */
  #want(event: Frame): void {
    if (!this.#turns.broken) this.#turns.push(event);
  }

  setCredentials(credentials: Credentials): void {
    if (!this.#engine && !this.#turns.broken) {
      this.#beginWith("setCredentials", credentials);
      return;
    }
    const next = this.#signing.given("setCredentials", credentials);
    const refused = next.refused ?? this.#turns.tell(next.event);
    if (refused) throw new BucketlineError("setCredentials", refused);
    this.#signing.use(next);
    this.#tabs?.took(next.shared);
    this.#renewed({ type: "credentials", expiration: new Date(credentials.expiration) });
  }

  /** Takes what another tab got. */
  #adopt(credentials: SharedCredentials): boolean {
    if (!this.#turns.running || this.#closed) return false;
    try {
      const next = this.#signing.adopted(credentials);
      if (!next || next.refused || this.#turns.tell(next.event)) return false;
      this.#signing.use(next);
    } catch {
      return false;
    }
    this.#renewed({ type: "credentials", expiration: new Date(credentials.expiration), shared: true });
    return true;
  }

  /** The engine has new credentials: nobody need be asked for any. */
  #renewed(event: UploaderEvent): void {
    this.#refresh.over();
    this.#turns.drop(Action.refresh);
    this.#tell(event);
    this.#turns.act();
  }

  expireCredentials(): void {
    this.#tabs?.expire();
    this.#want(events.plain("expire"));
  }

  credentialsLife(): { remaining: number; total: number } | undefined {
    const life = this.#turns.ask(frame(Query.life, { y: Date.now() }));
    return life && life.y > 0 ? { remaining: life.x, total: life.y } : undefined;
  }

  tasks(): readonly UploadTask[] {
    return this.#tasks;
  }

  totals(): Totals {
    if (this.#turns.broken) return this.#notes.lastTotals();
    const known = this.#turns.ask(frame(Query.totals));
    const files = Object.fromEntries(states.map((s, i) => [s, int64(known?.body, 4 + i)])) as Totals["files"];
    const { pending } = this.#turns;
    files[this.#notes.paused ? "paused" : "queued"] += pending.files;
    return {
      files,
      size: (known?.x ?? 0) + pending.size,
      sent: int64(known?.body, 0),
      acknowledged: int64(known?.body, 1),
      stored: int64(known?.body, 2),
      resent: int64(known?.body, 3),
      inFlight: known?.y ?? 0,
      window: known?.b ?? 0,
      offline: known ? known.file === 1 : isOffline(),
      held: holdReasonOf(known?.a ?? 0),
    };
  }

  pauseAll(): void {
    this.#all("pause");
  }

  resumeAll(): void {
    this.#all("resume");
  }

  retryAll(): void {
    this.#all("retry");
  }

  cancelAll(): void {
    this.#all("cancel");
  }

  #all(action: "pause" | "resume" | "retry" | "cancel"): void {
    if (this.#turns.broken) return;
    this.#notes.expectAll(action);
    this.#turns.push(events.ofAll(`${action}All`));
  }

  async previous(): Promise<PreviousUpload[]> {
    await this.ready;
    return this.#records.previous();
  }

  async sweep(options: { prefix: string; olderThanMillis: number }): Promise<Swept[]> {
    check("sweep", options, sweepShape);
    const { prefix, olderThanMillis } = options;
    if (prefix === undefined || olderThanMillis === undefined) {
      throw new TypeError('sweep: needs both "prefix" and "olderThanMillis"');
    }
    await this.ready;
    const before = Date.now() - olderThanMillis;
    return this.#notes.sweep(async () => events.sweep(prefix, before, await this.#records.uploadIds()));
  }

  objectURL(key: string): string {
    const answer = this.#turns.ask(frame(Query.objectURL, { fields: [["key", key]] }));
    if (!answer) throw new BucketlineError("objectURL", this.#turns.broken ?? { code: "NotReady" });
    return field(answer, "url") ?? "";
  }

  async presignedURL(key: string, seconds: number): Promise<string> {
    const what = "presignedURL";
    if (!Number.isSafeInteger(seconds)) throw new TypeError(`${what}: seconds must be a whole number`);
    const ask = (query: Frame): Frame => {
      const answer = this.#turns.ask(query);
      const refused = answer ? refusal(answer) : (this.#turns.broken ?? { code: "NotReady" });
      if (!answer || refused) throw new BucketlineError(what, refused ?? { code: "NotReady" });
      return answer;
    };
    const { vault } = this.#signing;
    for (;;) {
      const draft = ask(frame(Query.presign, { x: seconds, y: Date.now(), fields: [["key", key]] }));
      const url = field(draft, "url") ?? "";
      const { body: text } = draft;
      if (!text || !vault) return url;
      const { changes } = vault;
      const body = await new Promise<Uint8Array | undefined>((done) => vault.sign({ scope: field(draft, "scope") ?? "", text }, done));
      if (vault.changes !== changes) continue; // other credentials came meanwhile
      return field(ask(frame(Query.finishPresign, { fields: [["url", url]], body })), "url") ?? "";
    }
  }

  listen(listener: (event: UploaderEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unwatch();
    this.#refresh.close();
    this.#tabs?.close();
    this.#hashing?.close();
    this.#signing.vault?.rest();
    for (const task of this.#tasks) if (!task.ended) task.dropped = true;
    this.cancelAll();
  }

  #info(id: number): FileInfo {
    const task = this.#tasks[id];
    const f = this.#turns.ask(frame(Query.file, { file: id }));
    if (!f || f.kind === Action.refused) {
      const size = task?.size ?? 0;
      return { state: task?.state ?? "queued", size, sent: 0, acknowledged: 0, parts: 0, partsStored: 0, partsInFlight: 0 };
    }
    return {
      state: stateOf(f.a), size: f.x, sent: f.y, parts: f.b,
      acknowledged: int64(f.body, 0), partsStored: int64(f.body, 1), partsInFlight: int64(f.body, 2),
    };
  }

  #cells(id: number, max: number): Cell[] {
    const { body } = this.#turns.ask(frame(Query.cells, { file: id, x: Math.floor(max) || 0 })) ?? {};
    const cells: Cell[] = [];
    for (let i = 0; body && i + 1 < body.length; i += 2) {
      cells.push({ state: cellStates[body[i] ?? 0] ?? "empty", filled: (body[i + 1] ?? 0) / 100 });
    }
    return cells;
  }

  #network(now: "offline" | "online"): void {
    this.#want(events.plain(now));
    this.#tell({ type: now });
  }

  /** Timers of a page that nobody sees come late: what is due is done as soon as somebody looks. */
  #shown(): void {
    this.#alarm.again();
    this.#want(events.plain("tick"));
  }

  /** Tells the engine event at once, and carries out what it asks for. */
  #now(event: Frame): Facts | undefined {
    const refused = this.#turns.tell(event);
    this.#turns.act();
    return refused;
  }

  #act(action: Frame): void {
    const task = this.#tasks[action.file];
    switch (action.kind) {
      case Action.describe: if (task) void this.#describe(task); return;
      case Action.send: void this.#requests.send(action, task); return;
      case Action.sign: this.#sign(action); return;
      case Action.hash: if (task) void this.#requests.hash(action, task); return;
      case Action.breakOff: this.#requests.breakOff(action.request); return;
      case Action.refresh: void this.#refresh.ask(refreshReasonOf(action.a) ?? "expired"); return;
      case Action.load: case Action.save: case Action.append: case Action.forget: case Action.unlock:
        void this.#records.do(action);
        return;
      default: this.#notes.take(action, task);
    }
  }

  #sign({ request, a: ahead, fields, body = new Uint8Array() }: Frame): void {
    const scope = fields[0]?.[1] ?? "";
    this.#signing.vault?.sign({ scope, text: body }, (mac) => this.#turns[ahead ? "later" : "push"](events.signed(request, mac)));
  }

  async #describe(task: Task): Promise<void> {
    const { id } = task;
    const options = this.#uploads[id] ?? {};
    let object;
    try {
      object = await describe.object(task, options, this.#options.prefix ?? "");
    } catch (cause) {
      if (task.ended) return;
      task.error = cause instanceof BucketlineError
        ? cause
        : new BucketlineError(`upload "${task.name}"`, { code: "KeyRefused", text: String(cause) }, { cause });
      this.#turns.push(events.undescribed(id, Cause.refused));
      return;
    }
    task.key = object.find(([name]) => name === "key")?.[1];
    const instance = this.#engine?.instance;
    if (!instance) return;
    try {
      const source = await describe.source(task, task.key ?? "", instance);
      task.print = source.print;
      const refused = this.#now(events.described(id, object, source, options.onConflict ?? "fail"));
      if (refused) this.#undescribable(task, refused);
    } catch {
      this.#turns.push(events.undescribed(id, Cause.sourceUnreadable));
    }
  }

  /** The engine will not take what the file is to be stored as. */
  #undescribable(task: Task, why: Facts): void {
    if (task.ended || this.#turns.broken) return;
    task.error = new BucketlineError(`upload "${task.name}"`, why);
    this.#turns.push(events.undescribed(task.id, Cause.refused));
  }

  /** The engine did not take an event. An answer that it cannot read ends its request all the same. */
  #refusedEvent(event: Frame | undefined, why: Facts): void {
    switch (event?.kind) {
      case Event.answered: this.#turns.push(events.broke(event.request, Cause.answerTooLarge)); return;
      case Event.loaded: this.#turns.push(events.loaded(event.file, undefined, Cause.storage)); return;
      case Event.credentials: {
        // Those of the start: they leave a hold, which any others release.
        this.#refresh.error = new BucketlineError("createUploader: credentials", why);
        if (!providerOf(this.#options)) this.#notes.held("absent");
        return;
      }
      default: reportError(new BucketlineError("the engine refused an event", why));
    }
  }

  /** There is no engine, or no longer one: everything that is not done fails. */
  #broke(why: Facts): void {
    this.#requests.breakOffAll();
    this.#hashing?.close();
    this.#signing.vault?.close();
    this.#records.break(why);
    this.#notes.loseAll(why);
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

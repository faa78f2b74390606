/** Does what the engine asks of the journal, and shows people what lies there. */
import type { PreviousUpload } from "./api.js";
import { BucketlineError, type Facts } from "./error.js";
import { events } from "./events.js";
import { field, frame, int64, type Frame } from "./frame.js";
import { memoryJournal, openJournal, type Journal } from "./journal.js";
import { maxFrameBytes } from "./module.js";
import { Action, noFile, Query, refusal } from "./protocol.js";
import { Cause } from "./transport.js";

/** What records need of their session. */
export interface RecordsHost {
  /** The bucket and the endpoint that the session writes to: records of others are not its business. */
  readonly bucket: string;
  readonly endpoint: string;
  push(event: Frame): void;
  /** Tells the engine at once; returns what is wrong with the event. */
  tell(event: Frame): Facts | undefined;
  /** The engine's answer; undefined where there is none. */
  ask(query: Frame): Frame | undefined;
  /** The journal that was asked for cannot be had, because of error: a reload forgets what is sent. */
  forgetful(error: BucketlineError): void;
}

/** The longest record that one frame carries, its name and number included. */
const maxRecord = maxFrameBytes - 4096;

export class Records {
  readonly #host: RecordsHost;
  readonly #journal: Promise<Journal>;
  /** The names of the uploads that this session has begun or gone on with, those too that rest. */
  readonly #ours = new Set<string>();
  /** The names that this session has open, and who of it waits for each: a file that is dropped and chosen again. */
  readonly #held = new Map<string, (() => void)[]>();
  /** The upload that is being discarded, by its ID, and how to end that. */
  #discarding: { uploadId: string; end(error: Facts | undefined): void } | undefined;
  #discards: Promise<unknown> = Promise.resolve();

  constructor(host: RecordsHost, wanted: boolean | string | Journal) {
    this.#host = host;
    this.#journal = this.#choose(wanted);
  }

  async #choose(wanted: boolean | string | Journal): Promise<Journal> {
    if (wanted === false) return memoryJournal();
    if (typeof wanted === "object") return wanted;
    try {
      return await openJournal(typeof wanted === "string" ? wanted : undefined);
    } catch (cause) {
      this.#host.forgetful(cause instanceof BucketlineError ? cause : new BucketlineError("the journal", { code: "StorageUnavailable" }, { cause }));
      return memoryJournal();
    }
  }

  /** Carries out an action about a record, and tells the engine of its end. Those of one record end in order. */
  async do(action: Frame): Promise<void> {
    const name = field(action, "name") ?? "";
    const { kind, file } = action;
    let told: Frame | undefined;
    try {
      const journal = await this.#journal;
      told = await this.#perform(journal, kind, file, name, action.body ?? new Uint8Array());
    } catch {
      told = kind === Action.load ? events.loaded(file, undefined, Cause.storage) : events.saved(file, Cause.storage);
    }
    if (told) this.#host.push(told);
  }

  async #perform(journal: Journal, kind: number, file: number, name: string, record: Uint8Array): Promise<Frame | undefined> {
    switch (kind) {
      case Action.load: return this.#load(journal, file, name);
      case Action.save: await journal.save(name, record); break;
      case Action.append: await journal.append(name, record); break;
      case Action.forget:
        this.#ours.delete(name);
        try {
          await journal.forget(name);
        } finally {
          this.#giveUp(name);
        }
        if (file === noFile) return undefined;
        break;
      default:
        journal.unlock(name);
        this.#giveUp(name);
        return undefined;
    }
    return events.saved(file);
  }

  /** Waits for what this session itself does about the same upload; what another has open is its own. */
  async #load(journal: Journal, file: number, name: string): Promise<Frame> {
    for (let waiting = this.#held.get(name); waiting; waiting = this.#held.get(name)) {
      const waits = waiting;
      await new Promise<void>((resolve) => waits.push(resolve));
    }
    this.#held.set(name, []);
    let loaded: Awaited<ReturnType<Journal["load"]>> = "locked";
    try {
      loaded = await journal.load(name);
    } finally {
      if (loaded === "locked") this.#giveUp(name);
    }
    if (loaded === "locked") return events.loaded(file, undefined, Cause.locked);
    this.#ours.add(name);
    const { record } = loaded;
    if (!record || record.length <= maxRecord) return events.loaded(file, record);
    await journal.setAside(name); // no frame carries it, so that the engine never wrote it
    return events.loaded(file, undefined);
  }

  #giveUp(name: string): void {
    const waiting = this.#held.get(name) ?? [];
    this.#held.delete(name);
    for (const resolve of waiting) resolve();
  }

  /** A record is damaged: it is kept for whoever wants to look, out of the way of the next one. */
  setAside(name: string): void {
    void this.#journal.then((journal) => journal.setAside(name)).catch(() => undefined); // then the next one replaces it
  }

  /** The unfinished uploads that are not of this session, the latest first. */
  async previous(): Promise<PreviousUpload[]> {
    const found: PreviousUpload[] = [];
    for (const { name, record } of await this.#all()) {
      const upload = this.#ours.has(name) ? undefined : this.#describe(name, record);
      if (upload) found.push(upload);
    }
    return found.sort((a, b) => b.begun.getTime() - a.begun.getTime());
  }

  /** The IDs of all multipart uploads that a record is about, whoever goes on with them. */
  async uploadIds(): Promise<string[]> {
    const ids: string[] = [];
    for (const { record } of await this.#all()) {
      const answer = this.#host.ask(frame(Query.record, { body: record }));
      const id = answer && field(answer, "uploadId");
      if (id) ids.push(id);
    }
    return ids;
  }

  async #all(): Promise<{ name: string; record: Uint8Array }[]> {
    const journal = await this.#journal;
    const all: { name: string; record: Uint8Array }[] = [];
    for (const name of await journal.list()) {
      const record = await journal.read(name);
      if (record && record.length <= maxRecord) all.push({ name, record });
    }
    return all;
  }

  /** undefined for what is damaged, of a later version, or about another bucket. */
  #describe(name: string, record: Uint8Array): PreviousUpload | undefined {
    const r = this.#host.ask(frame(Query.record, { body: record }));
    if (!r || refusal(r)) return undefined;
    const text = (of: string): string => field(r, of) ?? "";
    if (text("bucket") !== this.#host.bucket || origin(text("endpoint")) !== origin(this.#host.endpoint)) return undefined;
    const modified = int64(r.body, 2);
    const uploadId = text("uploadId");
    return {
      name: text("source"), size: r.x, modified: modified === 0 ? undefined : new Date(modified),
      bucket: text("bucket"), key: text("key"), uploadId, begun: new Date(r.y),
      stored: int64(r.body, 0), parts: r.b, partSize: int64(r.body, 1),
      export: () => new Blob([record.slice()], { type: "application/octet-stream" }),
      discard: () => {
        const done = this.#discards.then(() => this.#discard(name, uploadId));
        this.#discards = done.catch(() => undefined);
        return done;
      },
    };
  }

  /** Opens the record, so that nobody goes on with the upload, and has it aborted as it is now. */
  async #discard(name: string, uploadId: string): Promise<void> {
    const what = "discard";
    const journal = await this.#journal;
    const loaded = await journal.load(name);
    if (loaded === "locked") throw new BucketlineError(what, { code: "UploadInUse" });
    if (!loaded.record) {
      journal.unlock(name);
      return; // somebody else has ended it
    }
    const { record } = loaded;
    const error = await new Promise<Facts | undefined>((resolve) => {
      this.#discarding = { uploadId, end: resolve };
      const refused = this.#host.tell(events.abandon(name, record));
      if (refused) resolve(refused);
    });
    this.#discarding = undefined;
    if (!error) return; // and the engine has it forgotten
    journal.unlock(name);
    throw new BucketlineError(what, error);
  }

  /** An upload was aborted, or was not: true when it is one that is being discarded. */
  swept(uploadId: string, error: Facts | undefined): boolean {
    if (this.#discarding?.uploadId !== uploadId) return false;
    this.#discarding.end(error);
    return true;
  }

  /** There is no engine any more: nothing that waits for it comes to its end. */
  break(why: Facts): void {
    this.#discarding?.end(why);
  }
}

/** An endpoint as far as two of them are the same. */
function origin(endpoint: string): string {
  return endpoint.replace(/\/$/, "").toLowerCase();
}

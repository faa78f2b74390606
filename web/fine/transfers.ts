/** All files on their way: who may go, what a page is told of it, and what happens after a failure. */
import type { Hub } from "./hub.js";
import { isObject, type Dictionary } from "./objects.js";
import { isThenable, when } from "./promise.js";
import { Slots } from "./slots.js";
import { status } from "./status.js";
import { tellSuccess, type StoredObject } from "./success.js";
import { TotalProgress } from "./totals.js";
import { responseOf, textIn, Upload, type Outcome, type UploadHost } from "./upload.js";

/** What stays of a file between its attempts. */
interface Way {
  readonly upload: Upload;
  /** Automatic attempts since the last part. */
  attempts: number;
  /** The server has said that it shall not be tried again. */
  final: boolean;
  /** The wait before the next attempt. */
  timer: ReturnType<typeof setTimeout> | undefined;
  /** It is stored, and its server has still to be told. */
  told: StoredObject | undefined;
  telling: XMLHttpRequest | undefined;
  /** The last pair that onProgress was given. */
  shown: string;
  /** Counts starts and ends, so that late answers of the page are recognised. */
  turn: number;
}

/** Where files stand that will still move. */
const unfinished = [
  status.SUBMITTING, status.SUBMITTED, status.QUEUED, status.UPLOADING, status.UPLOAD_FINALIZING, status.UPLOAD_RETRYING,
  status.PAUSED,
] as const;

/** Where files stand that are on their way. */
export const inProgress = [status.UPLOADING, status.UPLOAD_RETRYING, status.QUEUED] as const;

export class Transfers {
  readonly #hub: Hub;
  readonly #host: UploadHost;
  readonly #ways = new Map<number, Way>();
  readonly #slots: Slots;
  /** The buckets of files that are not held any more. */
  readonly #buckets = new Map<number, string>();
  /** Where the page's server says that smaller pictures of files are. */
  readonly #thumbnails = new Map<number, string>();
  readonly totals: TotalProgress;
  #succeeded: number[] = [];
  #failed: number[] = [];

  constructor(hub: Hub, self: unknown) {
    this.#hub = hub;
    this.#slots = new Slots(hub.options.maxConnections, (id) => this.#begin(id));
    this.totals = new TotalProgress((loaded, total) => hub.call("onTotalProgress", loaded, total));
    this.#host = {
      hub, self,
      widen: (id, most) => this.#slots.widen(id, most),
      narrow: (id, most) => this.#slots.narrow(id, most),
      progress: (id, loaded) => this.#progress(id, loaded),
      partStored: (id, about, response, xhr) => {
        const way = this.#ways.get(id);
        if (way) way.attempts = 0;
        hub.call("onUploadChunkSuccess", id, about, response, xhr);
      },
      ended: (id, outcome) => this.#ended(id, outcome),
    };
  }

  /** A file was accepted, or may be: it is looked up what is known of it. */
  prepare(id: number, file: Blob): void {
    this.#ways.set(id, this.#wayOf(id, file));
  }

  #wayOf(id: number, file: Blob): Way {
    const upload = new Upload(this.#host, id, file);
    return { upload, attempts: 0, final: false, timer: undefined, told: undefined, telling: undefined, shown: "", turn: 0 };
  }

  find(id: number): Upload | undefined {
    return this.#ways.get(id)?.upload;
  }

  bucketOf(id: number): string | undefined {
    return this.find(id)?.bucket ?? this.#buckets.get(id);
  }

  thumbnailOf(id: number): string | undefined {
    return this.#thumbnails.get(id);
  }

  /** A file that was uploaded before counts among those of the next onAllComplete. */
  count(id: number): void {
    this.#succeeded.push(id);
    this.maybeAllComplete();
  }

  /** The file shall go as soon as there is a connection for it. */
  start(id: number): void {
    if (this.#slots.take(id)) this.#begin(id);
    else this.#hub.files.move(id, status.QUEUED);
  }

  #begin(id: number): void {
    const way = this.#ways.get(id);
    const record = this.#hub.files.find(id);
    if (!way || !record) {
      this.#slots.release(id);
      return;
    }
    const turn = ++way.turn;
    this.#hub.files.move(id, status.UPLOADING);
    const answer = this.#hub.call("onUpload", id, record.name);
    const go = (said: unknown): void => {
      if (turn !== way.turn) return;
      if (isObject(said) && said["pause"]) {
        this.#hub.files.move(id, status.PAUSED);
        this.#slots.release(id);
      } else way.upload.start();
    };
    if (!isThenable(answer)) {
      go(answer);
      return;
    }
    when(answer, go, (reason) => {
      if (turn !== way.turn) return;
      const response = responseOf(reason);
      this.#fail(id, way, textIn(response) ?? this.#hub.options.text.defaultResponseError, { success: false, ...response }, undefined);
    });
  }

  #progress(id: number, loaded: number): void {
    const record = this.#hub.files.find(id);
    if (!record || record.status !== status.UPLOADING || loaded >= record.size) return;
    this.#show(id, loaded, record.size);
  }

  #show(id: number, loaded: number, total: number): void {
    const way = this.#ways.get(id);
    const pair = `${loaded}/${total}`;
    if (!way || way.shown === pair) return;
    way.shown = pair;
    this.totals.moved(id, loaded, total);
    this.#hub.call("onProgress", id, this.#hub.files.get(id).name, loaded, total);
  }

  #ended(id: number, outcome: Outcome): void {
    const way = this.#ways.get(id);
    const record = this.#hub.files.find(id);
    if (!way || !record || outcome.kind === "paused") return;
    if (record.status !== status.UPLOADING && !(record.status === status.PAUSED && outcome.kind === "stored")) return;
    if (outcome.kind === "failed") {
      this.#fail(id, way, outcome.reason, outcome.response, outcome.xhr);
      return;
    }
    this.#show(id, record.size, record.size);
    const { key, bucket } = outcome.place;
    way.told = { id, key, bucket, xhr: outcome.xhr };
    this.#tell(id, way, way.told);
  }

  /** The object is stored: the page's server may have something to say about that. */
  #tell(id: number, way: Way, stored: StoredObject): void {
    const turn = way.turn;
    const asked = tellSuccess(this.#hub, stored, ({ ok, answer }) => {
      if (turn !== way.turn) return;
      way.telling = undefined;
      if (ok) {
        this.#succeed(id, way, { ...answer, success: true }, stored.xhr);
        return;
      }
      if (answer["reset"]) way.told = undefined;
      const text = textIn(answer);
      this.#fail(id, way, text ?? this.#hub.options.text.defaultResponseError, { ...answer, success: false }, stored.xhr);
    });
    if (asked) way.telling = asked;
    else this.#succeed(id, way, { success: true }, stored.xhr);
  }

  #succeed(id: number, way: Way, response: Dictionary, xhr: XMLHttpRequest | undefined): void {
    const { files } = this.#hub;
    const record = files.get(id);
    way.turn++;
    way.told = undefined;
    const { thumbnailUrl } = response;
    if (typeof thumbnailUrl === "string" && thumbnailUrl) this.#thumbnails.set(id, thumbnailUrl);
    files.move(id, status.UPLOAD_SUCCESSFUL);
    this.#succeeded.push(id);
    this.#hub.call("onComplete", id, record.name, response, xhr);
    this.#slots.release(id);
    this.maybeAllComplete();
  }

  #fail(id: number, way: Way, reason: string, response: Dictionary, xhr: XMLHttpRequest | null | undefined): void {
    const { files, options } = this.#hub;
    const { retry } = options;
    const record = files.get(id);
    const turn = ++way.turn;
    way.final = response[retry.preventRetryResponseProperty] === true;
    const again = retry.enableAuto && !way.final && record.status !== status.PAUSED && way.attempts < retry.maxAutoAttempts;
    if (!again) {
      files.move(id, status.UPLOAD_FAILED);
      this.#hub.call("onError", id, record.name, reason, xhr);
      this.#failed.push(id);
      this.#hub.call("onComplete", id, record.name, response, xhr);
      this.#slots.release(id);
      this.maybeAllComplete();
      return;
    }
    way.attempts++;
    this.#hub.call("onError", id, record.name, reason, xhr);
    this.#hub.call("onAutoRetry", id, record.name, way.attempts);
    if (turn !== way.turn) return; // the page has dropped it meanwhile
    files.move(id, status.UPLOAD_RETRYING);
    way.timer = setTimeout(() => {
      way.timer = undefined;
      if (way.told) this.#tell(id, way, way.told);
      else this.#begin(id);
    }, retry.autoAttemptDelay * 1000);
  }

  /** A file that cannot even be made fails for good. */
  failUnsent(id: number, file: Blob, reason: string): void {
    const { files } = this.#hub;
    this.#ways.set(id, { ...this.#wayOf(id, file), final: true });
    files.move(id, status.UPLOAD_FAILED);
    const { name } = files.get(id);
    this.#hub.call("onError", id, name, reason, null);
    this.#failed.push(id);
    this.#hub.call("onComplete", id, name, { error: reason, [this.#hub.options.retry.preventRetryResponseProperty]: true }, null);
    this.maybeAllComplete();
  }

  /** false: there is nothing to pause. */
  pause(id: number): boolean {
    const way = this.#ways.get(id);
    const record = this.#hub.files.find(id);
    const going = record?.status === status.UPLOADING || record?.status === status.UPLOAD_RETRYING;
    if (!way || !going || !way.upload.chunked) {
      this.#hub.log(`The file ${id} cannot be paused now.`, "error");
      return false;
    }
    way.turn++;
    clearTimeout(way.timer);
    way.upload.pause();
    this.#hub.files.move(id, status.PAUSED);
    this.#slots.release(id);
    return true;
  }

  /** false: it does not rest. */
  resume(id: number): boolean {
    if (!this.#hub.options.chunking.enabled || this.#hub.files.find(id)?.status !== status.PAUSED) {
      this.#hub.log(`The file ${id} does not rest.`, "error");
      return false;
    }
    this.start(id);
    return true;
  }

  /** Whether the page may try it again; what is stored is sent once more. */
  mayRetry(id: number): boolean {
    const way = this.#ways.get(id);
    const at = this.#hub.files.find(id)?.status;
    return !!way && !way.final && (at === status.UPLOAD_FAILED || at === status.UPLOAD_SUCCESSFUL);
  }

  retry(id: number): void {
    this.#failed = this.#failed.filter((failed) => failed !== id);
    this.#hub.files.move(id, status.UPLOAD_RETRYING);
    const way = this.#ways.get(id);
    if (way?.told) this.#tell(id, way, way.told);
    else {
      if (way) way.shown = "";
      this.start(id);
    }
  }

  /** Ends a file that its page has dropped. */
  cancel(id: number): void {
    const way = this.#ways.get(id);
    if (way) {
      way.turn++;
      clearTimeout(way.timer);
      way.timer = undefined;
      const { telling } = way;
      way.telling = undefined;
      telling?.abort();
      way.upload.cancel();
    }
    this.forget(id);
    this.#hub.files.move(id, status.CANCELED);
    this.#slots.release(id);
    this.maybeAllComplete();
  }

  /** Its bytes are not held any more. */
  forget(id: number): void {
    const bucket = this.find(id)?.bucket;
    if (bucket !== undefined) this.#buckets.set(id, bucket);
    this.#ways.delete(id);
  }

  /** In the order in which cancelAll drops them: what waits and what goes, the last first. */
  get going(): number[] {
    const { waiting, taken } = this.#slots.holders;
    return [...taken, ...waiting].reverse();
  }

  /** Drops everything without a word. */
  reset(): void {
    for (const way of this.#ways.values()) {
      way.turn++;
      clearTimeout(way.timer);
      way.upload.cancel();
    }
    this.#ways.clear();
    this.#buckets.clear();
    this.#thumbnails.clear();
    this.#slots.clear();
    this.#succeeded = [];
    this.#failed = [];
    this.totals.clear();
  }

  /** Tells the page, in a task of its own, when nothing moves any more. */
  maybeAllComplete(): void {
    const over = (): boolean => this.#hub.files.count(...unfinished) === 0 && this.#succeeded.length + this.#failed.length > 0;
    if (!over()) return;
    setTimeout(() => {
      if (!over()) return;
      const succeeded = this.#succeeded;
      const failed = this.#failed;
      this.#succeeded = [];
      this.#failed = [];
      this.totals.end();
      this.#hub.call("onAllComplete", succeeded, failed);
    }, 0);
  }
}

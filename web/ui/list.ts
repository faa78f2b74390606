import type { BucketlineErrorLike, FileState, Totals, UploadOptions, UploadTask, Uploader, UploaderEvent } from "../core/api.js";
import { isEnded } from "../core/protocol.js";
import { Announcer } from "./announcer.js";
import { Rows } from "./rows.js";
import { Speed } from "./speed.js";

/** How long a cancelled row stays, with its way back, in milliseconds. */
export const leaveMillis = 5000;

/** What a list tells the element that shows it. */
export interface ListHost {
  /** Milliseconds, from any start. */
  now(): number;
  /** Everything that happens, after the list has taken note of it. */
  happened(event: UploaderEvent): void;
  /** A row that is not measured yet is of another height now. */
  grew(index: number, pixels: number): void;
}

/**
 * What the element keeps beside its uploader: the order of the rows, which of
 * them are about to leave, and the speeds. States and counters it asks for.
 */
export class UploadList {
  readonly uploader: Uploader;
  readonly rows: Rows;
  readonly news = new Announcer();
  readonly speed = new Speed();
  /** Failed files in the list, by code. */
  readonly failed = new Map<string, number>();
  /** What should be put right, the first first; each code is said once. */
  readonly warnings: BucketlineErrorLike[] = [];
  /** Since when new credentials are being asked for; not set where that has failed already, and is only tried again. */
  refreshingSince: number | undefined;
  #refreshFails = false;

  readonly #host: ListHost;
  readonly #stop: () => void;
  readonly #speeds = new Map<UploadTask, Speed>();
  readonly #options = new WeakMap<UploadTask, UploadOptions>();
  /** The codes of failed files in the list. */
  readonly #codes = new Map<UploadTask, string>();
  /** When a throttled file tries again. */
  readonly #retries = new Map<UploadTask, number>();
  /** Cancelled rows and when they leave, the first to leave first. */
  readonly #leaving = new Map<UploadTask, number>();
  #replacing: UploadTask | undefined;

  constructor(uploader: Uploader, host: ListHost, estimate: (task: UploadTask) => number) {
    this.uploader = uploader;
    this.rows = new Rows(estimate);
    this.#host = host;
    for (const task of uploader.tasks()) {
      if (task.state === "cancelled") continue;
      this.rows.push(task);
      if (task.state === "failed") this.#countFailed(task);
    }
    this.#stop = uploader.listen((event) => {
      this.#take(event);
      host.happened(event);
    });
  }

  close(): void {
    this.#stop();
  }

  /** Uploads a file; options are remembered, so that the way back from cancel is the same way. */
  add(file: File | Blob, options: UploadOptions): UploadTask {
    const task = this.uploader.upload(file, options);
    this.#options.set(task, options);
    return task;
  }

  /** When a file tries again what failed, by the host's clock; undefined when it does not. */
  retryAt(task: UploadTask): number | undefined {
    return this.#retries.get(task);
  }

  /** Whether a cancelled file can be uploaded after all. */
  canUndo(task: UploadTask): boolean {
    return this.#leaving.has(task) && this.#options.has(task);
  }

  /** Uploads a cancelled file after all, from its start, in the same place of the list. */
  undo(task: UploadTask): void {
    const options = this.#options.get(task);
    if (!options || !this.#leaving.delete(task)) return;
    this.#replacing = task;
    try {
      this.add(task.file, options);
    } finally {
      this.#replacing = undefined;
    }
  }

  /** Takes rows off the list; what is stored of a failed file is dropped with its row. */
  remove(gone: ReadonlySet<UploadTask>): void {
    const failed = [...gone].filter((task) => task.state === "failed" && this.rows.indexOf(task) >= 0);
    for (const task of gone) this.#leaving.delete(task);
    this.rows.remove(gone);
    for (const task of failed) {
      this.#forgetFailed(task);
      task.cancel();
    }
  }

  /** When the next cancelled row leaves, if one does. */
  nextToLeave(): number | undefined {
    for (const at of this.#leaving.values()) return at;
    return undefined;
  }

  /** The cancelled rows whose time has come. One that is kept gets its time once more. */
  due(now: number, kept: UploadTask | undefined): Set<UploadTask> {
    const gone = new Set<UploadTask>();
    for (const [task, at] of this.#leaving) {
      if (at > now) break;
      this.#leaving.delete(task);
      if (task === kept) this.#leaving.set(task, now + leaveMillis);
      else gone.add(task);
    }
    return gone;
  }

  /** The counters, and how many files there are without those that were cancelled. */
  totals(): Totals & { readonly listed: number } {
    const totals = this.uploader.totals();
    const listed = Object.entries(totals.files).reduce((sum, [state, n]) => (state === "cancelled" ? sum : sum + n), 0);
    return { ...totals, listed };
  }

  /** How fast one file goes, for the rows on screen. */
  rate(task: UploadTask, sent: number): number | undefined {
    let speed = this.#speeds.get(task);
    if (!speed) {
      speed = new Speed();
      this.#speeds.set(task, speed);
    }
    const now = this.#host.now();
    speed.add(now, sent);
    return speed.rate(now);
  }

  #take(event: UploaderEvent): void {
    switch (event.type) {
      case "added":
        if (this.#replacing) this.rows.replace(this.#replacing, event.task);
        else this.rows.push(event.task);
        break;
      case "state": this.#moved(event.task, event.state); break;
      case "hold":
        this.news.add("held");
        if (event.reason === "refreshFailed") this.#refreshed(true);
        break;
      case "release":
        this.news.add("released");
        this.#refreshed(false);
        break;
      case "refresh":
        // Nobody need know of one that comes early. And who is asked to sign in keeps the button while it is tried again.
        if (event.reason !== "expiring" && !this.#refreshFails) this.refreshingSince = this.#host.now();
        break;
      case "credentials": this.#refreshed(false); break;
      case "retry": this.#retries.set(event.task, this.#host.now() + event.delay); break;
      case "resumed": this.news.add("resumed"); break;
      case "offline": this.news.add("offline"); break;
      case "online": this.news.add("online"); break;
      case "warning": this.warnings.push(event.error); break;
      case "all": this.#movedAll(); break;
      default:
    }
  }

  #refreshed(failed: boolean): void {
    this.refreshingSince = undefined;
    this.#refreshFails = failed;
  }

  #moved(task: UploadTask, state: FileState): void {
    if (state !== "uploading") this.#speeds.delete(task);
    if (state !== "throttled") this.#retries.delete(task);
    this.#forgetFailed(task);
    const index = this.rows.indexOf(task);
    if (state === "done") this.news.add("stored");
    if (state === "skipped") this.news.add("skipped");
    if (state === "conflict") this.news.add("conflict");
    if (state === "failed") {
      this.news.add("failed");
      this.#countFailed(task);
    }
    if (state === "cancelled" && index >= 0) {
      this.news.add("cancelled");
      this.#leaving.set(task, this.#host.now() + leaveMillis);
    }
    const grew = this.rows.forgetHeight(task);
    if (grew !== 0) this.#host.grew(index, grew);
  }

  /** Very many files may have changed their state: looks at every row once. */
  #movedAll(): void {
    let cancelled = 0;
    for (let index = 0; index < this.rows.length; index++) {
      const task = this.rows.at(index);
      if (!task) continue;
      const { state } = task;
      if (state !== "failed") this.#forgetFailed(task);
      if (state !== "throttled") this.#retries.delete(task);
      if (state === "cancelled" && !this.#leaving.has(task)) {
        this.#leaving.set(task, this.#host.now() + leaveMillis);
        cancelled++;
      }
      const grew = this.rows.forgetHeight(task);
      if (grew !== 0) this.#host.grew(index, grew);
    }
    if (cancelled > 0) this.news.add("cancelled", cancelled);
  }

  #countFailed(task: UploadTask): void {
    const code = task.error?.code ?? "";
    this.#codes.set(task, code);
    this.failed.set(code, (this.failed.get(code) ?? 0) + 1);
  }

  #forgetFailed(task: UploadTask): void {
    const code = this.#codes.get(task);
    if (code === undefined) return;
    this.#codes.delete(task);
    this.failed.set(code, (this.failed.get(code) ?? 1) - 1);
  }
}

/** How many files have not ended. */
export function activeFiles(files: Readonly<Record<FileState, number>>): number {
  let active = 0;
  for (const [state, n] of Object.entries(files)) if (!isEnded(state as FileState)) active += n;
  return active;
}

import type { FileState, Totals, UploadOptions, UploadTask, Uploader, UploaderEvent } from "../core/api.js";
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
  /** Since when new credentials are being asked for. */
  refreshingSince: number | undefined;

  readonly #host: ListHost;
  readonly #stop: () => void;
  readonly #speeds = new Map<UploadTask, Speed>();
  readonly #options = new WeakMap<UploadTask, UploadOptions>();
  /** Cancelled rows and when they leave, the first to leave first. */
  readonly #leaving = new Map<UploadTask, number>();
  /** Failed files that were taken off the list: they do not count any more. */
  #dropped = { files: 0, size: 0 };
  #replacing: UploadTask | undefined;

  constructor(uploader: Uploader, host: ListHost, estimate: (task: UploadTask) => number) {
    this.uploader = uploader;
    this.rows = new Rows(estimate);
    this.#host = host;
    for (const task of uploader.tasks()) {
      if (task.state === "cancelled") continue;
      this.rows.push(task);
      if (task.state === "failed") this.#countFailed(task, 1);
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

  cancelAll(): void {
    for (const task of this.uploader.tasks()) if (isActive(task.state)) task.cancel();
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

  /** Takes rows off the list. */
  remove(gone: ReadonlySet<UploadTask>): void {
    for (const task of gone) {
      this.#leaving.delete(task);
      if (task.state !== "failed" || this.rows.indexOf(task) < 0) continue;
      this.#countFailed(task, -1);
      this.#dropped.files++;
      this.#dropped.size += task.file.size;
    }
    this.rows.remove(gone);
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

  /** The counters without what was cancelled or taken off the list. */
  totals(): Totals & { readonly listed: number } {
    const totals = this.uploader.totals();
    const files = { ...totals.files, failed: totals.files.failed - this.#dropped.files };
    const listed = Object.entries(files).reduce((sum, [state, n]) => (state === "cancelled" ? sum : sum + n), 0);
    return { ...totals, files, size: totals.size - this.#dropped.size, listed };
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
        if (event.reason === "refreshFailed") this.refreshingSince = undefined;
        break;
      case "release":
        this.news.add("released");
        this.refreshingSince = undefined;
        break;
      case "refresh": this.refreshingSince = this.#host.now(); break;
      case "credentials": this.refreshingSince = undefined; break;
      default:
    }
  }

  #moved(task: UploadTask, state: FileState): void {
    if (state !== "uploading") this.#speeds.delete(task);
    if (state === "done") this.news.add("stored");
    if (state === "failed") {
      this.news.add("failed");
      this.#countFailed(task, 1);
    }
    if (state === "cancelled") {
      this.news.add("cancelled");
      this.#leaving.set(task, this.#host.now() + leaveMillis);
    }
    const index = this.rows.indexOf(task);
    const grew = this.rows.forgetHeight(task);
    if (grew !== 0) this.#host.grew(index, grew);
  }

  #countFailed(task: UploadTask, by: number): void {
    const code = task.error?.code ?? "";
    this.failed.set(code, (this.failed.get(code) ?? 0) + by);
  }
}

/** The uploader still does something for a file in this state. */
export function isActive(state: FileState): boolean {
  return state === "queued" || state === "uploading" || state === "holding" || state === "completing";
}

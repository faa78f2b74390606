import type { BucketlineError } from "./error.js";
import type { Cell, FileInfo, FileState, Priority, TaskEvent, UploadResult, UploadTask } from "./api.js";
import { isEnded, priorities } from "./protocol.js";

/** What a task asks its session. */
export interface TaskHost {
  /** All files rest, those too that have not begun. */
  readonly paused: boolean;
  info(id: number): FileInfo;
  cells(id: number, max: number): Cell[];
  want(id: number, what: "cancel" | "pause" | "resume" | "retry"): void;
  prioritize(id: number, priority: Priority): void;
  resolve(id: number, choice: "skip" | "rename" | "replace"): void;
}

/** A file of at most so many bytes is small: it is sent from memory. */
const smallBytes = 64 << 10;

/**
 * Task is one file on its way: the session moves it, a page watches it. There
 * may be a million, so that what only some need is made when they need it.
 */
export class Task implements UploadTask {
  readonly id: number;
  readonly file: File | Blob;
  /** Bytes of the file when it was chosen. Some browsers look at the disk whenever they are asked. */
  readonly size: number;
  /** Somebody has asked to drop this file. */
  dropped = false;
  key: string | undefined;
  /** The fingerprint that the file had when it was begun. */
  print: string | undefined;
  error: BucketlineError | undefined;
  result: UploadResult | undefined;

  readonly #host: TaskHost;
  #state: FileState = "queued";
  #priority: Priority;
  #watchers: Set<Watcher> | undefined;
  #reason: unknown;
  #settled: Settled | undefined;
  #forget: (() => void) | undefined;
  #whole: Blob | undefined;
  #bytes: Promise<Uint8Array<ArrayBuffer>> | undefined;

  constructor(host: TaskHost, id: number, file: File | Blob, priority: Priority, signal: AbortSignal | undefined) {
    this.#host = host;
    this.id = id;
    this.file = file;
    this.size = file.size;
    this.#priority = priority;
    if (!signal) return;
    const abort = (): void => this.cancel(signal.reason);
    signal.addEventListener("abort", abort);
    this.#forget = () => signal.removeEventListener("abort", abort);
  }

  /**
   * length bytes of the file from offset on, all of them as the file is at the
   * first call: a browser looks at the disk for each slice of a File, and waits,
   * and not for a slice of a slice.
   */
  slice(offset: number, length: number): Blob {
    this.#whole ??= this.file.slice(0, this.size);
    return offset === 0 && length === this.size ? this.#whole : this.#whole.slice(offset, offset + length);
  }

  /**
   * All of a small file, read at the first call; undefined for one that is empty
   * or not small. Rejects as reading does, and with a NotReadableError when the
   * file has another length by now. Each Blob that is made of a file costs the
   * page's thread an answer of the browser: for small files more than the bytes
   * themselves. What is remembered is at most what the engine has begun.
   */
  bytes(): Promise<Uint8Array<ArrayBuffer>> | undefined {
    if (this.size === 0 || this.size > smallBytes) return undefined;
    if (this.#bytes) return this.#bytes;
    const bytes = this.file.arrayBuffer().then((buffer) => {
      if (buffer.byteLength === this.size) return new Uint8Array(buffer);
      throw new DOMException("the file has another length", "NotReadableError");
    });
    bytes.catch(() => this.lost());
    this.#bytes = bytes;
    return bytes;
  }

  /** Nothing is needed of the file now, or it cannot be read: what is asked for next is as it is then. */
  lost(): void {
    this.#whole = this.#bytes = undefined;
  }

  /** The file's path in the folder that was chosen, or its name. */
  get name(): string {
    const { file } = this;
    return file instanceof File ? file.webkitRelativePath || file.name : "blob";
  }

  get state(): FileState {
    return this.#state === "queued" && this.#host.paused ? "paused" : this.#state;
  }

  /** The state but for a pause of all files. */
  get own(): FileState {
    return this.#state;
  }

  /** Where the engine says that it is; undone by retry, ended by end. */
  set state(state: FileState) {
    if (this.#state === "failed") {
      this.error = undefined;
      if (!isEnded(state)) this.#settled = undefined;
    }
    this.#state = state;
  }

  get priority(): Priority {
    return this.#priority;
  }

  set priority(priority: Priority) {
    if (!priorities.includes(priority)) throw new TypeError(`priority: must be ${priorities.join(", ")}`);
    if (priority === this.#priority) return;
    this.#priority = priority;
    if (!this.ended || this.#state === "failed") this.#host.prioritize(this.id, priority);
  }

  info(): FileInfo {
    return this.#host.info(this.id);
  }

  cells(max: number): Cell[] {
    return this.#host.cells(this.id, max);
  }

  pause(): void {
    if (!this.ended) this.#host.want(this.id, "pause");
  }

  resume(): void {
    if (!this.ended) this.#host.want(this.id, "resume");
  }

  retry(): void {
    if (this.#state === "failed") this.#host.want(this.id, "retry");
  }

  resolve(choice: "skip" | "rename" | "replace"): void {
    if (!["skip", "rename", "replace"].includes(choice)) throw new TypeError("resolve: must be skip, rename or replace");
    if (this.#state === "conflict") this.#host.resolve(this.id, choice);
  }

  /** A file that failed is dropped too, since parts of it may be stored. */
  cancel(reason?: unknown): void {
    if (this.ended && this.#state !== "failed") return;
    this.#reason ??= reason;
    this.dropped = true;
    this.#host.want(this.id, "cancel");
  }

  /** Somebody iterates this task, so that its events are worth making. */
  get watched(): boolean {
    return this.#watchers !== undefined && this.#watchers.size > 0;
  }

  tell(event: TaskEvent): void {
    for (const watcher of this.#watchers ?? []) watcher.tell(event);
  }

  /** The task has come to its end: state, and result or error, are set. */
  end(): void {
    this.lost();
    if (this.#state !== "failed") this.#forget?.(); // a retry can be aborted too
    for (const watcher of this.#watchers ?? []) watcher.end();
    this.#watchers = undefined;
    if (this.#settled) this.#settle(this.#settled);
  }

  then<T = UploadResult, U = never>(
    onFulfilled?: ((result: UploadResult) => T | PromiseLike<T>) | null,
    onRejected?: ((reason: unknown) => U | PromiseLike<U>) | null,
  ): Promise<T | U> {
    return this.#promise().then(onFulfilled, onRejected);
  }

  catch<T>(onRejected: (reason: unknown) => T | PromiseLike<T>): Promise<UploadResult | T> {
    return this.#promise().catch(onRejected);
  }

  finally(onFinally: () => void): Promise<UploadResult> {
    return this.#promise().finally(onFinally);
  }

  /** Made only when somebody asks, so that what nobody awaits is no unhandled rejection. */
  #promise(): Promise<UploadResult> {
    if (!this.#settled) {
      this.#settled = settled();
      if (this.ended) this.#settle(this.#settled);
    }
    return this.#settled.promise;
  }

  #settle(settled: Settled): void {
    if (this.result) settled.resolve(this.result);
    else if (this.#state === "failed") settled.reject(this.error);
    else settled.reject(this.#reason ?? new DOMException(`upload "${this.name}" was cancelled`, "AbortError"));
  }

  /** The state is final, but for a retry. */
  get ended(): boolean {
    return isEnded(this.#state);
  }

  [Symbol.asyncIterator](): AsyncIterator<TaskEvent> {
    const watcher = new Watcher(() => this.#watchers?.delete(watcher));
    if (this.ended) watcher.end();
    else (this.#watchers ??= new Set()).add(watcher);
    return watcher;
  }
}

interface Settled {
  promise: Promise<UploadResult>;
  resolve(result: UploadResult): void;
  reject(reason: unknown): void;
}

/** The most events that a slow reader can be behind, which is more than a file has parts; progress is dropped first. */
const maxBehind = 1 << 14;

/** Watcher is one for-await loop over a task's events. */
class Watcher implements AsyncIterator<TaskEvent> {
  readonly #left: () => void;
  readonly #events: TaskEvent[] = [];
  #waiting: ((next: IteratorResult<TaskEvent>) => void)[] = [];
  #done = false;

  constructor(left: () => void) {
    this.#left = left;
  }

  tell(event: TaskEvent): void {
    const waiting = this.#waiting.shift();
    if (waiting) {
      waiting({ done: false, value: event });
      return;
    }
    const last = this.#events.at(-1);
    if (event.type === "progress" && last?.type === "progress") this.#events.pop();
    this.#events.push(event);
    if (this.#events.length <= maxBehind) return;
    const progress = this.#events.findIndex(({ type }) => type === "progress");
    this.#events.splice(Math.max(progress, 0), 1);
  }

  end(): void {
    this.#done = true;
    for (const waiting of this.#waiting) waiting({ done: true, value: undefined });
    this.#waiting = [];
  }

  next(): Promise<IteratorResult<TaskEvent>> {
    const event = this.#events.shift();
    if (event) return Promise.resolve({ done: false, value: event });
    if (this.#done) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<TaskEvent>> {
    this.#left();
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }
}

function settled(): Settled {
  let resolve: Settled["resolve"] = () => {};
  let reject: Settled["reject"] = () => {};
  const promise = new Promise<UploadResult>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

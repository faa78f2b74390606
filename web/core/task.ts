import type { BucketlineError } from "./error.js";
import type { Cell, FileInfo, FileState, TaskEvent, UploadResult, UploadTask } from "./api.js";

/** What a task asks its session. */
export interface TaskHost {
  info(id: number): FileInfo;
  cells(id: number, max: number): Cell[];
  cancel(id: number): void;
}

/** Task is one file on its way: the session moves it, a page watches it. */
export class Task implements UploadTask {
  readonly id: number;
  readonly file: File | Blob;
  readonly name: string;
  /** Somebody has asked to drop this file. */
  dropped = false;
  key: string | undefined;
  state: FileState = "queued";
  error: BucketlineError | undefined;
  result: UploadResult | undefined;

  readonly #host: TaskHost;
  readonly #watchers = new Set<Watcher>();
  #reason: unknown;
  #settled: Settled | undefined;
  #forget: (() => void) | undefined;

  constructor(host: TaskHost, id: number, file: File | Blob, signal: AbortSignal | undefined) {
    this.#host = host;
    this.id = id;
    this.file = file;
    this.name = nameOf(file);
    if (!signal) return;
    const abort = (): void => this.cancel(signal.reason);
    signal.addEventListener("abort", abort);
    this.#forget = () => signal.removeEventListener("abort", abort);
  }

  info(): FileInfo {
    return this.#host.info(this.id);
  }

  cells(max: number): Cell[] {
    return this.#host.cells(this.id, max);
  }

  cancel(reason?: unknown): void {
    if (this.ended) return;
    this.#reason ??= reason;
    this.dropped = true;
    this.#host.cancel(this.id);
  }

  /** Somebody iterates this task, so that its events are worth making. */
  get watched(): boolean {
    return this.#watchers.size > 0;
  }

  tell(event: TaskEvent): void {
    for (const watcher of this.#watchers) watcher.tell(event);
  }

  /** The task has come to its end: state, and result or error, are set. */
  end(): void {
    this.#forget?.();
    for (const watcher of this.#watchers) watcher.end();
    this.#watchers.clear();
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
    else if (this.state === "failed") settled.reject(this.error);
    else settled.reject(this.#reason ?? new DOMException(`upload "${this.name}" was cancelled`, "AbortError"));
  }

  /** The state is final. */
  get ended(): boolean {
    return this.state === "done" || this.state === "failed" || this.state === "cancelled";
  }

  [Symbol.asyncIterator](): AsyncIterator<TaskEvent> {
    const watcher = new Watcher(() => this.#watchers.delete(watcher));
    if (this.ended) watcher.end();
    else this.#watchers.add(watcher);
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

/** The file's path in the folder that was chosen, or its name. */
function nameOf(file: File | Blob): string {
  if (!(file instanceof File)) return "blob";
  return file.webkitRelativePath || file.name;
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

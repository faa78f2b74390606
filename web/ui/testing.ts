/** An uploader for tests: it sends nothing, and moves its files as a test says. */
import type {
  BucketlineErrorLike, Cell, Credentials, FileInfo, FileState, HoldReason, PreviousUpload, Priority, Swept, Totals,
  UploadOptions, UploadResult, UploadTask, Uploader, UploaderEvent,
} from "../core/api.js";
import { isEnded, states } from "../core/protocol.js";

export class FakeTask implements UploadTask {
  readonly id: number;
  readonly file: File | Blob;
  readonly name: string;
  readonly key: string;
  readonly options: UploadOptions;
  state: FileState = "queued";
  priority: Priority = "normal";
  /** How conflicts were resolved. */
  readonly resolved: string[] = [];
  error: BucketlineErrorLike | undefined;
  result: UploadResult | undefined;
  sent = 0;
  /** Where each part stands. */
  parts: Cell[] = [];
  /** Bytes, where a test wants more than it has. */
  size: number;
  readonly #uploader: FakeUploader;

  constructor(uploader: FakeUploader, id: number, file: File | Blob, options: UploadOptions) {
    this.#uploader = uploader;
    this.id = id;
    this.file = file;
    this.options = options;
    this.name = file instanceof File ? file.webkitRelativePath || file.name : "blob";
    this.key = typeof options.key === "string" ? options.key : this.name;
    this.size = file.size;
  }

  info(): FileInfo {
    const stored = this.parts.filter((part) => part.state === "stored").length;
    return {
      state: this.state,
      size: this.size,
      sent: this.state === "done" ? this.size : this.sent,
      acknowledged: this.state === "done" ? this.size : this.parts.length > 0 ? Math.floor((this.size * stored) / this.parts.length) : 0,
      parts: this.parts.length,
      partsStored: stored,
      partsInFlight: this.parts.filter((part) => part.state === "inFlight").length,
    };
  }

  cells(max: number): Cell[] {
    return this.parts.slice(0, max);
  }

  cancel(): void {
    this.#uploader.move(this, "cancelled");
  }

  pause(): void {
    this.#uploader.move(this, "paused");
  }

  resume(): void {
    this.#uploader.move(this, "queued");
  }

  retry(): void {
    this.error = undefined;
    this.#uploader.move(this, "queued");
  }

  resolve(choice: "skip" | "rename" | "replace"): void {
    this.resolved.push(choice);
    this.#uploader.move(this, choice === "skip" ? "skipped" : "queued");
  }

  #promise(): Promise<UploadResult> {
    return this.result ? Promise.resolve(this.result) : Promise.reject(new Error(`upload "${this.name}": ${this.state}`));
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

  [Symbol.asyncIterator](): AsyncIterator<never> {
    return { next: () => Promise.resolve({ done: true, value: undefined }) };
  }
}

export class FakeUploader implements Uploader {
  readonly ready = Promise.resolve();
  readonly all: FakeTask[] = [];
  heldFor: HoldReason | undefined;
  offline = false;
  life: { remaining: number; total: number } | undefined = { remaining: 702_000, total: 900_000 };
  readonly #listeners = new Set<(event: UploaderEvent) => void>();

  upload(file: File | Blob, options: UploadOptions = {}): FakeTask {
    const task = new FakeTask(this, this.all.length, file, options);
    this.all.push(task);
    this.tell({ type: "added", task });
    return task;
  }

  /** Moves a file into a state. */
  move(task: FakeTask, state: FileState): void {
    task.state = state;
    if (state === "done") {
      task.result = { bucket: "photos", key: task.key, etag: '"e"', location: this.objectURL(task.key), size: task.size };
    }
    this.tell({ type: "state", task, state });
  }

  fail(task: FakeTask, error: Partial<BucketlineErrorLike> & { code: string }): void {
    task.error = {
      status: undefined, requestId: undefined, operation: undefined, part: undefined, doubt: false, hint: "",
      message: error.code, ...error,
    };
    this.move(task, "failed");
  }

  /** Says that a request failed and is sent again. */
  retryIn(task: FakeTask, delay: number): void {
    this.move(task, "throttled");
    const error = { status: 503, requestId: undefined, operation: undefined, part: undefined, doubt: false, hint: "", message: "", code: "SlowDown" };
    this.tell({ type: "retry", task, part: 0, delay, error });
  }

  pauseAll(): void {
    this.#all("pause", (state) => state === "queued" || state === "uploading", "paused");
  }

  resumeAll(): void {
    this.#all("resume", (state) => state === "paused", "queued");
  }

  retryAll(): void {
    this.#all("retry", (state) => state === "failed", "queued");
  }

  cancelAll(): void {
    this.#all("cancel", (state) => !isEnded(state), "cancelled");
  }

  #all(action: "pause" | "resume" | "retry" | "cancel", from: (state: FileState) => boolean, to: FileState): void {
    for (const task of this.all) {
      if (!from(task.state)) continue;
      task.state = to;
      task.error = undefined;
    }
    this.tell({ type: "all", action });
  }

  previous(): Promise<PreviousUpload[]> {
    return Promise.resolve([]);
  }

  sweep(): Promise<Swept[]> {
    return Promise.resolve([]);
  }

  hold(reason: HoldReason): void {
    this.heldFor = reason;
    this.tell({ type: "hold", reason });
  }

  release(): void {
    this.heldFor = undefined;
    this.tell({ type: "release" });
  }

  tell(event: UploaderEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  setCredentials(_credentials: Credentials): void {
    this.release();
  }

  expireCredentials(): void {
    this.hold("invalidated");
  }

  credentialsLife(): { remaining: number; total: number } | undefined {
    return this.life;
  }

  tasks(): readonly FakeTask[] {
    return this.all;
  }

  totals(): Totals {
    const files = Object.fromEntries(states.map((state) => [state, 0])) as Record<FileState, number>;
    const totals: Totals = {
      files, size: 0, sent: 0, acknowledged: 0, stored: 0, resent: 0, inFlight: 0, window: 6, offline: this.offline, held: this.heldFor,
    };
    for (const task of this.all) {
      const info = task.info();
      files[info.state]++;
      if (info.state === "cancelled") continue;
      totals.size += info.size;
      totals.sent += info.sent;
      totals.acknowledged += info.acknowledged;
      totals.inFlight += info.state === "uploading" ? Math.max(1, info.partsInFlight) : 0;
      if (info.state === "done") totals.stored += info.size;
    }
    return totals;
  }

  objectURL(key: string): string {
    return `https://photos.s3.example/${encodeURI(key)}`;
  }

  async presignedURL(key: string, seconds: number): Promise<string> {
    return `${this.objectURL(key)}?X-Amz-Expires=${seconds}`;
  }

  listen(listener: (event: UploaderEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#listeners.clear();
  }
}

/** What the engine tells people: notes become the state of tasks, and events for the page. */
import type { ChecksumAlgorithm, FileState, HoldReason, Swept, Totals, UploadResult, UploaderEvent } from "./api.js";
import { BucketlineError, type Facts } from "./error.js";
import { field, type Frame } from "./frame.js";
import { Action, Algorithm, factsOf, holdReasonOf, isEnded, stateOf, states } from "./protocol.js";
import type { Task } from "./task.js";

/** What notes need of their session. */
export interface NotesHost {
  readonly bucket: string;
  readonly tasks: readonly Task[];
  /** Why there are no new credentials, in the page's own words. */
  readonly refreshError: unknown;
  tell(event: UploaderEvent): void;
  objectURL(key: string): string;
  /** The record of that name is damaged. */
  setAside(name: string): void;
  /** An upload was aborted, or, with error, was not: true when that ends a discard. */
  discarded(uploadId: string, error: Facts | undefined): boolean;
  /** Tells the engine to sweep; returns what is wrong with that. */
  sweep(event: Frame): Facts | undefined;
}

/** What is done to all files at once. */
export type AllAction = "pause" | "resume" | "retry" | "cancel";

interface Sweeping {
  readonly found: Swept[];
  end(error: Facts | undefined): void;
}

export class Notes {
  readonly #host: NotesHost;
  /** All files rest, those too that have not begun. */
  paused = false;
  /** What the next notes about all files are about, in order. */
  #all: AllAction[] = [];
  #sweeping: Sweeping | undefined;
  #sweeps: Promise<unknown> = Promise.resolve();
  /** The counters when the engine was lost, kept up to date since. */
  #last: Totals | undefined;

  constructor(host: NotesHost) {
    this.#host = host;
  }

  /** Carries out the action of a note. task is the file that it is about, if it is about one. */
  take(action: Frame, task: Task | undefined): void {
    switch (action.kind) {
      case Action.noteHold: this.held(holdReasonOf(action.a) ?? "expired"); return;
      case Action.noteRelease: this.#host.tell({ type: "release" }); this.#tellWatched({ type: "release" }); return;
      case Action.noteAll: this.#movedAll(stateOf(action.a)); return;
      case Action.noteSwept: this.#swept(action); return;
      case Action.noteSweepEnd: this.#sweeping?.end(errorOf(action)); return;
      case Action.noteWarning: this.#warned(action, task); return;
      default:
    }
    if (!task) return;
    switch (action.kind) {
      case Action.noteState: this.#moved(task, action); break;
      case Action.notePart: this.#partStored(task, action.b, field(action, "etag") ?? ""); break;
      case Action.noteRetry: {
        const event = { type: "retry", part: action.b, delay: action.y, error: this.#error(task, action) } as const;
        task.tell(event);
        this.#host.tell({ ...event, task });
        break;
      }
      case Action.noteResumed: {
        const event = { type: "resumed", bytes: action.x, parts: action.b } as const;
        task.tell(event);
        this.#host.tell({ ...event, task });
        break;
      }
      case Action.noteOrphan: {
        const error = new BucketlineError(`abort "${task.name}"`, factsOf(action));
        this.#host.tell({ type: "orphan", task, uploadId: field(action, "uploadId") ?? "", error });
        break;
      }
      default:
    }
  }

  /** Bytes of tasks have been sent. */
  progressed(tasks: Iterable<Task>): void {
    this.#host.tell({ type: "progress" });
    for (const task of tasks) if (task.watched) task.tell({ type: "progress", ...task.info() });
  }

  #moved(task: Task, action: Frame): void {
    const state = stateOf(action.a);
    const error = task.error; // of this page, which knows more than the engine
    task.state = state;
    if (state === "done") {
      task.result = this.#result(task, action);
      task.key = task.result.key;
      if (task.watched) task.tell({ type: "progress", ...task.info() });
    }
    if (state === "skipped") {
      const key = task.key ?? "";
      task.result = { bucket: this.#host.bucket, key, etag: "", size: task.size, location: this.#host.objectURL(key), skipped: true };
    }
    if (state === "failed") task.error = error ?? this.#error(task, action);
    this.#moveOn(task);
    if (state !== "conflict") return;
    const conflict = { type: "conflict", key: task.key ?? "", error: this.#error(task, action) } as const;
    task.tell(conflict);
    this.#host.tell({ ...conflict, task });
  }

  #moveOn(task: Task): void {
    const { state } = task;
    task.tell({ type: "state", state });
    if (isEnded(state)) task.end();
    this.#host.tell({ type: "state", task, state });
  }

  #result(task: Task, action: Frame): UploadResult {
    const key = field(action, "key") ?? task.key ?? "";
    const versionId = field(action, "versionId");
    const algorithm = field(action, "checksum");
    return {
      bucket: this.#host.bucket, key, etag: field(action, "etag") ?? "", size: task.size,
      location: this.#host.objectURL(key),
      ...(versionId ? { versionId } : {}),
      ...(isChecksum(algorithm) && action.body ? { checksum: { algorithm, value: btoa(String.fromCharCode(...action.body)) } } : {}),
    };
  }

  #partStored(task: Task, part: number, etag: string): void {
    task.tell({ type: "part", part, etag });
    if (task.watched) task.tell({ type: "progress", ...task.info() });
    this.#host.tell({ type: "part", task, part, etag });
  }

  #warned(action: Frame, task: Task | undefined): void {
    const name = field(action, "name");
    if (name && field(action, "code") === "RecordCorrupt") this.#host.setAside(name);
    const facts = factsOf(action);
    if (action.y !== 0) facts.text = `by ${action.y} milliseconds`;
    this.#host.tell({ type: "warning", task, error: new BucketlineError(task ? `upload "${task.name}"` : "uploads", facts) });
  }

  #error(task: Task, action: Frame): BucketlineError {
    return new BucketlineError(`upload "${task.name}"`, factsOf(action));
  }

  held(reason: HoldReason): void {
    const { refreshError } = this.#host;
    const event = { type: "hold", reason, ...(refreshError === undefined ? {} : { error: refreshError }) } as const;
    this.#host.tell(event);
    this.#tellWatched(event);
  }

  #tellWatched(event: { type: "hold"; reason: HoldReason; error?: unknown } | { type: "release" }): void {
    for (const task of this.#host.tasks) if (task.watched) task.tell(event);
  }

  /** Something is about to be done to all files; the engine says when it has. */
  expectAll(action: AllAction): void {
    this.#all.push(action);
  }

  /**
   * The engine has done something to all files in one step. Those that had
   * begun have had notes of their own; the others change here, by its rules
   * (package queue): a pause is over all that are queued or will be.
   */
  #movedAll(state: FileState): void {
    const action = this.#all.shift() ?? (state === "paused" ? "pause" : state === "cancelled" ? "cancel" : "resume");
    const changed: Task[] = [];
    const move = (from: (state: FileState) => boolean): void => {
      for (const task of this.#host.tasks) {
        if (!from(task.own)) continue;
        task.state = state;
        changed.push(task);
      }
    };
    switch (action) {
      case "pause":
        this.paused = true;
        for (const task of this.#host.tasks) if (task.own === "queued" && task.watched) changed.push(task);
        break;
      case "resume":
        this.paused = false;
        move((own) => own === "paused");
        break;
      case "retry": move((own) => own === "failed"); break;
      case "cancel": move((own) => !isEnded(own)); break;
      default: action satisfies never;
    }
    for (const task of changed) {
      task.tell({ type: "state", state: task.state });
      if (task.ended) task.end();
    }
    this.#host.tell({ type: "all", action });
  }

  /** Has the engine sweep, once the sweep before has ended; event is made then. */
  sweep(event: () => Promise<Frame>): Promise<Swept[]> {
    const swept = this.#sweeps.then(async () => {
      const begin = await event();
      const found: Swept[] = [];
      const error = await new Promise<Facts | undefined>((resolve) => {
        this.#sweeping = { found, end: resolve };
        const refused = this.#host.sweep(begin);
        if (refused) resolve(refused);
      });
      this.#sweeping = undefined;
      if (error) throw new BucketlineError("sweep", error);
      return found;
    });
    this.#sweeps = swept.catch(() => undefined);
    return swept;
  }

  #swept(action: Frame): void {
    const uploadId = field(action, "uploadId") ?? "";
    const key = field(action, "name") ?? "";
    const facts = errorOf(action);
    if (this.#host.discarded(uploadId, facts)) return;
    this.#sweeping?.found.push({ key, uploadId, error: facts && new BucketlineError(`abort "${key}"`, facts) });
  }

  /** There is no engine, or no longer one: every task that has not ended fails. */
  loseAll(why: Facts): void {
    this.#sweeping?.end(why);
    const files = Object.fromEntries(states.map((state) => [state, 0])) as Totals["files"];
    this.#last = {
      files, size: 0, sent: 0, acknowledged: 0, stored: 0, resent: 0, inFlight: 0, window: 0, offline: false, held: undefined,
    };
    for (const task of this.#host.tasks) if (task.ended) this.#count(task);
    for (const task of this.#host.tasks) this.lose(task, why);
  }

  /** Ends a task that there is no engine for. */
  lose(task: Task, why: Facts): void {
    if (task.ended) return;
    task.state = task.dropped ? "cancelled" : "failed";
    if (!task.dropped) task.error = new BucketlineError(`upload "${task.name}"`, why);
    this.#count(task);
    task.end();
    this.#host.tell({ type: "state", task, state: task.state });
  }

  /** Drops a task that failed when there was no engine any more. */
  drop(task: Task): void {
    if (task.own !== "failed") return;
    this.#count(task, -1);
    task.state = "cancelled";
    this.#count(task);
    this.#moveOn(task);
  }

  #count(task: Task, by = 1): void {
    const last = this.#last;
    if (!last) return;
    const size = by * task.size;
    last.files[task.state] += by;
    if (task.state !== "cancelled") last.size += size;
    if (task.state !== "done") return;
    for (const counter of ["sent", "acknowledged", "stored"] as const) last[counter] += size;
  }

  /** The counters of a session that has lost its engine. */
  lastTotals(): Totals {
    const none = Object.fromEntries(states.map((state) => [state, 0])) as Totals["files"];
    const last = this.#last;
    return {
      size: 0, sent: 0, acknowledged: 0, stored: 0, resent: 0, inFlight: 0, window: 0, offline: false, held: undefined,
      ...last, files: { ...(last?.files ?? none) },
    };
  }
}

/** Why something was not done; undefined when it was. */
function errorOf(action: Frame): Facts | undefined {
  return field(action, "code") === undefined ? undefined : factsOf(action);
}

function isChecksum(name: string | undefined): name is ChecksumAlgorithm {
  return name !== undefined && name !== "MD5" && Object.hasOwn(Algorithm, name);
}

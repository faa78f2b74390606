/** Carries out what the engine asks for about bytes: requests, with their digests beside them, and digests alone. */
import { events } from "./events.js";
import { field, type Frame } from "./frame.js";
import type { Hashing } from "./hashing.js";
import type { Task } from "./task.js";
import { carry, Cause, type Outcome } from "./transport.js";

/** What requests need of their session. */
export interface RequestsHost {
  /** undefined before the engine is there. */
  readonly hashing: Hashing | undefined;
  push(event: Frame): void;
  sent(request: number, bytes: number): void;
  /** The file is not the one whose parts were sent. */
  replaced(task: Task): Promise<boolean>;
  /** A request goes out, or has ended with status, 0 when there was no answer. task is undefined for a clean-up. */
  tell(type: "request" | "response", about: About, status: number): void;
  /** The browser would not even take the request. */
  refused(task: Task, operation: string, cause: unknown): void;
}

export interface About {
  readonly id: number;
  readonly operation: string;
  readonly task: Task | undefined;
  readonly part: number;
}

type Answered = Extract<Outcome, { kind: "answered" }>;

interface Flight {
  readonly task: Task | undefined;
  readonly abort: AbortController;
}

/** Fields of a request's frame that are no headers. */
const ownFields = ["method", "url", "operation", "formHead"];

export class Requests {
  readonly #host: RequestsHost;
  readonly #flights = new Map<number, Flight>();

  constructor(host: RequestsHost) {
    this.#host = host;
  }

  /** The tasks whose bytes are under way. */
  tasks(): Set<Task> {
    const tasks = new Set<Task>();
    for (const { task } of this.#flights.values()) if (task) tasks.add(task);
    return tasks;
  }

  breakOff(request: number): void {
    this.#flights.get(request)?.abort.abort();
  }

  breakOffAll(): void {
    for (const { abort } of this.#flights.values()) abort.abort();
  }

  async send(action: Frame, task: Task | undefined): Promise<void> {
    const { request, a: algorithm, b: part } = action;
    const operation = field(action, "operation") ?? "";
    const about: About = { id: request, operation, task, part };
    const slice = sliceOf(action, operation, task);
    const abort = this.#begin(request, task);
    this.#host.tell("request", about, 0);
    const digest = algorithm !== 0 && slice ? this.#digest(algorithm, slice, abort.signal) : undefined;
    const replaced = operation === "CompleteMultipartUpload" && task && (await this.#host.replaced(task));
    const outcome: Outcome = replaced ? { kind: "broke", cause: Cause.sourceChanged } : await carry({
      method: field(action, "method") ?? "PUT",
      url: field(action, "url") ?? "",
      headers: action.fields.filter(([name]) => !ownFields.includes(name)),
      body: bodyOf(action, slice),
      source: slice && slice.size === 0 ? task?.file : slice,
      quiet: field(action, "formHead") !== undefined,
      sent: (bytes) => this.#host.sent(request, bytes),
    }, abort.signal).catch((cause: unknown): Outcome => {
      if (task) this.#host.refused(task, operation, cause);
      return { kind: "broke", cause: Cause.refused };
    });
    const broken = outcome.kind === "broke";
    if (broken) abort.abort(); // nobody wants the digest any more
    const told = broken ? events.broke(request, outcome.cause) : await answerOf(request, outcome, digest, abort.signal);
    this.#flights.delete(request);
    this.#host.tell("response", about, outcome.kind === "answered" ? outcome.status : 0);
    this.#host.push(told);
  }

  /** A digest before anything is sent. */
  async hash(action: Frame, task: Task): Promise<void> {
    const { request, a: algorithm, x: offset, y: length } = action;
    const abort = this.#begin(request, task);
    let told: Frame;
    try {
      told = events.hashed(request, await this.#digest(algorithm, task.file.slice(offset, offset + length), abort.signal));
    } catch {
      told = events.broke(request, abort.signal.aborted ? Cause.brokenOff : Cause.sourceUnreadable);
    }
    this.#flights.delete(request);
    this.#host.push(told);
  }

  #begin(request: number, task: Task | undefined): AbortController {
    const abort = new AbortController();
    this.#flights.set(request, { task, abort });
    return abort;
  }

  #digest(algorithm: number, bytes: Blob, signal: AbortSignal): Promise<Uint8Array> {
    const { hashing } = this.#host;
    const digest = hashing ? hashing.digest(algorithm, bytes, signal) : Promise.reject(new Error("there is no engine"));
    digest.catch(() => undefined); // it is awaited later, or not at all
    return digest;
  }
}

/** The bytes of the file that a request carries, if it carries any. */
function sliceOf(action: Frame, operation: string, task: Task | undefined): Blob | undefined {
  const { x: offset, y: length } = action;
  const isForm = field(action, "formHead") !== undefined;
  if (!task || (!isForm && (action.body || (length === 0 && operation !== "PutObject")))) return undefined;
  return task.file.slice(offset, offset + length);
}

function bodyOf(action: Frame, slice: Blob | undefined): Blob | Uint8Array | null {
  const head = field(action, "formHead");
  if (!slice || head === undefined || !action.body) return slice ?? action.body ?? null;
  const around = new Uint8Array(action.body);
  const at = Number(head);
  return new Blob([around.subarray(0, at), slice, around.subarray(at)]);
}

/** The event that ends a request: an answer goes with its digest, and without it is none. */
async function answerOf(
  request: number, answer: Answered, digest: Promise<Uint8Array> | undefined, signal: AbortSignal,
): Promise<Frame> {
  try {
    return events.answered(request, answer, await digest);
  } catch {
    return events.broke(request, signal.aborted ? Cause.brokenOff : Cause.sourceUnreadable);
  }
}

/** Carries out what the engine asks for about bytes: requests, with their digests beside them, and digests alone. */
import { events } from "./events.js";
import { field, type Frame } from "./frame.js";
import type { Hashing } from "./hashing.js";
import { Event } from "./protocol.js";
import type { Task } from "./task.js";
import { carry, Cause, type Carried, type Outcome } from "./transport.js";

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
    const { request, b: part } = action;
    const operation = field(action, "operation") ?? "";
    const about: About = { id: request, operation, task, part };
    const abort = this.#begin(request, task);
    this.#host.tell("request", about, 0);
    const told = await this.#exchange(action, operation, task, abort);
    if (told.kind === Event.broke && told.a === Cause.sourceUnreadable) task?.lost();
    this.#flights.delete(request);
    this.#host.tell("response", about, told.kind === Event.answered ? told.b : 0);
    this.#host.push(told);
  }

  /** Sends a request, and returns the event that ends it. */
  async #exchange(action: Frame, operation: string, task: Task | undefined, abort: AbortController): Promise<Frame> {
    const { request, a: algorithm } = action;
    let content: Content | undefined;
    try {
      content = hasContent(action, operation) && task ? await contentOf(action, task) : undefined;
    } catch {
      return events.broke(request, Cause.sourceUnreadable);
    }
    const slice = content instanceof Blob ? content : undefined;
    const digest = algorithm !== 0 && content ? this.#digest(algorithm, content, abort.signal) : undefined;
    digest?.catch(() => undefined); // it is awaited later, or not at all
    const replaced = operation === "CompleteMultipartUpload" && task && (await this.#host.replaced(task));
    if (replaced) return events.broke(request, Cause.sourceChanged);
    const outcome = await carry({
      method: field(action, "method") ?? "PUT",
      url: field(action, "url") ?? "",
      headers: action.fields.filter(([name]) => !ownFields.includes(name)),
      body: bodyOf(action, content),
      source: slice && slice.size === 0 ? task?.file : slice,
      // A digest reads the whole part. If that is lost no harm is done: it is sent again, or never joined.
      read: operation === "UploadPart" && slice?.size ? digest : undefined,
      quiet: field(action, "formHead") !== undefined,
      sent: (bytes) => this.#host.sent(request, bytes),
    }, abort.signal).catch((cause: unknown): Outcome => {
      if (task) this.#host.refused(task, operation, cause);
      return { kind: "broke", cause: Cause.refused };
    });
    if (outcome.kind === "answered") return answerOf(request, outcome, digest, abort.signal);
    abort.abort(); // nobody wants the digest any more
    return events.broke(request, outcome.cause);
  }

  /** A digest before anything is sent. */
  async hash(action: Frame, task: Task): Promise<void> {
    const { request, a: algorithm } = action;
    const abort = this.#begin(request, task);
    let told: Frame;
    try {
      told = events.hashed(request, await this.#digest(algorithm, await contentOf(action, task), abort.signal));
    } catch {
      task.lost();
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

  async #digest(algorithm: number, content: Content, signal: AbortSignal): Promise<Uint8Array> {
    const { hashing } = this.#host;
    if (!hashing) throw new Error("there is no engine");
    return content instanceof Blob ? hashing.digest(algorithm, content, signal) : hashing.digestNow(algorithm, content);
  }
}

/** Bytes of a file: of a small one in memory. */
type Content = Blob | Uint8Array<ArrayBuffer>;

/** A request carries bytes of the file. */
function hasContent({ body, y: length, fields }: Frame, operation: string): boolean {
  return fields.some(([name]) => name === "formHead") || (!body && (length > 0 || operation === "PutObject"));
}

/** The bytes of the file that an action is about; rejects where a small file cannot be read. */
async function contentOf({ x: offset, y: length }: Frame, task: Task): Promise<Content> {
  const whole = offset === 0 && length === task.size ? task.bytes() : undefined;
  return whole ?? task.slice(offset, length);
}

function bodyOf({ body, fields }: Frame, content: Content | undefined): Carried["body"] {
  const head = fields.find(([name]) => name === "formHead")?.[1];
  if (!content) return body ?? null;
  if (head === undefined || !body) return content instanceof Blob ? content : content.buffer;
  const at = Number(head);
  if (content instanceof Blob) return new Blob([new Uint8Array(body.subarray(0, at)), content, new Uint8Array(body.subarray(at))]);
  const form = new Uint8Array(body.length + content.length);
  form.set(body.subarray(0, at));
  form.set(content, at);
  form.set(body.subarray(at), at + content.length);
  return form.buffer;
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

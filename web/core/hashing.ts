/**
 * The page's side of its worker: digests are computed there while the same
 * bytes are sent, and where no worker can be had, here, a piece at a time.
 */
import { digestNow, digestOf } from "./digest.js";
import type { Instance } from "./instance.js";
import type { Answer, Port, Question } from "./workerport.js";

/** How long a worker may take to load its script and start, in milliseconds. */
const startMillis = 10_000;

/** Where the worker's script is; false: there shall be none. */
export type WorkerSource = string | URL | false;

interface Waiting {
  readonly algorithm: number;
  readonly bytes: Blob;
  readonly signal: AbortSignal;
  resolve(digest: Uint8Array | Promise<Uint8Array>): void;
  reject(reason: unknown): void;
}

/**
 * Hashing computes digests, in a worker that it starts when the first one is
 * wanted. It never fails for want of a worker.
 */
export class Hashing {
  readonly #module: WebAssembly.Module;
  readonly #here: Instance;
  readonly #source: WorkerSource;
  #worker: Worker | undefined;
  /** Resolves to the worker's end of the line, once it is ready, or to undefined. */
  #starting: Promise<Port | undefined> | undefined;
  #port: Port | undefined;
  #waiting = new Map<number, Waiting>();
  #wakes = new Map<number, () => void>();
  #next = 1;

  /** here is an instance of module on the page's own thread. */
  constructor(module: WebAssembly.Module, here: Instance, source: WorkerSource) {
    this.#module = module;
    this.#here = here;
    this.#source = source;
  }

  /** Whether digests go to the worker. */
  get inWorker(): boolean {
    return this.#port !== undefined;
  }

  /**
   * The digest of bytes by algorithm, an s3.Algorithm. Rejects with a
   * DOMException when they cannot be read, or when signal is aborted.
   */
  async digest(algorithm: number, bytes: Blob, signal: AbortSignal): Promise<Uint8Array> {
    this.#starting ??= this.#start();
    const port = await this.#starting;
    signal.throwIfAborted();
    if (!port || port !== this.#port) return digestOf(this.#here, algorithm, bytes, signal);
    const number = this.#next++;
    const drop = (): void => {
      const waiting = this.#waiting.get(number);
      this.#waiting.delete(number);
      waiting?.reject(signal.reason);
      this.#ask({ kind: "drop", number });
    };
    signal.addEventListener("abort", drop);
    try {
      return await new Promise<Uint8Array>((resolve, reject) => {
        this.#waiting.set(number, { algorithm, bytes, signal, resolve, reject });
        this.#ask({ kind: "digest", number, algorithm, bytes });
      });
    } finally {
      signal.removeEventListener("abort", drop);
    }
  }

  /** The digest of a small file, which takes less time than to ask the worker for it. */
  digestNow(algorithm: number, bytes: Uint8Array): Uint8Array {
    return digestNow(this.#here, algorithm, [bytes]);
  }

  /** Calls woken after so many milliseconds, by the worker's clock; undefined when there is none running. Returns how not to. */
  after(millis: number, woken: () => void): (() => void) | undefined {
    if (!this.#port) return undefined;
    const number = this.#next++;
    this.#wakes.set(number, woken);
    this.#ask({ kind: "wake", number, millis });
    return () => {
      if (this.#wakes.delete(number)) this.#ask({ kind: "drop", number });
    };
  }

  /** Ends the worker. What is wanted later is computed here. */
  close(): void {
    this.#starting = Promise.resolve(undefined);
    this.#giveUp();
  }

  #ask(question: Question): void {
    this.#port?.postMessage(question);
  }

  #start(): Promise<Port | undefined> {
    if (this.#source === false || typeof Worker === "undefined") return Promise.resolve(undefined);
    let worker: Worker;
    try {
      worker = new Worker(this.#source);
    } catch {
      return Promise.resolve(undefined); // the script is on another origin, or the CSP forbids workers
    }
    this.#worker = worker;
    return new Promise((resolve) => {
      const failed = (): void => {
        clearTimeout(timer);
        this.#giveUp();
        resolve(undefined);
      };
      const timer = setTimeout(failed, startMillis);
      worker.onerror = (event) => {
        event.preventDefault(); // nothing is lost: it goes on here
        failed();
      };
      worker.onmessageerror = failed;
      worker.onmessage = ({ data }: MessageEvent<Answer>) => {
        if (data.kind === "ready") {
          clearTimeout(timer);
          this.#port = worker;
          resolve(worker);
        } else if (data.kind === "broken") failed();
        else this.#take(data);
      };
      worker.postMessage({ kind: "module", module: this.#module } satisfies Question);
    });
  }

  #take(answer: Answer): void {
    switch (answer.kind) {
      case "digest":
        this.#waiting.get(answer.number)?.resolve(answer.digest);
        this.#waiting.delete(answer.number);
        break;
      case "unreadable":
        this.#waiting.get(answer.number)?.reject(new DOMException("the file cannot be read", "NotReadableError"));
        this.#waiting.delete(answer.number);
        break;
      case "wake":
        this.#wakes.get(answer.number)?.();
        this.#wakes.delete(answer.number);
        break;
      default:
    }
  }

  /** There is no worker any more: what it was asked is done here. */
  #giveUp(): void {
    this.#port = undefined;
    this.#worker?.terminate();
    this.#worker = undefined;
    const waiting = [...this.#waiting.values()];
    const wakes = [...this.#wakes.values()];
    this.#waiting.clear();
    this.#wakes.clear();
    for (const { algorithm, bytes, signal, resolve } of waiting) resolve(digestOf(this.#here, algorithm, bytes, signal));
    for (const woken of wakes) woken();
  }
}

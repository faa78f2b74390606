/**
 * Fine Uploader's promise, and what the drop-in does with any other: pages give
 * back theirs, the browser's, or none at all.
 *
 * It is not a Promise of the language: its handlers run at once, also those that
 * are registered after it is settled, and then() gives back the same promise.
 */

type Handler = (...args: never[]) => unknown;

/** Anything that can be waited for. */
export interface Thenable {
  then(ok: (...args: unknown[]) => unknown, fail: (...args: unknown[]) => unknown): unknown;
}

export class QqPromise {
  #settled: "kept" | "broken" | undefined;
  #args: unknown[] = [];
  #kept: Handler[] = [];
  #broken: Handler[] = [];
  #either: Handler[] = [];

  /** Calls ok with what success was given, or fail with what failure was. */
  then(ok?: Handler, fail?: Handler): this {
    if (this.#settled === undefined) {
      if (ok) this.#kept.push(ok);
      if (fail) this.#broken.push(fail);
    } else {
      const handler = this.#settled === "kept" ? ok : fail;
      if (handler) this.#call(handler);
    }
    return this;
  }

  /** Calls handler in either case. */
  done(handler: Handler): this {
    if (this.#settled === undefined) this.#either.push(handler);
    else this.#call(handler);
    return this;
  }

  success(...args: unknown[]): this {
    return this.#settle("kept", args);
  }

  failure(...args: unknown[]): this {
    return this.#settle("broken", args);
  }

  #settle(how: "kept" | "broken", args: unknown[]): this {
    this.#settled = how;
    this.#args = args;
    const handlers = [...(how === "kept" ? this.#kept : this.#broken), ...this.#either];
    this.#kept = [];
    this.#broken = [];
    this.#either = [];
    for (const handler of handlers) this.#call(handler);
    return this;
  }

  #call(handler: Handler): void {
    (handler as (...args: unknown[]) => unknown)(...this.#args);
  }
}

export function isThenable(value: unknown): value is Thenable {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** Goes on with value: at once, or when it is settled, if it can be waited for. */
export function when(value: unknown, ok: (value: unknown) => void, fail: (reason: unknown) => void): void {
  if (isThenable(value)) value.then(ok, fail);
  else ok(value);
}

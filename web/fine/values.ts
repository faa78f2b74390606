/** What may be said for all files, or for one: parameters, endpoints, headers, access. */
import { copyOf } from "./objects.js";

export class PerFile<T> {
  #initial: T;
  #general: T;
  #own = new Map<number, T>();

  constructor(general: T) {
    this.#initial = copyOf(general);
    this.#general = this.#initial;
  }

  /** Without an id: for all files, in place of what was said for each. */
  set(value: T, id?: number | null): void {
    if (id === undefined || id === null) {
      this.#own.clear();
      this.#general = copyOf(value);
    } else this.#own.set(id, copyOf(value));
  }

  get(id?: number | null): T {
    const own = id === undefined || id === null ? undefined : this.#own.get(id);
    return copyOf(own === undefined ? this.#general : own);
  }

  forget(id: number): void {
    this.#own.delete(id);
  }

  reset(): void {
    this.#own.clear();
    this.#general = this.#initial;
  }
}

/**
 * The connections that files share: so many at once, in order. A file that sends
 * parts at the same time takes as many as are free when it starts, and gives them
 * up one by one as its last parts go out.
 */
export class Slots {
  readonly #most: number;
  readonly #start: (id: number) => void;
  readonly #taken = new Map<number, number>();
  #waiting: number[] = [];
  /** Nothing starts while the present one is being started. */
  #starting = false;

  constructor(most: number, start: (id: number) => void) {
    this.#most = Math.max(most, 1);
    this.#start = start;
  }

  get free(): number {
    let free = this.#most;
    for (const weight of this.#taken.values()) free -= weight;
    return Math.max(free, 0);
  }

  has(id: number): boolean {
    return this.#taken.has(id);
  }

  waits(id: number): boolean {
    return this.#waiting.includes(id);
  }

  /** Takes a connection for id; false: it waits for one. */
  take(id: number): boolean {
    if (this.#taken.has(id)) return true;
    if (this.free === 0 || this.#waiting.length > 0) {
      if (!this.#waiting.includes(id)) this.#waiting.push(id);
      return false;
    }
    this.#taken.set(id, 1);
    return true;
  }

  /** id, which has a connection, takes as many as it can use; returns how many it has. */
  widen(id: number, most: number): number {
    const has = this.#taken.get(id) ?? 0;
    if (has === 0) return 1;
    const wide = Math.max(Math.min(has + this.free, most), 1);
    this.#taken.set(id, wide);
    return wide;
  }

  /** id needs no more than so many any longer. */
  narrow(id: number, most: number): void {
    const has = this.#taken.get(id);
    if (has === undefined || has <= most) return;
    this.#taken.set(id, Math.max(most, 1));
    this.#next();
  }

  /** id gives up what it has, or waits for. */
  release(id: number): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting !== id);
    if (this.#taken.delete(id)) this.#next();
  }

  /** All that wait, in order, and then all that have one. */
  clear(): void {
    this.#waiting = [];
    this.#taken.clear();
  }

  get holders(): { waiting: readonly number[]; taken: readonly number[] } {
    return { waiting: [...this.#waiting], taken: [...this.#taken.keys()] };
  }

  #next(): void {
    if (this.#starting) return;
    this.#starting = true;
    while (this.free > 0) {
      const id = this.#waiting.shift();
      if (id === undefined) break;
      this.#taken.set(id, 1);
      this.#start(id);
    }
    this.#starting = false;
  }
}

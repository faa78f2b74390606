/** How far all files are together. */
export class TotalProgress {
  readonly #tell: (loaded: number, total: number) => void;
  readonly #files = new Map<number, { loaded: number; total: number }>();
  #loaded = 0;
  #total = 0;
  #told: [loaded: number, total: number] = [-1, -1];

  constructor(tell: (loaded: number, total: number) => void) {
    this.#tell = tell;
  }

  /** A file counts from now on, if it has bytes. */
  add(id: number, size: number): void {
    if (size <= 0) return;
    this.#set(id, 0, size);
    this.#say();
  }

  moved(id: number, loaded: number, total: number): void {
    this.#set(id, loaded, total);
    this.#say();
  }

  /** A file does not count any more. */
  drop(id: number): void {
    this.#set(id, 0, 0);
    this.#files.delete(id);
    this.#say();
  }

  /** Nothing goes on: that is said as everything, and what comes next counts from the beginning. */
  end(): void {
    this.#loaded = this.#total;
    this.#say();
    this.clear();
  }

  clear(): void {
    this.#files.clear();
    this.#loaded = this.#total = 0;
  }

  #set(id: number, loaded: number, total: number): void {
    const before = this.#files.get(id);
    this.#loaded += loaded - (before?.loaded ?? 0);
    this.#total += total - (before?.total ?? 0);
    this.#files.set(id, { loaded, total });
  }

  #say(): void {
    if (this.#told[0] === this.#loaded && this.#told[1] === this.#total) return;
    this.#told = [this.#loaded, this.#total];
    this.#tell(this.#loaded, this.#total);
  }
}

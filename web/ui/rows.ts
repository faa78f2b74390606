import type { UploadTask } from "../core/api.js";
import { Heights } from "./heights.js";

/** The first and the last row of a stretch; none when last < first. */
export interface Stretch {
  readonly first: number;
  readonly last: number;
}

/**
 * The list as it stands: tasks in the order they were added, but for those that
 * left, and the heights of their rows as far as they have been seen.
 */
export class Rows {
  #tasks: UploadTask[] = [];
  #indexes = new Map<number, number>();
  #heights = new Heights();
  readonly #estimate: (task: UploadTask) => number;

  /** estimate is the height in pixels of a row that has not been seen. */
  constructor(estimate: (task: UploadTask) => number) {
    this.#estimate = estimate;
  }

  get length(): number {
    return this.#tasks.length;
  }

  /** The height of all rows, in pixels. */
  get height(): number {
    return this.#heights.total;
  }

  at(index: number): UploadTask | undefined {
    return this.#tasks[index];
  }

  /** -1 when it is not in the list. */
  indexOf(task: { readonly id: number }): number {
    return this.#indexes.get(task.id) ?? -1;
  }

  push(task: UploadTask): void {
    this.#indexes.set(task.id, this.#tasks.length);
    this.#tasks.push(task);
    this.#heights.push(this.#estimate(task));
  }

  /** Puts another task into a task's place. */
  replace(old: UploadTask, task: UploadTask): void {
    const index = this.indexOf(old);
    if (index < 0) {
      this.push(task);
      return;
    }
    this.#indexes.delete(old.id);
    this.#indexes.set(task.id, index);
    this.#tasks[index] = task;
    this.#heights.set(index, this.#estimate(task));
  }

  /** Takes rows out, however many, in one go through the list. */
  remove(gone: ReadonlySet<UploadTask>): void {
    const tasks = this.#tasks;
    const heights = tasks.map((_, i) => this.#heights.at(i));
    this.clear();
    tasks.forEach((task, i) => {
      if (gone.has(task)) return;
      this.#indexes.set(task.id, this.#tasks.length);
      this.#tasks.push(task);
      this.#heights.push(heights[i] ?? 0);
    });
  }

  clear(): void {
    this.#tasks = [];
    this.#indexes.clear();
    this.#heights.clear();
  }

  /** Goes back to the estimate, because the task is in another state now; returns by how much the row grew. */
  forgetHeight(task: UploadTask): number {
    const index = this.indexOf(task);
    return index < 0 ? 0 : this.#heights.set(index, this.#estimate(task));
  }

  /** Takes the height that a row really has; returns by how much it grew. */
  setHeight(index: number, height: number): number {
    return this.#heights.set(index, height);
  }

  /** Where a row begins, in pixels from the top of the list. */
  offset(index: number): number {
    return this.#heights.offset(index);
  }

  /** The rows that a window of the list touches. */
  within(top: number, height: number): Stretch {
    if (this.#tasks.length === 0) return { first: 0, last: -1 };
    return { first: this.#heights.rowAt(top), last: this.#heights.rowAt(top + height) };
  }
}

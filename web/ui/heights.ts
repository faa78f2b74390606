/**
 * Heights of a list's rows, in pixels, with the sums that a list needs which
 * shows only the rows on screen. Setting one, adding one, and finding a row by
 * its offset take logarithmic time (a binary indexed tree), so that 100,000 rows
 * cost no more than a hundred.
 */
export class Heights {
  #length = 0;
  #heights = new Float64Array(64);
  /** #tree[k] is the sum of the lowbit(k) heights that end at row k - 1. */
  #tree = new Float64Array(65);

  get length(): number {
    return this.#length;
  }

  get total(): number {
    return this.offset(this.#length);
  }

  at(row: number): number {
    return row < this.#length ? (this.#heights[row] ?? 0) : 0;
  }

  push(height: number): void {
    if (this.#length === this.#heights.length) this.#grow();
    const k = ++this.#length;
    this.#heights[k - 1] = height;
    let sum = height;
    for (let j = k - 1; j > k - lowbit(k); j -= lowbit(j)) sum += this.#tree[j] ?? 0;
    this.#tree[k] = sum;
  }

  /** Changes one height and returns by how much it grew. */
  set(row: number, height: number): number {
    const grew = height - this.at(row);
    if (row >= this.#length || grew === 0) return 0;
    this.#heights[row] = height;
    for (let k = row + 1; k <= this.#length; k += lowbit(k)) this.#tree[k] = (this.#tree[k] ?? 0) + grew;
    return grew;
  }

  /** Where a row begins. */
  offset(row: number): number {
    let sum = 0;
    for (let k = Math.min(row, this.#length); k > 0; k -= lowbit(k)) sum += this.#tree[k] ?? 0;
    return sum;
  }

  /** The row that covers an offset; the first or last one outside the list, and 0 when it is empty. */
  rowAt(offset: number): number {
    let row = 0;
    let left = offset;
    for (let step = 2 ** Math.floor(Math.log2(this.#length || 1)); step >= 1; step /= 2) {
      const sum = this.#tree[row + step] ?? 0;
      if (row + step <= this.#length && sum <= left) {
        row += step;
        left -= sum;
      }
    }
    return Math.max(0, Math.min(row, this.#length - 1));
  }

  clear(): void {
    this.#length = 0;
  }

  #grow(): void {
    const heights = new Float64Array(this.#heights.length * 2);
    heights.set(this.#heights);
    const tree = new Float64Array(heights.length + 1);
    tree.set(this.#tree);
    this.#heights = heights;
    this.#tree = tree;
  }
}

function lowbit(k: number): number {
  return k & -k;
}

/** How far back the speed looks, in milliseconds: long enough not to jump, short enough to notice. */
const windowMillis = 5000;

/** Before so many milliseconds of transfer a speed would be a guess. */
const settleMillis = 1000;

/** Counts that come closer together than this, in milliseconds, are one. */
const sampleMillis = 100;

interface Sample {
  at: number;
  bytes: number;
}

/** Speed is the mean over the last 5 s of a counter of bytes. */
export class Speed {
  readonly #samples: Sample[] = [];

  /**
   * Takes the counter's value at a time in milliseconds. A counter that falls,
   * because a file was dropped or a part is sent again, is no negative speed:
   * the past is lowered with it.
   */
  add(at: number, bytes: number): void {
    const samples = this.#samples;
    const last = samples.at(-1);
    if (last && bytes < last.bytes) {
      const fell = last.bytes - bytes;
      for (const sample of samples) sample.bytes -= fell;
    }
    const before = samples.at(-2);
    if (last && before && at - before.at < sampleMillis) {
      last.at = at;
      last.bytes = bytes;
    } else {
      samples.push({ at, bytes });
    }
    // The newest sample at or before the window's start stays: it is where the window begins.
    while (samples[1] && samples[1].at <= at - windowMillis) samples.shift();
  }

  /** Bytes a second at a time in milliseconds; undefined while it is not known. */
  rate(at: number): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last) return undefined;
    const elapsed = at - first.at;
    if (elapsed < settleMillis) return undefined;
    return ((last.bytes - first.bytes) / elapsed) * 1000;
  }
}

/**
 * What this page knows of the time: its computer's clock, corrected by those who
 * gave it credentials. They say when credentials end, so it is by their clock
 * that credentials are judged, before any store has been asked anything.
 *
 * It is one for the page, as the computer's clock is.
 */

/** The least difference that is worth correcting, in milliseconds: a Date has whole seconds and is as old as its answer's way. */
const minSkewMillis = 30_000;

class Clock {
  #skew = 0;

  /** Theirs less this computer's, in milliseconds; 0 while they agree, or nobody was asked. */
  get skew(): number {
    return this.#skew;
  }

  /** Milliseconds since 1970, as they have it. */
  now(): number {
    return Date.now() + this.#skew;
  }

  /** Learns from the Date of an answer, where a page may see it (Fetch Standard, Access-Control-Expose-Headers). */
  learn(date: string | null): void {
    const theirs = date === null ? Number.NaN : Date.parse(date);
    if (Number.isNaN(theirs) || theirs <= 0) return;
    const skew = theirs - Date.now();
    if (Math.abs(skew - this.#skew) >= minSkewMillis) this.#skew = Math.abs(skew) < minSkewMillis ? 0 : skew;
  }
}

export const clock = new Clock();

/** Wakes the engine when it wants to be, as punctually as the browser lets a page be. */

/** The longest time that setTimeout takes, in milliseconds. */
const maxMillis = 2 ** 31 - 1;

/** What keeps time beside the page's own timers, where it runs. */
export type Helper = (millis: number, woken: () => void) => (() => void) | undefined;

/**
 * Alarm calls woken at the reading of performance.now() that was set last.
 *
 * In a page that nobody sees, browsers let timers come once a second, and
 * Chromium once a minute after five of them. A worker's timers are left alone,
 * so helper is asked as well; without one a retry may come late there, and a
 * stall is seen late. Answers of requests come at once all the same.
 */
export class Alarm {
  readonly #woken: () => void;
  readonly #helper: Helper;
  #at: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopHelper: (() => void) | undefined;

  constructor(woken: () => void, helper: Helper) {
    this.#woken = woken;
    this.#helper = helper;
  }

  /** at is in milliseconds of performance.now(); undefined: not at all. */
  set(at: number | undefined): void {
    if (at === this.#at) return;
    this.#stop();
    this.#at = at;
    if (at === undefined) return;
    const millis = Math.min(Math.max(Math.ceil(at - performance.now()), 0), maxMillis);
    const ring = (): void => {
      this.#stop();
      this.#woken();
    };
    this.#timer = setTimeout(ring, millis);
    if (typeof document !== "undefined" && document.hidden) this.#stopHelper = this.#helper(millis, ring);
  }

  /** Sets the same again, because the page has come into sight or gone out of it. */
  again(): void {
    const at = this.#at;
    this.set(undefined);
    this.set(at);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#stopHelper?.();
    this.#timer = this.#stopHelper = this.#at = undefined;
  }
}

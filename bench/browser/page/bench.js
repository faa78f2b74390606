/**
 * The page of the browser benchmark. Go chooses files, calls prepare, reads the
 * processes' counters, calls begin, and gets a report when all is stored.
 *
 * A contestant is a module with prepare(store), which is not measured, and
 * returns upload(files), which is. floor.js says what store is.
 */

/** How often the page looks whether it can still paint, in milliseconds. */
const lookMillis = 50;

let upload;
let files = [];

const bench = {
  /** Counts what was chosen; folders are read in the background. */
  count: () => chosen().length,

  async prepare(contestant, variant, store) {
    files = chosen();
    const module = await import(`./${contestant}.js`);
    upload = await module.prepare(store, variant);
  },

  /** Returns at once: whoever called must not disturb. */
  begin() {
    const watch = new Watch();
    const begun = performance.now();
    upload(files).then(
      () => ({ millis: performance.now() - begun }),
      (error) => ({ error: `${error?.name}: ${error?.message ?? error}` }),
    ).then((told) => fetch("/report", { method: "POST", body: JSON.stringify({ ...told, ...watch.end() }) }));
  },
};

function chosen() {
  const inputs = [...document.querySelectorAll("input")].map(({ files }) => [...files]);
  return inputs.flat();
}

/**
 * Watches how long the page's thread is taken: tasks over 50 ms, which the
 * browser counts, and how late a frame comes that is asked for every 50 ms.
 * Asking for each frame would be work of its own.
 */
class Watch {
  #tasks = [];
  #latest = 0;
  #timer;
  #observer;

  constructor() {
    this.#observer = new PerformanceObserver((list) => this.#tasks.push(...list.getEntries()));
    this.#observer.observe({ type: "longtask" });
    let before = performance.now();
    const look = () => {
      requestAnimationFrame(() => {
        const now = performance.now();
        // A timer on time and a frame at once are no delay.
        this.#latest = Math.max(this.#latest, now - before - lookMillis);
        before = now;
        this.#timer = setTimeout(look, lookMillis);
      });
    };
    this.#timer = setTimeout(look, lookMillis);
  }

  end() {
    clearTimeout(this.#timer);
    this.#tasks.push(...this.#observer.takeRecords());
    this.#observer.disconnect();
    const long = this.#tasks.map(({ duration }) => duration);
    return { longTasks: long.length, longestTask: Math.max(0, ...long), longestFrame: this.#latest };
  }
}

window.bench = bench;

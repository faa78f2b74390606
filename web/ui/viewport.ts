import type { Rows } from "./rows.js";

/** Rows outside the window that are there already when it scrolls, in pixels. */
const overscan = 300;

/** Of the window, before the browser has laid it out. */
const likelyHeight = 640;

/**
 * Shows only the rows that a scrolling window touches. Rows are placed and
 * measured through the CSSOM: a style attribute in markup would need
 * style-src 'unsafe-inline'.
 */
export class Viewport {
  /** Of a part map, in pixels. */
  mapWidth = 600;
  /** Of a row that was not seen yet, in pixels. */
  rowHeight = 65;

  #scroller: HTMLElement | undefined;
  /** Pixels that the list grew above the window, to scroll by so that nothing on screen moves. */
  #scrollBy = 0;
  readonly #resized: ResizeObserver;

  /** changed is called when other rows have to be shown. */
  constructor(changed: () => void) {
    this.#resized = new ResizeObserver(changed);
  }

  attach(scroller: HTMLElement | undefined): void {
    if (scroller === this.#scroller) return;
    this.#resized.disconnect();
    this.#scroller = scroller;
    this.#scrollBy = 0;
    if (scroller) this.#resized.observe(scroller);
  }

  /** The rows to show, in order; kept is one that has to be among them, or -1. */
  shown(rows: Rows, kept: number): number[] {
    const top = (this.#scroller?.scrollTop ?? 0) + this.#scrollBy;
    const height = this.#scroller?.clientHeight || likelyHeight;
    const { first, last } = rows.within(Math.max(0, top - overscan), height + 2 * overscan);
    const shown = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    if (kept >= 0 && kept < first) shown.unshift(kept);
    if (kept > last) shown.push(kept);
    return shown;
  }

  /** Takes note that a row which is not measured again grew. */
  grew(rows: Rows, index: number, pixels: number): void {
    const scrolled = this.#scroller?.scrollTop ?? 0;
    if (rows.offset(index + 1) - pixels <= scrolled) this.#scrollBy += pixels;
  }

  /** Measures and places what was just painted. Returns whether heights were not as expected. */
  layOut(rows: Rows): boolean {
    const scroller = this.#scroller;
    const list = scroller?.firstElementChild;
    if (!(list instanceof HTMLElement) || !scroller) return false;
    const shown: { row: HTMLElement; index: number }[] = [];
    for (const row of list.children) {
      if (row instanceof HTMLElement) shown.push({ row, index: Number(row.getAttribute("aria-posinset")) - 1 });
    }
    let grew = false;
    for (const { row, index } of shown) {
      const pixels = rows.setHeight(index, row.getBoundingClientRect().height);
      if (pixels !== 0) this.grew(rows, index, pixels);
      grew ||= pixels !== 0;
    }
    this.#measure(list);
    for (const { row, index } of shown) row.style.insetBlockStart = `${rows.offset(index)}px`;
    list.style.blockSize = `${rows.height}px`;
    if (this.#scrollBy !== 0) {
      scroller.scrollTop += this.#scrollBy;
      this.#scrollBy = 0;
    }
    return grew;
  }

  scrollTo(rows: Rows, index: number): void {
    const scroller = this.#scroller;
    if (!scroller) return;
    scroller.scrollTop = Math.max(0, rows.offset(index) - scroller.clientHeight / 3);
  }

  #measure(list: HTMLElement): void {
    const map = list.querySelector(".map:not(.thin)");
    if (map) this.mapWidth = Math.max(1, Math.round(map.getBoundingClientRect().width));
    const plain = list.querySelector('[data-state="queued"], [data-state="done"]');
    if (plain) this.rowHeight = plain.getBoundingClientRect().height;
  }
}

/** The least time between two announcements, in milliseconds: a screen reader shall not talk without end. */
export const quietMillis = 5000;

/** What is worth saying aloud. */
export type News =
  | "stored" | "skipped" | "failed" | "held" | "released" | "cancelled" | "copied" | "offline" | "online" | "resumed" | "conflict";

/** News that is taken back by other news, if it has not been said yet. */
const undone: Partial<Record<News, News>> = { released: "held", online: "offline", held: "released", offline: "online" };

/** Collects news and hands it out at most once in 5 s. */
export class Announcer {
  #counts = new Map<News, number>();
  #said = -Infinity;

  /** Adds so many of a kind. Held and released undo each other, and so do offline and online. */
  add(news: News, count = 1): void {
    const before = undone[news];
    const took = before !== undefined && this.#counts.delete(before);
    if (took && (news === "released" || news === "online")) return; // as it was when somebody last listened
    this.#counts.set(news, (this.#counts.get(news) ?? 0) + count);
  }

  /** Milliseconds until there is something to say; undefined when there is nothing. */
  wait(now: number): number | undefined {
    if (this.#counts.size === 0) return undefined;
    return Math.max(0, this.#said + quietMillis - now);
  }

  /** What to say now, in the order it happened first. */
  take(now: number): readonly (readonly [News, number])[] {
    if (this.wait(now) !== 0) return [];
    const news = [...this.#counts];
    this.#counts.clear();
    this.#said = now;
    return news;
  }
}

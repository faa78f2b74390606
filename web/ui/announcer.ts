/** The least time between two announcements, in milliseconds: a screen reader shall not talk without end. */
export const quietMillis = 5000;

/** What is worth saying aloud. */
export type News = "stored" | "failed" | "held" | "released" | "cancelled" | "copied";

/** Collects news and hands it out at most once in 5 s. */
export class Announcer {
  #counts = new Map<News, number>();
  #said = -Infinity;

  /** Adds so many of a kind. Held and released undo each other. */
  add(news: News, count = 1): void {
    if (news === "held") this.#counts.delete("released");
    if (news === "released" && this.#counts.delete("held")) return;
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

/** What a page hears of its surroundings. */
export interface Surroundings {
  offline(): void;
  online(): void;
  /** The page has come into sight, or gone out of it. */
  shown(): void;
}

/** Listens to the browser until the answer is called; nothing happens where there is none, as in Node. */
export function watchPage(told: Surroundings): () => void {
  if (typeof addEventListener === "undefined") return () => undefined;
  const listening = new AbortController();
  const { signal } = listening;
  addEventListener("offline", () => told.offline(), { signal });
  addEventListener("online", () => told.online(), { signal });
  if (typeof document !== "undefined") document.addEventListener("visibilitychange", () => told.shown(), { signal });
  return () => listening.abort();
}

/** The browser knows that there is no network. That there is one it only hopes. */
export function isOffline(): boolean {
  return typeof navigator !== "undefined" && navigator.onLine === false;
}

/**
 * Names that one tab, or one user within a tab, has for itself. A lock ends with
 * release, or with the page: a tab that is closed or crashes holds nothing.
 */
export interface Locks {
  /** Takes name, or says at once that somebody else has it. */
  take(name: string): Promise<boolean>;
  /** Gives a taken name up; another may have it soon after. */
  release(name: string): void;
  /** Gives everything up. */
  close(): void;
}

/** The best locks that this page has, on names after space. */
export function openLocks(space: string): Locks {
  // Only pages from https and from this machine have Web Locks.
  return "locks" in navigator && navigator.locks ? webLocks(space) : channelLocks(space);
}

/** Locks that the browser keeps, over all tabs and workers of the origin. */
export function webLocks(space: string): Locks {
  const releases = new Map<string, () => void>();
  let closed = false;
  const release = (name: string): void => {
    releases.get(name)?.();
    releases.delete(name);
  };
  return {
    take: (name) =>
      new Promise((resolve, reject) => {
        const holding = navigator.locks.request(`${space}:${name}`, { ifAvailable: true }, (lock) => {
          const ours = !!lock && !closed; // it may come after close
          resolve(ours);
          if (!ours) return undefined;
          return new Promise<void>((end) => releases.set(name, end));
        });
        holding.catch(reject);
      }),
    release,
    close: () => {
      closed = true;
      for (const name of [...releases.keys()]) release(name);
    },
  };
}

/** How long a tab has to answer that a name is its own, in milliseconds. */
const answerMillis = 400;

/** What tabs tell each other: who wants a name, who has it, and who comes before another that asks. from is who says it. */
interface Message {
  kind: "ask" | "mine" | "before";
  name: string;
  from: string;
}

/**
 * Locks for pages that the browser keeps none for: whoever wants a name asks the
 * other tabs, and takes it when none says within answerMillis that it has it. Of
 * those that ask at the same time the lowest wins. It is less than a Web Lock in
 * one way: a tab that does not run, because the browser has frozen it or a script
 * keeps it busy, cannot answer and loses what it had.
 */
export function channelLocks(space: string): Locks {
  const self = Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(16)).join("-");
  const mine = new Set<string>();
  const asking = new Map<string, () => void>(); // by name: somebody has it
  const channel = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel(space);
  const say = (kind: Message["kind"], name: string): void => channel?.postMessage({ kind, name, from: self } satisfies Message);

  const ask = (name: string): Promise<boolean> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => settle(true), channel ? answerMillis : 0);
      const settle = (free: boolean): void => {
        clearTimeout(timer);
        asking.delete(name);
        resolve(free);
      };
      asking.set(name, () => settle(false));
      say("ask", name);
    });

  if (channel) {
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (!isMessage(data) || data.from === self) return;
      const { kind, name, from } = data;
      if (kind === "ask" && mine.has(name)) say("mine", name);
      else if (kind === "ask" && asking.has(name) && self < from) say("before", name);
      else if (kind === "mine" || from < self) asking.get(name)?.(); // "before" is meant for another, if it comes from behind
    };
  }
  return {
    take: async (name) => {
      if (mine.has(name) || asking.has(name)) return false;
      const free = await ask(name);
      if (free) mine.add(name);
      return free;
    },
    release: (name) => void mine.delete(name),
    close: () => {
      mine.clear();
      channel?.close();
    },
  };
}

function isMessage(data: unknown): data is Message {
  if (typeof data !== "object" || data === null) return false;
  const { kind, name, from } = data as Record<string, unknown>;
  return (kind === "ask" || kind === "mine" || kind === "before") && typeof name === "string" && typeof from === "string";
}

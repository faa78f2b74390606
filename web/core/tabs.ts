/**
 * One refresh for all tabs: of the tabs of an origin that share their
 * credentials, the one that holds a Web Lock asks for new ones, and the others
 * get them from it, over a BroadcastChannel. Nothing is stored.
 *
 * A tab that dies gives its lock up, and the next one asks. A tab takes what
 * another one says only when it is newer than what it has itself. Where a
 * browser has no Web Locks, as in pages from http://, each tab asks for itself.
 *
 * Every script of the origin can listen to a channel, and ask in it: sharing
 * puts within its reach what else is one page's. So tabs share when they are
 * told to, and under a name that says for whom, alone.
 */
import { clock } from "./clock.js";
import type { RefreshReason } from "./api.js";

/** Credentials on their way from tab to tab. */
export interface SharedCredentials {
  readonly accessKey: string;
  readonly sessionToken: string | undefined;
  /** ISO 8601. */
  readonly expiration: string;
  /** What signs: the secret, or an HMAC key that cannot be read back. */
  readonly secret: string | CryptoKey;
}

export interface TabsHost {
  /** Another tab has newer credentials. Returns whether they are in use now. */
  adopt(credentials: SharedCredentials): boolean;
}

/** The part of the platform that is used. Tests give another one. */
export interface TabsPlatform {
  readonly locks: Pick<LockManager, "request" | "query">;
  channel(name: string): BroadcastChannel;
  /** Milliseconds since 1970; the same for all tabs. */
  now(): number;
  /** A name for this tab that no other one has. */
  id(): string;
}

/**
 * How long a tab that is about to ask waits for the others to say what they
 * have, in milliseconds: they answer at once, unless the browser has frozen them.
 */
const answerMillis = 2000;

/** The longest access key ID, secret and session token that are taken from another tab, in UTF-16 units: cred's limits, and more. */
const maxTextLength = 1 << 14;

/** What tabs say. at is when credentials were given by the page, in milliseconds since 1970. */
type Message =
  /** Who has credentials? */
  | { kind: "want"; from: string }
  /** I have none that are of use; to who asked. */
  | { kind: "none"; to: string }
  /** I have these; to who asked, or to all. */
  | { kind: "have"; to: string | undefined; at: number; credentials: SharedCredentials };

interface Held {
  readonly at: number;
  readonly credentials: SharedCredentials;
}

/** Joins the tabs that share under name; undefined where this page cannot. */
export function openTabs(name: string, host: TabsHost, platform = browserTabs()): Tabs | undefined {
  return platform && new Tabs(name, host, platform);
}

function browserTabs(): TabsPlatform | undefined {
  // Only pages from https and from this machine have Web Locks.
  const locks = (globalThis.navigator as Navigator | undefined)?.locks as LockManager | undefined;
  if (!locks || typeof BroadcastChannel === "undefined") return undefined;
  return {
    locks,
    channel: (name) => new BroadcastChannel(name),
    now: () => clock.now(),
    id: () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(16)).join("-"),
  };
}

export class Tabs {
  readonly #name: string;
  readonly #host: TabsHost;
  readonly #platform: TabsPlatform;
  readonly #channel: BroadcastChannel;
  readonly #id: string;
  /** The latest that this tab has, and whether they are known to be of no use. */
  #mine: Held | undefined;
  #isBad = false;
  /** Credentials that are being made ready to be told of. */
  #telling: Promise<void> | undefined;
  /** Another tab has answered; the argument says whether with credentials that are in use now. */
  #answered: ((adopted: boolean) => void) | undefined;
  readonly #leaving = new AbortController();

  constructor(name: string, host: TabsHost, platform: TabsPlatform) {
    this.#name = name;
    this.#host = host;
    this.#platform = platform;
    this.#id = platform.id();
    this.#channel = platform.channel(name);
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isMessage(data)) this.#hear(data);
    };
    this.#bePresent();
  }

  /**
   * Runs work, which is to ask the page for credentials, while no other tab runs
   * its own; not at all when another tab's credentials came first, or signal is
   * aborted. work never rejects, and calls {@link took} for what it gets.
   */
  async once(reason: RefreshReason, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    if (reason === "refused" || reason === "invalidated") this.#isBad = true;
    let begun = false;
    try {
      await this.#platform.locks.request(`${this.#name} asks`, { signal }, async () => {
        begun = true;
        if (await this.#askOthers(signal)) return;
        // A page that does not let go keeps nobody else from asking.
        await Promise.race([work(), aborted(signal)]);
        await this.#telling;
      });
    } catch {
      // A page that is on its way out gets no locks: then it asks for itself, if anybody still waits.
      if (!begun && !signal.aborted) await work();
    }
  }

  /** The page has given credentials, which are in use now: the others get them too. */
  took(credentials: SharedCredentials | Promise<SharedCredentials | undefined>): void {
    // Later than what is known, also when the clock was set back meanwhile.
    const at = Math.max(this.#platform.now(), (this.#mine?.at ?? 0) + 1);
    this.#isBad = false;
    const tell = (ready: SharedCredentials | undefined): void => {
      if (!ready || this.#leaving.signal.aborted || (this.#mine && this.#mine.at > at)) return;
      this.#mine = { at, credentials: ready };
      this.#say({ kind: "have", to: undefined, at, credentials: ready });
    };
    if (credentials instanceof Promise) this.#telling = credentials.then(tell, () => undefined);
    else tell(credentials);
  }

  /** The page says that its credentials are over: no other tab gets them from this one. */
  expire(): void {
    this.#isBad = true;
  }

  /** Leaves, and forgets. */
  close(): void {
    this.#leaving.abort();
    this.#answered?.(false);
    this.#mine = undefined;
    this.#channel.close();
  }

  /** A shared lock, held for as long as this tab is there, lets others count who will answer. */
  #bePresent(): void {
    const { signal } = this.#leaving;
    const present = this.#platform.locks.request(`${this.#name} is there`, { mode: "shared", signal }, () => aborted(signal));
    present.catch(() => undefined);
  }

  async #others(): Promise<number> {
    try {
      const { held = [] } = await this.#platform.locks.query();
      return held.filter(({ name }) => name === `${this.#name} is there`).length - 1;
    } catch {
      return 0;
    }
  }

  /** Waits until every other tab has said what it has. Returns whether it was of use, or nobody waits any more. */
  async #askOthers(signal: AbortSignal): Promise<boolean> {
    const others = await this.#others();
    if (signal.aborted) return true;
    if (others <= 0) return false;
    return new Promise((resolve) => {
      let missing = others;
      const settle = (adopted: boolean): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        this.#answered = undefined;
        resolve(adopted);
      };
      const timer = setTimeout(() => settle(false), answerMillis);
      const onAbort = (): void => settle(true);
      signal.addEventListener("abort", onAbort);
      this.#answered = (adopted) => {
        if (adopted || --missing <= 0) settle(adopted);
      };
      this.#say({ kind: "want", from: this.#id });
    });
  }

  #hear(message: Message): void {
    switch (message.kind) {
      case "want": {
        const useful = this.#useful();
        this.#say(useful ? { kind: "have", to: message.from, ...useful } : { kind: "none", to: message.from });
        return;
      }
      case "none":
        if (message.to === this.#id) this.#answered?.(false);
        return;
      case "have": {
        const adopted = this.#isNewer(message) && this.#host.adopt(message.credentials);
        if (adopted) {
          this.#mine = { at: message.at, credentials: message.credentials };
          this.#isBad = false;
        }
        if (adopted || message.to === this.#id) this.#answered?.(adopted);
      }
    }
  }

  /** What another tab could use. */
  #useful(): Held | undefined {
    if (this.#isBad || !this.#mine) return undefined;
    return Date.parse(this.#mine.credentials.expiration) > this.#platform.now() ? this.#mine : undefined;
  }

  #isNewer({ at, credentials }: Held): boolean {
    if (!this.#mine) return true;
    const { accessKey, sessionToken } = this.#mine.credentials;
    return at > this.#mine.at && (credentials.accessKey !== accessKey || credentials.sessionToken !== sessionToken);
  }

  #say(message: Message): void {
    if (!this.#leaving.signal.aborted) this.#channel.postMessage(message);
  }
}

/** Resolves when signal is aborted. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function isMessage(data: unknown): data is Message {
  if (typeof data !== "object" || data === null) return false;
  const { kind, from, to, at, credentials } = data as Record<string, unknown>;
  switch (kind) {
    case "want": return isText(from);
    case "none": return isText(to);
    case "have": return (to === undefined || isText(to)) && typeof at === "number" && Number.isSafeInteger(at) && isShared(credentials);
    default: return false;
  }
}

function isShared(value: unknown): value is SharedCredentials {
  if (typeof value !== "object" || value === null) return false;
  const { accessKey, sessionToken, expiration, secret } = value as Record<string, unknown>;
  return (
    isText(accessKey) && (sessionToken === undefined || isText(sessionToken)) &&
    isText(expiration) && !Number.isNaN(Date.parse(expiration)) && (isText(secret) || isKey(secret))
  );
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= maxTextLength;
}

/** A key that signs and cannot be read back. */
function isKey(value: unknown): value is CryptoKey {
  if (typeof CryptoKey === "undefined" || !(value instanceof CryptoKey)) return false;
  return value.type === "secret" && !value.extractable && value.algorithm.name === "HMAC" && value.usages.includes("sign");
}

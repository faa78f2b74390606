/**
 * The credentials that the page has given, and how new ones are asked for: once,
 * however many requests wait. The secret is kept here alone.
 */
import { events } from "../core/events.js";
import { frame, type Frame } from "../core/frame.js";
import { Event } from "../core/protocol.js";
import { QqError } from "./error.js";
import { isObject } from "./objects.js";
import { isThenable } from "./promise.js";

export interface Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken: string | undefined;
  /** In milliseconds since 1970; NaN when the page's date is none, which counts as ended. */
  readonly expiration: number;
}

/** An engine that signs with these credentials. */
export interface Holder {
  tell(event: Frame): void;
  /** There are no new credentials for what waits. */
  deny(): void;
}

export interface KeysHost {
  /** The page's handler; its result. */
  ask(): unknown;
  /** Milliseconds since 1970, corrected as the page says. */
  now(): number;
  log(text: string): void;
}

export class Keys {
  readonly #host: KeysHost;
  readonly #holders = new Set<Holder>();
  #current: Credentials | undefined;
  /** Those that wait for new ones; undefined: nobody has been asked. */
  #waiting: Set<Holder> | undefined;
  #asked = 0;

  constructor(host: KeysHost) {
    this.#host = host;
  }

  /** Requests are signed here, and no server is asked. */
  get given(): boolean {
    return this.#current !== undefined;
  }

  /** Throws for what is no set of credentials. Replaces the present ones, for requests that begin from now on. */
  set(given: unknown): void {
    this.#current = credentialsOf(given);
    if (!this.#ended(this.#current)) { // others help nobody: what the page has promised still may
      this.#asked++;
      this.#waiting = undefined;
    }
    for (const holder of [...this.#holders]) this.#tell(holder);
  }

  /** holder signs with the present credentials, and with all that come, until leave. */
  join(holder: Holder): void {
    this.#holders.add(holder);
    this.#tell(holder);
  }

  leave(holder: Holder): void {
    this.#holders.delete(holder);
    this.#waiting?.delete(holder);
  }

  /** holder cannot sign any more: the page is asked, unless it is being asked. */
  refresh(holder: Holder): void {
    if (this.#waiting) {
      this.#waiting.add(holder);
      return;
    }
    const waiting = new Set([holder]);
    this.#waiting = waiting;
    const asked = ++this.#asked;
    const answer = this.#host.ask();
    const fail = (why: unknown): void => {
      if (asked !== this.#asked) return;
      this.#waiting = undefined;
      this.#host.log(`No new credentials: ${why instanceof Error ? why.message : "the promise was rejected"}`);
      for (const one of waiting) {
        one.tell(events.plain("refreshFailed"));
        one.deny();
      }
    };
    if (!isThenable(answer)) {
      fail(new Error("onCredentialsExpired must return a promise"));
      return;
    }
    answer.then((given) => {
      if (asked !== this.#asked) return;
      try {
        // An engine would wait on for others, and nobody would be asked for them.
        if (this.#ended(credentialsOf(given))) throw new QqError("these have ended already");
        this.set(given);
      } catch (error) {
        fail(error);
      }
    }, fail);
  }

  /** Also of those whose end is no date. */
  #ended(c: Credentials): boolean {
    return !(c.expiration > this.#host.now());
  }

  #tell(holder: Holder): void {
    const c = this.#current;
    if (!c) return;
    if (this.#ended(c)) holder.tell(events.plain("expire")); // in place of those it has
    if (Number.isNaN(c.expiration)) return;
    const fields: [string, string][] = [
      ["accessKey", c.accessKey], ["secretKey", c.secretKey], ["expiration", new Date(c.expiration).toISOString()],
    ];
    if (c.sessionToken) fields.push(["sessionToken", c.sessionToken]);
    holder.tell(frame(Event.credentials, { fields }));
  }
}

/** What lets an engine word requests that a server signs: a name, no secret, and no end. */
export function strangerFrame(accessKey: string | null): Frame {
  return frame(Event.credentials, {
    fields: [["accessKey", accessKey || "none"], ["secretKey", "none"], ["expiration", "9999-01-01T00:00:00Z"]],
  });
}

function credentialsOf(given: unknown): Credentials {
  const { accessKey, secretKey, sessionToken, expiration } = isObject(given) ? given : {};
  if (typeof secretKey !== "string" || !secretKey) throw new QqError("credentials need a secretKey");
  if (typeof accessKey !== "string" || !accessKey) throw new QqError("credentials need an accessKey");
  if (expiration === undefined || expiration === null || expiration === "") throw new QqError("credentials need an expiration");
  const end = expiration instanceof Date ? expiration.getTime() : new Date(expiration as string | number).getTime();
  const token = typeof sessionToken === "string" && sessionToken ? sessionToken : undefined;
  return { accessKey, secretKey, sessionToken: token, expiration: end };
}

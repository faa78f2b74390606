/** Asks the page for credentials, once however many requests wait for them. */
import type { Credentials, CredentialsProvider, RefreshReason } from "./api.js";
import { events } from "./events.js";
import { frame, type Frame } from "./frame.js";
import { check, toFields, type Shape } from "./options.js";
import { Event } from "./protocol.js";

const credentialsShape: Shape = { accessKey: "text", secretKey: "text", sessionToken: "text", expiration: "time" };

/** The event that brings credentials, with their secret or without. Throws a TypeError for what cannot be meant. */
export function credentialsFrame(what: string, credentials: Credentials, withSecret: boolean): Frame {
  check(what, credentials, credentialsShape);
  if (credentials.expiration === undefined) {
    throw new TypeError(`${what}: option "expiration" is missing; give a Date or an ISO 8601 string with its time zone`);
  }
  const { secretKey, ...open } = credentials;
  return frame(Event.credentials, { fields: toFields(withSecret ? { ...open, secretKey } : open, credentialsShape) });
}

/** What a refresh needs of its session. */
export interface RefreshHost {
  readonly handler: CredentialsProvider | undefined;
  readonly closed: boolean;
  push(event: Frame): void;
  setCredentials(credentials: Credentials): void;
  /** Credentials are asked for: the handler is about to be called, or another tab is waited for. */
  asking(reason: RefreshReason): void;
  /** Runs ask, which never rejects, unless another tab's credentials come first. */
  once(reason: RefreshReason, signal: AbortSignal, ask: () => Promise<void>): Promise<void>;
}

export class Refresh {
  readonly #host: RefreshHost;
  #asking: AbortController | undefined;
  /** Why there are no new credentials, in the page's own words. */
  error: unknown;

  constructor(host: RefreshHost) {
    this.#host = host;
  }

  /** Carries out the action refresh. */
  async ask(reason: RefreshReason): Promise<void> {
    const { handler } = this.#host;
    if (!handler) return;
    this.#asking?.abort(); // it has taken too long
    const asking = new AbortController();
    this.#asking = asking;
    if (!this.#host.closed) this.#host.asking(reason);
    await this.#host.once(reason, asking.signal, () => this.#call(handler, reason, asking));
  }

  async #call(handler: CredentialsProvider, reason: RefreshReason, asking: AbortController): Promise<void> {
    if (asking.signal.aborted) return;
    try {
      if (this.#host.closed) throw new DOMException("the uploader is closed", "AbortError");
      const credentials = await handler({ signal: asking.signal, reason });
      if (!asking.signal.aborted) this.#host.setCredentials(credentials);
    } catch (error) {
      if (asking.signal.aborted) return;
      this.error = error;
      this.#host.push(events.plain("refreshFailed"));
    }
  }

  /** There are new credentials: nobody need be asked. */
  over(): void {
    this.#asking?.abort();
    this.#asking = undefined;
    this.error = undefined;
  }

  /** Nobody waits for the page's answer any more. */
  close(): void {
    if (!this.#asking) return;
    this.#asking.abort();
    this.#asking = undefined;
    this.#host.push(events.plain("refreshFailed"));
  }
}

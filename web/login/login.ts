import { check, type Shape } from "../core/options.js";
import type { Claims, Login, LoginOptions, RedirectOutcome, SignInOptions } from "./api.js";
import { LoginError } from "./error.js";
import { browserPage, type Page } from "./page.js";
import { createProvider, type Pending, type Provider, type Tokens } from "./provider.js";

const loginShape: Shape = {
  issuer: "text", clientId: "text", redirectUri: "text", signedOutUri: "text", scope: "text", fetch: "function",
};
const signInShape: Shape = { parameters: "map" };
const popupShape: Shape = { ...signInShape, signal: "other" };

/** An ID token with less than this left, in milliseconds, is renewed before it is given out. */
const renewBefore = 30_000;

/** Where a sign-in by redirect is remembered until the browser comes back. */
const pendingName = "bucketline-login";

/** A state says by its first letters which of the two ways the answer has to take. */
const byRedirect = "r.";
const byPopup = "p.";

/** Throws a TypeError when options are wrong; touches the network only when asked to do something. */
export function createLogin(options: LoginOptions): Login {
  return loginIn(browserPage(), options);
}

/** createLogin in a page that the caller provides. */
export function loginIn(page: Page, options: LoginOptions): Login {
  check("createLogin", options, loginShape);
  const redirectUri = options.redirectUri ?? plainAddress(page.url());
  const provider = createProvider({
    issuer: issuerOf(options.issuer),
    clientId: required("clientId", options.clientId),
    redirectUri,
    scope: scopeOf(options.scope),
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
  });
  return new Session(page, provider, options.signedOutUri ?? redirectUri);
}

class Session implements Login {
  readonly #page: Page;
  readonly #provider: Provider;
  readonly #signedOutUri: string;
  #tokens: Tokens | undefined;
  #renewal: Promise<void> | undefined;
  #attempts = 0;
  #stopPopup: ((why: unknown) => void) | undefined;

  constructor(page: Page, provider: Provider, signedOutUri: string) {
    this.#page = page;
    this.#provider = provider;
    this.#signedOutUri = signedOutUri;
  }

  get claims(): Claims | undefined {
    return this.#tokens?.claims;
  }

  async signIn(options: SignInOptions = {}): Promise<void> {
    check("signIn", options, signInShape);
    const { url, pending } = await this.#provider.authorize(byRedirect, options.parameters ?? {});
    this.#page.memory.setItem(pendingName, JSON.stringify(pending));
    this.#page.leaveFor(url);
  }

  async handleRedirect(): Promise<RedirectOutcome> {
    const answer = this.#page.url();
    const state = answer.searchParams.get("state");
    if (state === null || !(answer.searchParams.has("code") || answer.searchParams.has("error"))) return "none";
    if (state.startsWith(byPopup)) {
      this.#page.tell(answer.href);
      this.#page.close();
      return "handedOver";
    }
    const pending = this.#takePending();
    this.#page.show(withoutAnswer(answer));
    if (!pending || pending.state !== state) {
      throw new LoginError("StateMismatch", "sign in: the answer's state is not the one that was sent");
    }
    const attempt = ++this.#attempts;
    const fresh = await this.#provider.exchange(answer, pending);
    this.#checkLatest(attempt);
    this.#tokens = fresh;
    return "signedIn";
  }

  async signInPopup(options: SignInOptions & { signal?: AbortSignal } = {}): Promise<void> {
    check("signInPopup", options, popupShape);
    options.signal?.throwIfAborted();
    // Before the first await: after it, the browser sees no click any more.
    const popup = this.#page.openWindow();
    if (!popup) throw new LoginError("PopupBlocked", "sign in: the browser blocked the window");
    this.#stopPopup?.(new LoginError("Superseded", "sign in: another window was opened"));
    const answered = this.#answer(options.signal);
    const attempt = ++this.#attempts;
    try {
      const { url, pending } = await this.#provider.authorize(byPopup, options.parameters ?? {});
      popup.leaveFor(url);
      const fresh = await this.#provider.exchange(await answered.to(pending.state), pending);
      options.signal?.throwIfAborted();
      this.#checkLatest(attempt);
      const before = this.#tokens?.claims;
      if (before && (before.sub !== fresh.claims.sub || before.iss !== fresh.claims.iss)) {
        throw new LoginError("OtherPerson", "sign in: somebody else signed in");
      }
      this.#tokens = fresh;
    } catch (error) {
      popup.close();
      throw error;
    } finally {
      answered.stop();
    }
  }

  /** An answer that comes after a sign-out, or after another attempt began, signs nobody in. */
  #checkLatest(attempt: number): void {
    if (attempt !== this.#attempts) throw new LoginError("Superseded", "sign in: signed out, or begun anew, meanwhile");
  }

  async idToken(): Promise<string> {
    const asked = this.#tokens;
    if (!asked) throw new LoginError("SignInNeeded", "nobody is signed in");
    if (this.#left(asked) >= renewBefore) return asked.idToken;
    if (asked.refreshToken) {
      this.#renewal ??= this.#renew(asked, asked.refreshToken).finally(() => (this.#renewal = undefined));
      try {
        await this.#renewal;
      } catch (error) {
        // What is left may still do: a provider that is briefly away must not hold uploads.
        if (this.#left(asked) <= 0) throw error;
      }
    }
    const tokens = this.#tokens;
    if (!tokens || this.#left(tokens) <= 0) {
      throw new LoginError("SignInNeeded", "the ID token has ended and there is no way to renew it");
    }
    return tokens.idToken;
  }

  async signOut(): Promise<boolean> {
    const tokens = this.#tokens;
    this.#attempts++;
    this.#tokens = undefined;
    this.#page.memory.removeItem(pendingName);
    this.#stopPopup?.(new LoginError("Superseded", "sign in: signed out meanwhile"));
    if (!tokens) return false;
    if (tokens.refreshToken) await this.#provider.revoke(tokens.refreshToken);
    const url = await this.#provider.endSession(tokens.idToken, this.#signedOutUri);
    if (url) this.#page.leaveFor(url);
    return !!url;
  }

  /** Milliseconds until an ID token ends. */
  #left(tokens: Tokens): number {
    return tokens.claims.exp * 1000 - this.#page.now();
  }

  async #renew(old: Tokens, refreshToken: string): Promise<void> {
    try {
      const fresh = await this.#provider.refresh(old, refreshToken);
      // Signed out, or in again, meanwhile: this answer is nobody's.
      if (this.#tokens === old) this.#tokens = fresh;
    } catch (error) {
      if (error instanceof LoginError && error.code === "Refused") {
        // A refresh token that was refused once is worth nothing any more.
        if (this.#tokens === old) this.#tokens = { ...old, refreshToken: undefined };
        throw new LoginError("SignInNeeded", error.message, { cause: error });
      }
      throw error;
    }
  }

  /** Waits for what a window of signInPopup brings back, from now on. */
  #answer(signal: AbortSignal | undefined): { to(state: string): Promise<URL>; stop(): void } {
    const heard: URL[] = [];
    let expected: string | undefined;
    let settle = (): void => {};
    let fail: (why: unknown) => void = () => {};
    const arrived = new Promise<URL>((resolve, reject) => {
      settle = () => {
        const answer = heard.find((url) => url.searchParams.get("state") === expected);
        if (answer) resolve(answer);
      };
      fail = reject;
    });
    arrived.catch(() => {}); // it may fail before anybody waits for it
    const stopHearing = this.#page.hear((text) => {
      const url = parseURL(text);
      if (url) heard.push(url);
      settle();
    });
    const onAbort = (): void => fail(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    this.#stopPopup = fail;
    return {
      to(state) {
        expected = state;
        settle();
        return arrived;
      },
      stop: () => {
        stopHearing();
        signal?.removeEventListener("abort", onAbort);
        if (this.#stopPopup === fail) this.#stopPopup = undefined;
      },
    };
  }

  #takePending(): Pending | undefined {
    const text = this.#page.memory.getItem(pendingName);
    this.#page.memory.removeItem(pendingName);
    if (text === null) return undefined;
    try {
      const pending: unknown = JSON.parse(text);
      return isPending(pending) ? pending : undefined;
    } catch {
      return undefined;
    }
  }
}

function isPending(value: unknown): value is Pending {
  if (typeof value !== "object" || value === null) return false;
  const { state, nonce, verifier } = value as Record<string, unknown>;
  return typeof state === "string" && typeof nonce === "string" && typeof verifier === "string";
}

/** The answer's parameters out of an address; the page's own stay. */
function withoutAnswer(address: URL): URL {
  const clean = new URL(address);
  for (const name of ["code", "state", "iss", "session_state", "scope", "error", "error_description", "error_uri"]) {
    clean.searchParams.delete(name);
  }
  return clean;
}

function plainAddress(url: URL): string {
  return url.origin + url.pathname;
}

function required(name: string, value: unknown): string {
  if (typeof value !== "string" || value === "") throw new TypeError(`createLogin: option "${name}" is required`);
  return value;
}

function scopeOf(scope: string | undefined): string {
  if (scope === undefined) return "openid";
  if (!scope.split(" ").includes("openid")) {
    throw new TypeError('createLogin: option "scope" must contain "openid", or there is no ID token');
  }
  return scope;
}

function issuerOf(issuer: unknown): URL {
  const text = required("issuer", issuer);
  const url = parseURL(text);
  if (!url) throw new TypeError('createLogin: option "issuer" must be an address such as "https://id.example"');
  if (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname))) return url;
  throw new TypeError('createLogin: option "issuer" must be https://, or http:// on this machine');
}

function parseURL(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** RFC 8252, section 8.3, and the names that browsers always resolve to this machine. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127(\.\d+){3}$/.test(host);
}

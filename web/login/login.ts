import { check, type Shape } from "../core/options.js";
import {
  answerIn, hearAnswer, remember, saysSignedOut, signedOutText, silentRefusals, superseded, takePending, ways, withoutAnswer, type Hearing,
} from "./answer.js";
import type { Claims, Login, LoginEvent, LoginOptions, RedirectOutcome, SignInOptions } from "./api.js";
import { LoginError } from "./error.js";
import { browserPage, type Page } from "./page.js";
import { createProvider, type Provider, type Tokens } from "./provider.js";
import { settingsOf, type Settings } from "./settings.js";

const signInShape: Shape = { parameters: "map", silent: "boolean" };
const popupShape: Shape = { parameters: "map", signal: "other" };

/** An ID token with less than this left, in milliseconds, is renewed before it is given out. */
const renewBefore = 30_000;

/**
 * Ahead, an ID token is renewed so long before its end, in milliseconds, or after three quarters of its life if
 * that is later; and again after so long when the provider could not be reached.
 */
const renewAheadBefore = 60_000;
const renewAgain = 10_000;

/** How long a frame may take to come back, in milliseconds. */
const frameMillis = 15_000;

/** Throws a TypeError when options are wrong; touches the network only when asked to do something. */
export function createLogin(options: LoginOptions): Login {
  return loginIn(browserPage(), options);
}

/** createLogin in a page that the caller provides. */
export function loginIn(page: Page, options: LoginOptions): Login {
  const settings = settingsOf(options, page.url());
  return new Session(page, createProvider({ ...settings.provider, now: () => page.now() }), settings);
}

class Session implements Login {
  readonly #page: Page;
  readonly #provider: Provider;
  readonly #settings: Settings;
  readonly #listeners = new Set<(event: LoginEvent) => void>();
  #tokens: Tokens | undefined;
  #renewal: Promise<void> | undefined;
  #attempts = 0;
  #neededTold = false;
  #popup: Hearing | undefined;
  #stopTimer: () => void = () => {};
  #stopHearing: () => void = () => {};

  constructor(page: Page, provider: Provider, settings: Settings) {
    this.#page = page;
    this.#provider = provider;
    this.#settings = settings;
  }

  get claims(): Claims | undefined {
    return this.#tokens?.claims;
  }

  get identity(): string | undefined {
    const claims = this.#tokens?.claims;
    return claims && JSON.stringify([claims.iss, this.#settings.provider.clientId, claims.sub]);
  }

  listen(listener: (event: LoginEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async signIn(options: SignInOptions & { silent?: boolean } = {}): Promise<void> {
    check("signIn", options, signInShape);
    const { silent = false, parameters = {} } = options;
    const asked = silent ? { ...parameters, prompt: "none" } : parameters;
    const { url, pending } = await this.#provider.authorize(silent ? ways.silent : ways.redirect, asked);
    remember(this.#page, pending);
    this.#page.leaveFor(url);
  }

  async handleRedirect(): Promise<RedirectOutcome> {
    const address = this.#page.url();
    const answer = answerIn(address);
    const state = answer?.get("state");
    if (!answer || !state) return "none";
    if (state.startsWith(ways.popup) || state.startsWith(ways.frame)) {
      this.#page.tell(address.href);
      this.#page.close();
      return "handedOver";
    }
    const pending = takePending(this.#page);
    this.#page.show(withoutAnswer(address));
    if (!pending || pending.state !== state) {
      throw new LoginError("StateMismatch", "sign in: the answer's state is not the one that was sent");
    }
    const attempt = ++this.#attempts;
    let fresh: Tokens;
    try {
      fresh = await this.#provider.exchange(address, pending);
    } catch (error) {
      if (state.startsWith(ways.silent) && isSilentRefusal(error)) return "notSignedIn";
      throw error;
    }
    this.#checkLatest(attempt);
    this.#take(fresh, "signedIn");
    return "signedIn";
  }

  async signInPopup(options: SignInOptions & { signal?: AbortSignal } = {}): Promise<void> {
    check("signInPopup", options, popupShape);
    options.signal?.throwIfAborted();
    // Before the first await: after it, the browser sees no click any more.
    const popup = this.#page.openWindow();
    if (!popup) throw new LoginError("PopupBlocked", "sign in: the browser blocked the window");
    this.#popup?.fail(superseded("another window was opened"));
    const answered = (this.#popup = hearAnswer(this.#page, options.signal));
    const attempt = ++this.#attempts;
    try {
      const { url, pending } = await this.#provider.authorize(ways.popup, options.parameters ?? {});
      popup.leaveFor(url);
      const fresh = await this.#provider.exchange(await answered.to(pending.state), pending);
      options.signal?.throwIfAborted();
      this.#checkLatest(attempt);
      const before = this.#tokens?.claims;
      if (before && (before.sub !== fresh.claims.sub || before.iss !== fresh.claims.iss)) {
        throw new LoginError("OtherPerson", "sign in: somebody else signed in");
      }
      this.#take(fresh, "signedIn");
    } catch (error) {
      popup.close();
      throw error;
    } finally {
      answered.stop();
      if (this.#popup === answered) this.#popup = undefined;
    }
  }

  /** An answer that comes after a sign-out, or after another attempt began, signs nobody in. */
  #checkLatest(attempt: number): void {
    if (attempt !== this.#attempts) throw superseded("signed out, or begun anew, meanwhile");
  }

  async idToken(): Promise<string> {
    const asked = this.#tokens;
    if (!asked) throw new LoginError("SignInNeeded", "nobody is signed in");
    if (this.#left(asked) >= renewBefore) return asked.idToken;
    try {
      await this.#renew(asked);
    } catch (error) {
      // What is left may still do: a provider that is briefly away must not hold uploads.
      if (this.#left(asked) <= 0) throw error;
    }
    const tokens = this.#tokens;
    // One that has just come is as good as there is, however long it was on its way: who takes it judges it.
    if (!tokens || (tokens === asked && this.#left(tokens) <= 0)) {
      throw new LoginError("SignInNeeded", "the ID token has ended and there is no way to renew it");
    }
    return tokens.idToken;
  }

  async signOut(): Promise<boolean> {
    const tokens = this.#tokens;
    const { identity } = this;
    this.#forget("signed out meanwhile");
    takePending(this.#page);
    if (!tokens || identity === undefined) return false;
    this.#page.tell(signedOutText(identity));
    this.#tell({ type: "signedOut", elsewhere: false });
    if (tokens.refreshToken) await this.#provider.revoke(tokens.refreshToken);
    const way = await this.#provider.endSession(tokens.idToken, this.#settings.signedOutUri);
    if (way?.form) this.#page.submit(way.url, way.form);
    else if (way) this.#page.leaveFor(way.url);
    return !!way;
  }

  /** The person has signed out in another tab. This one's refresh token is its own, and ends here. */
  #signedOutElsewhere(): void {
    const refreshToken = this.#tokens?.refreshToken;
    this.#forget("signed out meanwhile, in another tab");
    this.#tell({ type: "signedOut", elsewhere: true });
    if (refreshToken) void this.#provider.revoke(refreshToken);
  }

  #forget(why: string): void {
    this.#attempts++;
    this.#tokens = undefined;
    this.#stopTimer();
    this.#stopHearing();
    this.#popup?.fail(superseded(why));
  }

  #take(tokens: Tokens, what: "signedIn" | "renewed"): void {
    this.#tokens = tokens;
    this.#neededTold = false;
    this.#stopHearing();
    this.#stopHearing = this.#page.hear((text) => {
      if (this.identity !== undefined && saysSignedOut(text, this.identity)) this.#signedOutElsewhere();
    });
    if (this.#settings.renewAhead) this.#schedule(tokens);
    this.#tell({ type: what });
  }

  /** Renews tokens ahead of their end, if there is a way to. */
  #schedule(tokens: Tokens, afterMillis?: number): void {
    this.#stopTimer();
    if (!this.#canRenew(tokens)) return;
    const left = this.#left(tokens);
    const wait = afterMillis ?? Math.max(left - renewAheadBefore, left * 0.75);
    this.#stopTimer = this.#page.later(Math.max(0, wait), () => {
      if (this.#tokens !== tokens) return;
      this.#renew(tokens).catch(() => {
        // Until the end: then whoever asks for the token tries again.
        if (this.#tokens === tokens && this.#left(tokens) > 0) this.#schedule(tokens, renewAgain);
      });
    });
  }

  #canRenew(tokens: Tokens): boolean {
    return tokens.refreshToken !== undefined || this.#settings.frameRedirectUri !== undefined;
  }

  /** Milliseconds until an ID token ends, by the provider's clock. */
  #left(tokens: Tokens): number {
    return tokens.claims.exp * 1000 - tokens.skewMillis - this.#page.now();
  }

  /** Renews once, however many ask. */
  async #renew(old: Tokens): Promise<void> {
    if (!this.#canRenew(old)) return;
    this.#renewal ??= this.#renewWith(old).finally(() => (this.#renewal = undefined));
    await this.#renewal;
  }

  async #renewWith(old: Tokens): Promise<void> {
    let fresh: Tokens;
    try {
      fresh = await (old.refreshToken === undefined ? this.#inFrame(old) : this.#provider.refresh(old, old.refreshToken));
    } catch (error) {
      if (isFinal(error) && this.#tokens === old) {
        // A refresh token that was refused once is worth nothing any more; a frame remains.
        const without = (this.#tokens = { ...old, refreshToken: undefined });
        if (old.refreshToken !== undefined && this.#canRenew(without)) return this.#renewWith(without);
        if (!this.#neededTold) this.#tell({ type: "signInNeeded" });
        this.#neededTold = true;
        throw new LoginError("SignInNeeded", error.message, { cause: error });
      }
      throw error;
    }
    // Signed out, or in again, meanwhile: this answer is nobody's. Revoking it ends the whole session at some
    // providers, which somebody who is in again still needs.
    if (this.#tokens === old) this.#take(fresh, "renewed");
    else if (!this.#tokens && fresh.refreshToken) void this.#provider.revoke(fresh.refreshToken);
  }

  /** A sign-in that asks nobody, in a frame (OpenID Connect Core 1.0, section 3.1.2.1: prompt=none). */
  async #inFrame(old: Tokens): Promise<Tokens> {
    const redirectUri = this.#settings.frameRedirectUri;
    const parameters = { prompt: "none", login_hint: old.claims.sub };
    const answered = hearAnswer(this.#page, undefined);
    const stopTimer = this.#page.later(frameMillis, () => {
      answered.fail(new LoginError("FrameBlocked", "renew the ID token: the frame did not come back"));
    });
    let close = (): void => {};
    try {
      const { url, pending } = await this.#provider.authorize(ways.frame, parameters, redirectUri);
      close = this.#page.openFrame(url);
      const fresh = await this.#provider.exchange(await answered.to(pending.state), pending, redirectUri);
      if (fresh.claims.sub !== old.claims.sub || fresh.claims.iss !== old.claims.iss) {
        throw new LoginError("TokenInvalid", "renew the ID token: it is now another person's");
      }
      return fresh;
    } finally {
      stopTimer();
      answered.stop();
      close();
    }
  }

  #tell(event: LoginEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        reportError(error); // a listener's mistake is its own
      }
    }
  }
}

/** Whether a refusal stands: a provider that is merely out of order is asked again (RFC 6749, section 4.1.2.1). */
function isFinal(error: unknown): error is LoginError {
  if (!(error instanceof LoginError) || error.code !== "Refused") return false;
  return !["temporarily_unavailable", "server_error", "slow_down"].includes(error.providerCode ?? "");
}

function isSilentRefusal(error: unknown): boolean {
  return error instanceof LoginError && error.providerCode !== undefined && silentRefusals.includes(error.providerCode);
}

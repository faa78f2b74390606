/** The public words of the package. Data only; login.ts carries it out. */

export interface LoginOptions {
  /** The provider's address; its discovery document lies below it. http:// is for this machine alone. */
  issuer: string;
  /** Of a public client: there is no client secret in a page. */
  clientId: string;
  /** Exactly as registered at the provider. The page's own address without query and fragment by default. */
  redirectUri?: string;
  /** Where the provider sends the browser after signOut; redirectUri by default. */
  signedOutUri?: string;
  /**
   * "openid" by default. Many providers give a refresh token, which keeps the
   * ID token fresh, only for "openid offline_access".
   */
  scope?: string;
  /** Used for discovery and tokens; the browser's own by default. */
  fetch?: Fetch;
}

/** The part of fetch that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface SignInOptions {
  /** Put into the authorization request, such as {login_hint: "alice"} or {prompt: "login"}. */
  parameters?: Record<string, string>;
}

/** What the ID token says of the person. */
export interface Claims {
  readonly iss: string;
  /** The person, for good; names and addresses may change. */
  readonly sub: string;
  /** End of the ID token, seconds since 1970. */
  readonly exp: number;
  readonly [claim: string]: unknown;
}

/**
 * What handleRedirect found: "none" when the page was opened as usual,
 * "signedIn" when the person comes back from the provider, and "handedOver" in
 * a window of signInPopup, which closes itself: stop there.
 */
export type RedirectOutcome = "none" | "signedIn" | "handedOver";

/**
 * One person's session in one page. Tokens are kept in memory only: a reload
 * forgets them, and no other page can read them. A script that runs inside the
 * page can, so give the page a strict Content Security Policy.
 */
export interface Login {
  /** Who is signed in; undefined before and after. It stays when the ID token ends. */
  readonly claims: Claims | undefined;
  /** Leaves the page for the provider. What the page holds, files too, is gone. */
  signIn(options?: SignInOptions): Promise<void>;
  /** Call it once when the page loads, before anything else uses the address. */
  handleRedirect(): Promise<RedirectOutcome>;
  /**
   * Signs in through a window of its own, so that the page keeps its files. Call
   * it straight from a click, or the browser blocks the window. When somebody is
   * signed in already it must be the same person. A further call, or signal,
   * ends the wait for the one before; a window that is closed does not.
   */
  signInPopup(options?: SignInOptions & { signal?: AbortSignal }): Promise<void>;
  /**
   * An ID token that is valid for 30 s at least, fetched with the refresh token
   * if need be, however many ask at once by one request. Rejects with code
   * "SignInNeeded" when only the person can help.
   */
  idToken(): Promise<string>;
  /**
   * Forgets the tokens, revokes the refresh token, and leaves the page for the
   * provider's own sign-out if it has one: then it resolves to true, and the
   * page is to load nothing else.
   */
  signOut(): Promise<boolean>;
}

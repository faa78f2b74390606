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
  /** Put into every authorization request, such as {audience: "…"} or {kc_idp_hint: "google"}. */
  parameters?: Record<string, string>;
  /**
   * "code", the default: authorization code and PKCE. "idToken": for a provider
   * that gives pages no token for a code, as Google does not: the ID token comes
   * with the answer, its signature is checked here, and there is no refresh token.
   */
  flow?: "code" | "idToken";
  /**
   * Renews the ID token before it ends, as long as the page is open, so that a
   * provider's limit for idle sessions is not reached while files are uploaded.
   * True by default; false: only when somebody asks for the token.
   */
  renewAhead?: boolean;
  /**
   * A page of this origin that does nothing but call handleRedirect, registered
   * as a redirect URI too. With it an ID token is renewed without a refresh token
   * as well, in a frame that nobody sees: where the provider knows the person by
   * a cookie that the browser sends from within a frame, which most browsers do
   * only when page and provider belong to the same site. By default no frame is made.
   */
  frameRedirectUri?: string;
  /**
   * How signOut goes to the provider (OpenID Connect RP-Initiated Logout 1.0,
   * section 2). "form", the default: a form with the ID token, so that it asks
   * nobody. "address": an address with the client ID alone. "logout_uri": as
   * Amazon Cognito wants it.
   */
  signOutBy?: "form" | "address" | "logout_uri";
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
 * "signedIn" when the person comes back from the provider, "notSignedIn" when a
 * silent sign-in has found that the provider has to ask, and "handedOver" in a
 * window of signInPopup, which closes itself, or a frame: stop there.
 */
export type RedirectOutcome = "none" | "signedIn" | "notSignedIn" | "handedOver";

/** What listen() reports. */
export type LoginEvent =
  /** Somebody has signed in, for the first time or again. */
  | { type: "signedIn" }
  /** The ID token was renewed, and nobody was asked. */
  | { type: "renewed" }
  /** It cannot be renewed any more: it ends by itself, unless the person signs in again. Said once. */
  | { type: "signInNeeded" }
  /** Nobody is signed in any more; elsewhere: it was done in another tab. Uploaders are to be closed: their credentials live on. */
  | { type: "signedOut"; elsewhere: boolean };

/**
 * One person's session in one page. Tokens are kept in memory only: a reload
 * forgets them, and no other page can read them, so no two tabs ever use the
 * same refresh token. A script that runs inside the page can, so give the page a
 * strict Content Security Policy.
 */
export interface Login {
  /** Who is signed in; undefined before and after. It stays when the ID token ends. */
  readonly claims: Claims | undefined;
  /** The issuer, the client and the person as one text, for shareCredentials; undefined while nobody is signed in. */
  readonly identity: string | undefined;
  /** Leaves the page for the provider. What the page holds, files too, is gone; their records are in the journal. */
  signIn(options?: SignInOptions & {
    /** Come back at once, and signed in only if that takes nothing of the person: for a page that has just been opened. */
    silent?: boolean;
  }): Promise<void>;
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
   * An ID token that is valid for 30 s at least, renewed if need be, however many
   * ask at once by one request. Rejects with code "SignInNeeded" when only the
   * person can help.
   */
  idToken(): Promise<string>;
  /**
   * Forgets the tokens, in all tabs of this origin in which the same person is
   * signed in at this client, revokes the refresh token, and leaves the page for
   * the provider's own sign-out if it has one: then it resolves to true, and the
   * page is to load nothing else.
   */
  signOut(): Promise<boolean>;
  /** Calls listener with what happens; returns how to stop it. */
  listen(listener: (event: LoginEvent) => void): () => void;
}

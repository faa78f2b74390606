/**
 * The provider's side of the sign-in: discovery, the authorization request, and
 * tokens. Every check of OpenID Connect Core 1.0, section 3.1.3.7, is made by
 * oauth4webapi; the ID token's signature is left to STS, as item 6 there allows
 * for a token that comes straight from the token endpoint.
 */
import * as oauth from "oauth4webapi";
import type { Claims, Fetch } from "./api.js";
import { LoginError } from "./error.js";

export interface Tokens {
  readonly idToken: string;
  readonly claims: Claims;
  readonly refreshToken: string | undefined;
  /** The provider's clock less this one's, as far as the ID token tells. */
  readonly skewMillis: number;
}

/** What must be remembered from a request until its answer. */
export interface Pending {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export interface Provider {
  /** The authorization request's address, and what to remember of it. */
  authorize(way: string, parameters: Record<string, string>, redirectUri?: string): Promise<{ url: URL; pending: Pending }>;
  /** Trades the answer, an address with a code in it, for tokens. redirectUri is that of the request. */
  exchange(answer: URL, pending: Pending, redirectUri?: string): Promise<Tokens>;
  /** Fetches a new ID token for the same person. */
  refresh(tokens: Tokens, refreshToken: string): Promise<Tokens>;
  /** Tells the provider that a refresh token is done with. Best effort. */
  revoke(refreshToken: string): Promise<void>;
  /** Where to send the browser, and with what form, to end the session at the provider; undefined when it has no such place. */
  endSession(idToken: string, back: string): Promise<{ url: URL; form?: Record<string, string> } | undefined>;
}

export interface ProviderOptions {
  readonly issuer: URL;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scope: string;
  readonly parameters: Record<string, string>;
  readonly flow: "code" | "idToken";
  readonly signOutBy: "form" | "address" | "logout_uri";
  readonly fetch: Fetch;
  /** This machine's clock, in milliseconds since 1970. */
  readonly now: () => number;
}

/** How long signing out waits for the provider to revoke, in milliseconds. */
const revokeTimeout = 2000;

export function createProvider(options: ProviderOptions): Provider {
  const client: oauth.Client = { client_id: options.clientId };
  const auth = oauth.None();
  const request = {
    [oauth.customFetch]: (url: string, { body, ...init }: oauth.CustomFetchOptions<string, URLSearchParams | undefined>) =>
      options.fetch(url, { ...init, body: body ?? null, signal: init.signal ?? null }),
    [oauth.allowInsecureRequests]: options.issuer.protocol === "http:",
  };
  let discovered: Promise<oauth.AuthorizationServer> | undefined;

  const discover = (): Promise<oauth.AuthorizationServer> => {
    discovered ??= oauth
      .discoveryRequest(options.issuer, request)
      .then((response) => oauth.processDiscoveryResponse(options.issuer, response));
    discovered.catch(() => (discovered = undefined));
    return discovered;
  };

  return {
    authorize: (way, parameters, redirectUri = options.redirectUri) =>
      explained("sign in", async () => {
        const server = await discover();
        const pending: Pending = {
          state: way + oauth.generateRandomState(),
          nonce: oauth.generateRandomNonce(),
          verifier: oauth.generateRandomCodeVerifier(),
        };
        const url = new URL(endpoint(server.authorization_endpoint, "authorization_endpoint"));
        const all = {
          ...options.parameters,
          ...parameters,
          client_id: options.clientId,
          redirect_uri: redirectUri,
          scope: options.scope,
          state: pending.state,
          nonce: pending.nonce,
          ...(options.flow === "idToken"
            ? { response_type: "code id_token" } // with the code its hash, by which the answer holds together
            : {
                response_type: "code",
                code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
                code_challenge_method: "S256",
              }),
        };
        for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value);
        return { url, pending };
      }),

    exchange: (answer, pending, redirectUri = options.redirectUri) =>
      explained("sign in", async () => {
        const server = await discover();
        if (options.flow === "idToken") return tokenIn(answer, pending, server, { client, request, now: options.now() });
        const checked = oauth.validateAuthResponse(server, client, answer, pending.state);
        const response = await oauth.authorizationCodeGrantRequest(
          server, client, auth, checked, redirectUri, pending.verifier, request,
        );
        const skew = await skewOf(response, options.now());
        const answered = await oauth.processAuthorizationCodeResponse(server, { ...client, [oauth.clockSkew]: skew }, response, {
          expectedNonce: pending.nonce,
          requireIdToken: true,
        });
        return tokens(answered, undefined, skew);
      }, [pending.verifier, answer.searchParams.get("code")]),

    refresh: (old, refreshToken) =>
      explained("renew the ID token", async () => {
        const server = await discover();
        const response = await oauth.refreshTokenGrantRequest(server, client, auth, refreshToken, request);
        const skew = await skewOf(response, options.now());
        const answered = await oauth.processRefreshTokenResponse(server, { ...client, [oauth.clockSkew]: skew }, response);
        const fresh = tokens(answered, refreshToken, skew);
        // OpenID Connect Core 1.0, section 12.2: the same person as before.
        if (fresh.claims.sub !== old.claims.sub || fresh.claims.iss !== old.claims.iss) {
          throw new LoginError("TokenInvalid", "renew the ID token: it is now another person's");
        }
        return fresh;
      }, [refreshToken]),

    revoke: async (refreshToken) => {
      try {
        const server = await discover();
        if (!server.revocation_endpoint) return;
        const signal = AbortSignal.timeout(revokeTimeout);
        await oauth.revocationRequest(server, client, auth, refreshToken, { ...request, signal });
      } catch {
        // The person signs out all the same; the token ends by itself.
      }
    },

    endSession: async (idToken, back) => {
      const server = await discover().catch(() => undefined);
      if (!server?.end_session_endpoint) return undefined;
      const url = new URL(server.end_session_endpoint);
      const asked: Record<string, string> = { client_id: options.clientId, post_logout_redirect_uri: back };
      // An address stays in the browser's history, so the token does not go into one.
      if (options.signOutBy === "form") return { url, form: { ...asked, id_token_hint: idToken } };
      const given = options.signOutBy === "address" ? asked : { client_id: options.clientId, logout_uri: back };
      for (const [name, value] of Object.entries(given)) url.searchParams.set(name, value);
      return { url };
    },
  };
}

function endpoint(value: string | undefined, name: string): string {
  if (!value) throw new LoginError("AnswerInvalid", `sign in: the discovery document names no ${name}`);
  return value;
}

/** A provider that does not rotate refresh tokens (RFC 6749, section 6) leaves the old one in use. */
function tokens(answer: oauth.TokenEndpointResponse, oldRefreshToken: string | undefined, skewSeconds: number): Tokens {
  const claims = oauth.getValidatedIdTokenClaims(answer);
  if (!answer.id_token || !claims) {
    throw new LoginError("SignInNeeded", "renew the ID token: the provider sent none");
  }
  return { idToken: answer.id_token, claims, refreshToken: answer.refresh_token ?? oldRefreshToken, skewMillis: skewSeconds * 1000 };
}

/** An ID token that comes with the answer: it took the way over the browser, so its signature counts. */
async function tokenIn(
  answer: URL, pending: Pending, server: oauth.AuthorizationServer,
  { client, request, now }: { client: oauth.Client; request: oauth.ValidateSignatureOptions; now: number },
): Promise<Tokens> {
  const given = new URLSearchParams(answer.hash.slice(1));
  if (!given.has("id_token")) {
    oauth.validateAuthResponse(server, client, answer.hash ? given : answer, pending.state); // which throws for an error
    throw new LoginError("AnswerInvalid", "sign in: the answer has no ID token");
  }
  const idToken = given.get("id_token") ?? "";
  const skew = skewBy(idToken, now);
  await oauth.validateCodeIdTokenResponse(
    server, { ...client, [oauth.clockSkew]: skew }, given, pending.nonce, pending.state, oauth.skipAuthTimeCheck, request,
  );
  return { idToken, claims: payloadOf(idToken) as Claims, refreshToken: undefined, skewMillis: skew * 1000 };
}

/** From so many seconds on this machine's clock is taken to be wrong. */
const maxClockError = 20;

/**
 * How many seconds the provider's clock is ahead of this one, as a new ID token
 * says by when it was issued: a person with a wrong clock can sign in. Whether
 * it is new is not for the clock to say, but for the code and the nonce.
 */
async function skewOf(response: Response, now: number): Promise<number> {
  try {
    const answer: unknown = await response.clone().json();
    const token = typeof answer === "object" && answer !== null && "id_token" in answer ? answer.id_token : undefined;
    return typeof token === "string" ? skewBy(token, now) : 0;
  } catch {
    return 0; // whatever is wrong with it is found where it is read
  }
}

function skewBy(idToken: string, now: number): number {
  const { iat } = payloadOf(idToken);
  const skew = typeof iat === "number" && Number.isSafeInteger(iat) ? iat - Math.floor(now / 1000) : 0;
  return Math.abs(skew) < maxClockError ? 0 : skew;
}

/** The claims of a token that nobody has checked yet; none when it is no token. */
export function payloadOf(token: string): Record<string, unknown> {
  try {
    const base64 = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === "object" && claims !== null ? (claims as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Runs work and gives what goes wrong in it one of our codes, and none of the secrets. */
async function explained<T>(what: string, work: () => Promise<T>, secrets: readonly (string | null)[] = []): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw explain(what, cause, (text) => secrets.reduce<string>((t, s) => (s ? t.replaceAll(s, "…") : t), text));
  }
}

function explain(what: string, cause: unknown, hide: (text: string) => string): unknown {
  if (cause instanceof LoginError) return cause;
  if (cause instanceof oauth.AuthorizationResponseError || cause instanceof oauth.ResponseBodyError) {
    const words = cause.error_description ? `: ${cause.error_description}` : "";
    return new LoginError("Refused", hide(`${what}: the provider says ${cause.error}${words}`), {
      cause: named(cause, hide),
      providerCode: cause.error,
    });
  }
  if (cause instanceof oauth.OperationProcessingError) {
    const isToken = cause.code === oauth.JWT_CLAIM_COMPARISON || cause.code === oauth.JWT_TIMESTAMP_CHECK;
    return new LoginError(isToken ? "TokenInvalid" : "AnswerInvalid", hide(`${what}: ${cause.message}`), { cause: named(cause, hide) });
  }
  // fetch hides why it failed: no connection, or no permission for this origin.
  if (cause instanceof TypeError) return new LoginError("Unreachable", `${what}: the provider does not answer`, { cause });
  return new LoginError("AnswerInvalid", hide(`${what}: ${String(cause)}`), { cause: named(cause, hide) });
}

/** The name and the message of an error: the library keeps whole answers, tokens and all, in its errors' causes. */
function named(cause: unknown, hide: (text: string) => string): Error {
  const error = new Error(hide(cause instanceof Error ? cause.message : String(cause)));
  if (cause instanceof Error) error.name = cause.name;
  return error;
}

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
}

/** What must be remembered from a request until its answer. */
export interface Pending {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export interface Provider {
  /** The authorization request's address, and what to remember of it. */
  authorize(kind: string, parameters: Record<string, string>): Promise<{ url: URL; pending: Pending }>;
  /** Trades the answer, an address with a code in it, for tokens. */
  exchange(answer: URL, pending: Pending): Promise<Tokens>;
  /** Fetches a new ID token for the same person. */
  refresh(tokens: Tokens, refreshToken: string): Promise<Tokens>;
  /** Tells the provider that a refresh token is done with. Best effort. */
  revoke(refreshToken: string): Promise<void>;
  /** Where to send the browser to end the session at the provider; undefined when it has no such place. */
  endSession(idToken: string, back: string): Promise<URL | undefined>;
}

export interface ProviderOptions {
  readonly issuer: URL;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scope: string;
  readonly fetch: Fetch;
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
    authorize: (kind, parameters) =>
      explained("sign in", async () => {
        const server = await discover();
        const pending: Pending = {
          state: kind + oauth.generateRandomState(),
          nonce: oauth.generateRandomNonce(),
          verifier: oauth.generateRandomCodeVerifier(),
        };
        const url = new URL(endpoint(server.authorization_endpoint, "authorization_endpoint"));
        const all = {
          ...parameters,
          response_type: "code",
          client_id: options.clientId,
          redirect_uri: options.redirectUri,
          scope: options.scope,
          state: pending.state,
          nonce: pending.nonce,
          code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
          code_challenge_method: "S256",
        };
        for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value);
        return { url, pending };
      }),

    exchange: (answer, pending) =>
      explained("sign in", async () => {
        const server = await discover();
        const checked = oauth.validateAuthResponse(server, client, answer, pending.state);
        const response = await oauth.authorizationCodeGrantRequest(
          server, client, auth, checked, options.redirectUri, pending.verifier, request,
        );
        const answered = await oauth.processAuthorizationCodeResponse(server, client, response, {
          expectedNonce: pending.nonce,
          requireIdToken: true,
        });
        return tokens(answered, undefined);
      }),

    refresh: (old, refreshToken) =>
      explained("renew the ID token", async () => {
        const server = await discover();
        const response = await oauth.refreshTokenGrantRequest(server, client, auth, refreshToken, request);
        const answered = await oauth.processRefreshTokenResponse(server, client, response);
        const fresh = tokens(answered, refreshToken);
        // OpenID Connect Core 1.0, section 12.2: the same person as before.
        if (fresh.claims.sub !== old.claims.sub || fresh.claims.iss !== old.claims.iss) {
          throw new LoginError("TokenInvalid", "renew the ID token: it is now another person's");
        }
        return fresh;
      }),

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
      url.searchParams.set("id_token_hint", idToken);
      url.searchParams.set("client_id", options.clientId);
      url.searchParams.set("post_logout_redirect_uri", back);
      return url;
    },
  };
}

function endpoint(value: string | undefined, name: string): string {
  if (!value) throw new LoginError("AnswerInvalid", `sign in: the discovery document names no ${name}`);
  return value;
}

/** A provider that does not rotate refresh tokens (RFC 6749, section 6) leaves the old one in use. */
function tokens(answer: oauth.TokenEndpointResponse, oldRefreshToken: string | undefined): Tokens {
  const claims = oauth.getValidatedIdTokenClaims(answer);
  if (!answer.id_token || !claims) {
    throw new LoginError("SignInNeeded", "renew the ID token: the provider sent none");
  }
  return { idToken: answer.id_token, claims, refreshToken: answer.refresh_token ?? oldRefreshToken };
}

/** Runs work and gives what goes wrong in it one of our codes. */
async function explained<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw explain(what, cause);
  }
}

function explain(what: string, cause: unknown): unknown {
  if (cause instanceof LoginError) return cause;
  if (cause instanceof oauth.AuthorizationResponseError || cause instanceof oauth.ResponseBodyError) {
    const words = cause.error_description ? `: ${cause.error_description}` : "";
    return new LoginError("Refused", `${what}: the provider says ${cause.error}${words}`, {
      cause,
      providerCode: cause.error,
    });
  }
  if (cause instanceof oauth.OperationProcessingError) {
    const isToken = cause.code === oauth.JWT_CLAIM_COMPARISON || cause.code === oauth.JWT_TIMESTAMP_CHECK;
    return new LoginError(isToken ? "TokenInvalid" : "AnswerInvalid", `${what}: ${cause.message}`, { cause });
  }
  // fetch hides why it failed: no connection, or no permission for this origin.
  if (cause instanceof TypeError) return new LoginError("Unreachable", `${what}: the provider does not answer`, { cause });
  return new LoginError("AnswerInvalid", `${what}: ${String(cause)}`, { cause });
}

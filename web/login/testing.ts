/**
 * A provider and a page for tests. The provider behaves: it remembers codes and
 * refresh tokens, checks PKCE, and refuses what a real one refuses.
 */
import type { Page } from "./page.js";

export const issuer = "https://id.example/";
export const clientId = "page";
export const pageAddress = "https://app.example/upload";

interface Grant {
  challenge: string;
  nonce: string;
  redirectUri: string;
}

export class FakeProvider {
  /** Seconds since 1970. */
  now = 1_800_000_000;
  /** Seconds that an ID token lasts. */
  life = 300;
  person = "alice";
  givesRefreshTokens = true;
  rotates = true;
  reachable = true;
  /** Changes the claims of the next ID tokens. */
  tamper: (claims: Record<string, unknown>) => void = () => {};
  /** Every request, as "METHOD path grant_type". */
  readonly requests: string[] = [];
  readonly revoked: string[] = [];
  /** Resolves before each token answer; tests hold it back. */
  gate: Promise<void> = Promise.resolve();
  #grants = new Map<string, Grant>();
  #refreshTokens = new Set<string>();
  #issued = 0;

  /** What the person's browser does at the authorization endpoint: signs in, comes back. */
  authorize(url: URL): URL {
    const q = url.searchParams;
    if (url.origin + url.pathname !== "https://id.example/authorize") throw new Error(`authorize at ${url.href}`);
    const wrong = [
      q.get("response_type") !== "code" && "response_type",
      q.get("client_id") !== clientId && "client_id",
      q.get("code_challenge_method") !== "S256" && "code_challenge_method",
      !q.get("scope")?.split(" ").includes("openid") && "scope",
    ].filter(Boolean);
    if (wrong.length > 0) throw new Error(`wrong in ${url.href}: ${wrong.join(", ")}`);
    const code = `code-${++this.#issued}`;
    const redirectUri = q.get("redirect_uri") ?? "";
    this.#grants.set(code, { challenge: q.get("code_challenge") ?? "", nonce: q.get("nonce") ?? "", redirectUri });
    const back = new URL(redirectUri);
    back.searchParams.set("code", code);
    back.searchParams.set("state", q.get("state") ?? "");
    back.searchParams.set("iss", issuer);
    return back;
  }

  readonly fetch = async (address: string, init: RequestInit): Promise<Response> => {
    const url = new URL(address);
    const form = new URLSearchParams(init.body instanceof URLSearchParams ? init.body : "");
    this.requests.push([init.method, url.pathname, form.get("grant_type")].filter(Boolean).join(" "));
    if (!this.reachable) throw new TypeError("Failed to fetch");
    switch (url.pathname) {
      case "/.well-known/openid-configuration":
        return json(200, {
          issuer,
          authorization_endpoint: "https://id.example/authorize",
          token_endpoint: "https://id.example/token",
          revocation_endpoint: "https://id.example/revoke",
          end_session_endpoint: "https://id.example/end",
          authorization_response_iss_parameter_supported: true,
        });
      case "/token":
        await this.gate;
        return form.get("grant_type") === "refresh_token" ? this.#refresh(form) : this.#exchange(form);
      case "/revoke":
        this.revoked.push(form.get("token") ?? "");
        return new Response(null, { status: 200 });
      default:
        return json(404, { error: "not_found" });
    }
  };

  async #exchange(form: URLSearchParams): Promise<Response> {
    const code = form.get("code") ?? "";
    const grant = this.#grants.get(code);
    this.#grants.delete(code);
    const challenge = await s256(form.get("code_verifier") ?? "");
    if (!grant || grant.challenge !== challenge || grant.redirectUri !== form.get("redirect_uri")) {
      return json(400, { error: "invalid_grant", error_description: "the code is not good" });
    }
    return this.#tokens(grant.nonce);
  }

  #refresh(form: URLSearchParams): Response {
    const token = form.get("refresh_token") ?? "";
    if (!this.#refreshTokens.has(token)) return json(400, { error: "invalid_grant" });
    if (this.rotates) this.#refreshTokens.delete(token);
    return this.#tokens(undefined);
  }

  #tokens(nonce: string | undefined): Response {
    const claims = {
      iss: issuer, sub: this.person, aud: clientId, iat: this.now, exp: this.now + this.life, jti: ++this.#issued,
      ...(nonce === undefined ? {} : { nonce }),
    };
    this.tamper(claims);
    const idToken = [{ alg: "RS256", typ: "JWT" }, claims].map((part) => base64url(JSON.stringify(part))).join(".") + ".c2ln";
    const answer: Record<string, unknown> = { token_type: "Bearer", access_token: "opaque", id_token: idToken };
    if (this.givesRefreshTokens) {
      const refreshToken = `refresh-${++this.#issued}`;
      this.#refreshTokens.add(refreshToken);
      answer["refresh_token"] = refreshToken;
    }
    return json(200, answer);
  }

  /** As an administrator would: nobody stays signed in. */
  endAllSessions(): void {
    this.#refreshTokens.clear();
  }
}

/** The pages of one origin in one browser: they hear each other. */
export class FakeBrowser {
  readonly listeners = new Set<(text: string) => void>();
}

/** One page that only remembers what was done to it. */
export class FakePage implements Page {
  address = new URL(pageAddress);
  left: URL | undefined;
  closed = false;
  popupsAllowed = true;
  popups: { url: URL | undefined; closed: boolean }[] = [];
  readonly stored = new Map<string, string>();
  readonly memory = {
    getItem: (name: string): string | null => this.stored.get(name) ?? null,
    setItem: (name: string, value: string): void => void this.stored.set(name, value),
    removeItem: (name: string): void => void this.stored.delete(name),
  };
  /** Called when a popup is sent somewhere. */
  onPopup: (url: URL) => void = () => {};

  constructor(
    readonly provider: FakeProvider,
    readonly browser = new FakeBrowser(),
  ) {}

  url(): URL {
    return new URL(this.address);
  }
  leaveFor(url: URL): void {
    this.left = url;
  }
  show(url: URL): void {
    this.address = url;
  }
  openWindow(): { leaveFor(url: URL): void; close(): void } | undefined {
    if (!this.popupsAllowed) return undefined;
    const popup: { url: URL | undefined; closed: boolean } = { url: undefined, closed: false };
    this.popups.push(popup);
    return {
      leaveFor: (url) => {
        popup.url = url;
        this.onPopup(url);
      },
      close: () => (popup.closed = true),
    };
  }
  close(): void {
    this.closed = true;
  }
  tell(text: string): void {
    for (const listener of this.browser.listeners) listener(text);
  }
  hear(listener: (text: string) => void): () => void {
    this.browser.listeners.add(listener);
    return () => this.browser.listeners.delete(listener);
  }
  now(): number {
    return this.provider.now * 1000;
  }
}

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
}

async function s256(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return base64url(String.fromCharCode(...new Uint8Array(digest)));
}

function base64url(text: string): string {
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * A provider and a page for tests. The provider behaves: it remembers codes and
 * refresh tokens, checks PKCE, and refuses what a real one refuses.
 */
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import type { Page } from "./page.js";

export const issuer = "https://id.example/";
export const clientId = "page";
export const pageAddress = "https://app.example/upload";

interface Grant {
  challenge: string;
  nonce: string;
  redirectUri: string;
}

/** Making keys takes a while, so all providers have the same. */
const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });

export class FakeProvider {
  /** Seconds since 1970. */
  now = 1_800_000_000;
  /** Seconds that an ID token lasts. */
  life = 300;
  person = "alice";
  /** A cookie tells it who sits there, so that it need not ask. */
  knowsPerson = true;
  givesRefreshTokens = true;
  rotates = true;
  reachable = true;
  /** Changes the claims of the next ID tokens. */
  tamper: (claims: Record<string, unknown>) => void = () => {};
  /** Every request, as "METHOD path grant_type". */
  readonly requests: string[] = [];
  readonly revoked: string[] = [];
  /** Every refresh token that was used. */
  readonly refreshed: string[] = [];
  /** What the token endpoint answers instead of tokens. */
  tokenError: { status: number; error: string } | undefined;
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
      !["code", "code id_token"].includes(q.get("response_type") ?? "") && "response_type",
      q.get("client_id") !== clientId && "client_id",
      q.get("response_type") === "code" && q.get("code_challenge_method") !== "S256" && "code_challenge_method",
      !q.get("scope")?.split(" ").includes("openid") && "scope",
    ].filter(Boolean);
    if (wrong.length > 0) throw new Error(`wrong in ${url.href}: ${wrong.join(", ")}`);
    const code = `code-${++this.#issued}`;
    const redirectUri = q.get("redirect_uri") ?? "";
    if (q.get("prompt") === "none" && !this.knowsPerson) {
      return answerTo(redirectUri, "search", { error: "login_required", state: q.get("state") ?? "", iss: issuer });
    }
    const nonce = q.get("nonce") ?? "";
    if (q.get("response_type") === "code id_token") {
      const hash = base64url(createHash("sha256").update(code).digest().subarray(0, 16).toString("latin1"));
      return answerTo(redirectUri, "hash", { state: q.get("state") ?? "", code, id_token: this.#idToken({ nonce, c_hash: hash }), iss: issuer });
    }
    this.#grants.set(code, { challenge: q.get("code_challenge") ?? "", nonce, redirectUri });
    return answerTo(redirectUri, "search", { code, state: q.get("state") ?? "", iss: issuer });
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
          jwks_uri: "https://id.example/keys",
          authorization_response_iss_parameter_supported: true,
        });
      case "/token":
        await this.gate;
        if (this.tokenError) return json(this.tokenError.status, { error: this.tokenError.error });
        return form.get("grant_type") === "refresh_token" ? this.#refresh(form) : this.#exchange(form);
      case "/keys":
        return json(200, { keys: [{ ...keys.publicKey.export({ format: "jwk" }), kid: "1", use: "sig", alg: "RS256" }] });
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
    this.refreshed.push(token);
    if (!this.#refreshTokens.has(token)) return json(400, { error: "invalid_grant" });
    if (this.rotates) this.#refreshTokens.delete(token);
    return this.#tokens(undefined);
  }

  #idToken(more: Record<string, unknown>): string {
    const claims = { iss: issuer, sub: this.person, aud: clientId, iat: this.now, exp: this.now + this.life, jti: ++this.#issued, ...more };
    this.tamper(claims);
    const signed = [{ alg: "RS256", typ: "JWT", kid: "1" }, claims].map((part) => base64url(JSON.stringify(part))).join(".");
    return `${signed}.${base64url(sign("sha256", new TextEncoder().encode(signed), keys.privateKey).toString("latin1"))}`;
  }

  #tokens(nonce: string | undefined): Response {
    const idToken = this.#idToken(nonce === undefined ? {} : { nonce });
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
  submitted: { url: URL; fields: Record<string, string> } | undefined;
  frames: { url: URL; closed: boolean }[] = [];
  timers: { at: number; work: () => void }[] = [];
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
  /** Called when a frame is sent somewhere. */
  onFrame: (url: URL) => void = () => {};

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
  submit(url: URL, fields: Record<string, string>): void {
    this.submitted = { url, fields };
  }
  openFrame(url: URL): () => void {
    const frame = { url, closed: false };
    this.frames.push(frame);
    this.onFrame(url);
    return () => (frame.closed = true);
  }
  later(millis: number, work: () => void): () => void {
    const timer = { at: this.now() + millis, work };
    this.timers.push(timer);
    return () => void (this.timers = this.timers.filter((one) => one !== timer));
  }
  /** Lets time pass, and what is due happen. */
  pass(seconds: number): void {
    this.provider.now += seconds;
    const due = this.timers.filter(({ at }) => at <= this.now());
    this.timers = this.timers.filter(({ at }) => at > this.now());
    for (const { work } of due) work();
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
    for (const listener of [...this.browser.listeners]) listener(text);
  }
  hear(listener: (text: string) => void): () => void {
    this.browser.listeners.add(listener);
    return () => this.browser.listeners.delete(listener);
  }
  /** Seconds that this machine's clock is ahead of the provider's. */
  ahead = 0;
  now(): number {
    return (this.provider.now + this.ahead) * 1000;
  }
}

function answerTo(redirectUri: string, where: "search" | "hash", parameters: Record<string, string>): URL {
  const back = new URL(redirectUri);
  const all = where === "search" ? back.searchParams : new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) all.set(name, value);
  if (where === "hash") back.hash = all.toString();
  return back;
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

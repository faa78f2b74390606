/** The options of createLogin, checked and complete. */
import { check, type Shape } from "../core/options.js";
import type { LoginOptions } from "./api.js";
import type { ProviderOptions } from "./provider.js";

const loginShape: Shape = {
  issuer: "text", clientId: "text", redirectUri: "text", signedOutUri: "text", scope: "text", parameters: "map", flow: "text",
  renewAhead: "boolean", frameRedirectUri: "text", signOutBy: "text", fetch: "function",
};

export interface Settings {
  readonly provider: Omit<ProviderOptions, "now">;
  readonly signedOutUri: string;
  readonly frameRedirectUri: string | undefined;
  readonly renewAhead: boolean;
}

/** Throws a TypeError for what cannot be meant. address is the page's own. */
export function settingsOf(options: LoginOptions, address: URL): Settings {
  check("createLogin", options, loginShape);
  const redirectUri = options.redirectUri ?? address.origin + address.pathname;
  const frame = options.frameRedirectUri;
  if (frame !== undefined && parseURL(frame)?.origin !== address.origin) {
    throw new TypeError('createLogin: option "frameRedirectUri" must be an address of this page\'s own origin');
  }
  return {
    provider: {
      issuer: issuerOf(options.issuer),
      clientId: required("clientId", options.clientId),
      redirectUri,
      scope: scopeOf(options.scope),
      parameters: { ...options.parameters },
      flow: oneOf("flow", options.flow, ["code", "idToken"]),
      signOutBy: oneOf("signOutBy", options.signOutBy, ["form", "address", "logout_uri"]),
      fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    },
    signedOutUri: options.signedOutUri ?? redirectUri,
    frameRedirectUri: frame,
    renewAhead: options.renewAhead ?? true,
  };
}

function required(name: string, value: unknown): string {
  if (typeof value !== "string" || value === "") throw new TypeError(`createLogin: option "${name}" is required`);
  return value;
}

/** The first of known when there is no value. */
function oneOf<T extends string>(name: string, value: T | undefined, known: readonly [T, ...T[]]): T {
  if (value !== undefined && !known.includes(value)) {
    throw new TypeError(`createLogin: option "${name}" must be one of ${known.join(", ")}`);
  }
  return value ?? known[0];
}

function scopeOf(scope: string | undefined): string {
  if (scope === undefined) return "openid";
  if (!scope.split(" ").includes("openid")) {
    throw new TypeError('createLogin: option "scope" must contain "openid", or there is no ID token');
  }
  return scope;
}

function issuerOf(issuer: unknown): URL {
  const url = parseURL(required("issuer", issuer));
  if (!url) throw new TypeError('createLogin: option "issuer" must be an address such as "https://id.example"');
  if (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname))) return url;
  throw new TypeError('createLogin: option "issuer" must be https://, or http:// on this machine');
}

export function parseURL(text: string): URL | undefined {
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

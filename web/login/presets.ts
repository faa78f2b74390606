/**
 * Options for providers that are known, to spread into those of createLogin.
 * docs/identity says for each how it is to be configured, together with the
 * store that is to trust it.
 */
import { check, type Shape } from "../core/options.js";
import type { LoginOptions } from "./api.js";

/** The options that a preset decides. */
export type Preset = Pick<LoginOptions, "issuer" | "clientId"> & Partial<Pick<LoginOptions, "scope" | "flow" | "signOutBy">>;

const texts = (...names: string[]): Shape => Object.fromEntries(names.map((name) => [name, "text"]));

/** Checks that there is every one of names, and nothing else. */
function given<T>(what: string, options: T, ...names: (keyof T & string)[]): T {
  check(`presets.${what}`, options, texts(...names));
  for (const name of names) {
    if (!options[name]) throw new TypeError(`presets.${what}: option "${name}" is required`);
  }
  return options;
}

/** What a name must look like, so that nothing but itself gets into the issuer's address. */
function matching(what: string, name: string, value: string, pattern: RegExp, like: string): string {
  if (!pattern.test(value)) throw new TypeError(`presets.${what}: option "${name}" must be like ${like}`);
  return value;
}

/** One or more host labels; as an issuer has them. */
const hostName = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i;

export const presets = {
  /** Any provider of OpenID Connect that gives public clients tokens for a code and PKCE. */
  standard(options: { issuer: string; clientId: string }): Preset {
    const { issuer, clientId } = given("standard", options, "issuer", "clientId");
    return { issuer, clientId, scope: "openid profile offline_access" };
  },

  /** What `bucketline dev` runs; the parts of its config.json. */
  devStack(options: { issuer: string; clientId: string }): Preset {
    const { issuer, clientId } = given("devStack", options, "issuer", "clientId");
    return { issuer, clientId, scope: "openid profile offline_access" };
  },

  /**
   * server is Keycloak's address, without /realms. A refresh token comes without
   * offline_access too, and ends with the session.
   */
  keycloak(options: { server: string; realm: string; clientId: string }): Preset {
    const { server, realm, clientId } = given("keycloak", options, "server", "realm", "clientId");
    return { issuer: `${server.replace(/\/+$/, "")}/realms/${encodeURIComponent(realm)}`, clientId, scope: "openid profile" };
  },

  /** domain is the tenant's, such as "example.eu.auth0.com", or a custom one. */
  auth0(options: { domain: string; clientId: string }): Preset {
    const { domain, clientId } = given("auth0", options, "domain", "clientId");
    matching("auth0", "domain", domain, hostName, '"example.eu.auth0.com"');
    return { issuer: `https://${domain}/`, clientId, scope: "openid profile offline_access" };
  },

  /** Whose ID token an identity pool or an IAM role trusts. */
  cognitoUserPool(options: { region: string; userPoolId: string; clientId: string }): Preset {
    const { region, userPoolId, clientId } = given("cognitoUserPool", options, "region", "userPoolId", "clientId");
    matching("cognitoUserPool", "region", region, /^[a-z]{2}(-[a-z]+)+-\d+$/, '"eu-west-1"');
    matching("cognitoUserPool", "userPoolId", userPoolId, /^[\w-]+_[0-9a-zA-Z]+$/, '"eu-west-1_AbCdEfGhI"');
    return { issuer: `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`, clientId, scope: "openid profile", signOutBy: "logout_uri" };
  },

  /** It gives a page no token for a code without a client secret, and no refresh token: the ID token comes with the answer. */
  google(options: { clientId: string }): Preset {
    const { clientId } = given("google", options, "clientId");
    return { issuer: "https://accounts.google.com", clientId, scope: "openid email profile", flow: "idToken" };
  },

  /** tenantId is the directory's ID, a UUID: the issuer is named by it, never by "common" or a domain. */
  entra(options: { tenantId: string; clientId: string }): Preset {
    const { tenantId, clientId } = given("entra", options, "tenantId", "clientId");
    matching("entra", "tenantId", tenantId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, '"00000000-0000-0000-0000-000000000000"');
    return { issuer: `https://login.microsoftonline.com/${tenantId}/v2.0`, clientId, scope: "openid profile offline_access" };
  },
} as const;

/**
 * Signs a person in at an OpenID Connect provider from a static page, and keeps
 * the ID token fresh that STS trades for temporary credentials.
 */
export { createLogin } from "./login.js";
export { LoginError } from "./error.js";
export { presets } from "./presets.js";
export type { Claims, Fetch, Login, LoginEvent, LoginOptions, RedirectOutcome, SignInOptions } from "./api.js";

/**
 * Signs a person in at an OpenID Connect provider from a static page, and keeps
 * the ID token fresh that STS trades for temporary credentials.
 */
export { createLogin } from "./login.js";
export { LoginError } from "./error.js";
export type { Claims, Fetch, Login, LoginOptions, RedirectOutcome, SignInOptions } from "./api.js";

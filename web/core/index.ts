/**
 * bucketline: uploads straight to the bucket, with no upload server.
 * createUploader signs every request itself with temporary credentials, in an
 * engine written in Go (engine.wasm), and sends it with XMLHttpRequest.
 */
export type * from "./api.js";
export { BucketlineError } from "./error.js";
export type { Journal } from "./journal.js";
export { createUploader } from "./session.js";
export {
  assumeRoleWithWebIdentity, cognitoIdentity, sessionPolicy,
  type CognitoIdentity, type SessionPolicy, type WebIdentity,
} from "./sts.js";
export {
  accessGrants, containerCredentials, s3ExpressSession,
  type AccessGrants, type ContainerCredentials, type S3ExpressSession,
} from "./providers.js";
export type { CredentialsSource, ExchangeOptions, StsCredentials, TokenRequest, TokenSource } from "./exchange.js";

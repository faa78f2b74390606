/**
 * bucketline: uploads straight to the bucket, with no upload server.
 * createUploader signs every request itself with temporary credentials, in an
 * engine written in Go (engine.wasm), and sends it with XMLHttpRequest.
 */
export type * from "./api.js";
export { BucketlineError } from "./error.js";
export type { Journal } from "./journal.js";
export { createUploader } from "./session.js";
export { assumeRoleWithWebIdentity, type StsCredentials, type WebIdentity } from "./sts.js";

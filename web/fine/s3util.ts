/** qq.s3.util: the names that S3's requests have, and the rules for buckets and keys. */
import { metadataPrefix } from "./params.js";
import { bucketOf } from "./target.js";

const encryption = "x-amz-server-side-encryption";

export const s3util = {
  ALGORITHM_PARAM_NAME: "x-amz-algorithm",
  AWS_PARAM_PREFIX: metadataPrefix,
  CREDENTIAL_PARAM_NAME: "x-amz-credential",
  DATE_PARAM_NAME: "x-amz-date",
  REDUCED_REDUNDANCY_PARAM_NAME: "x-amz-storage-class",
  REDUCED_REDUNDANCY_PARAM_VALUE: "REDUCED_REDUNDANCY",
  SERVER_SIDE_ENCRYPTION_PARAM_NAME: encryption,
  SERVER_SIDE_ENCRYPTION_PARAM_VALUE: "AES256",
  SESSION_TOKEN_PARAM_NAME: "x-amz-security-token",
  V4_ALGORITHM_PARAM_VALUE: "AWS4-HMAC-SHA256",
  V4_SIGNATURE_PARAM_NAME: "x-amz-signature",
  UNPREFIXED_PARAM_NAMES: [
    "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-MD5", encryption,
    `${encryption}-aws-kms-key-id`, `${encryption}-customer-algorithm`, `${encryption}-customer-key`,
    `${encryption}-customer-key-MD5`,
  ],
  CASE_SENSITIVE_PARAM_NAMES: ["Cache-Control", "Content-Disposition", "Content-Encoding", "Content-MD5"],
  getBucket: (endpoint: string): string | undefined => (endpoint ? bucketOf(endpoint) : undefined),
  /** A key as it stands in a URL: each segment by itself. */
  uriEscapePath: (path: string): string => path.split("/").map(escapeSegment).join("/"),
  uriEscape: escapeSegment,
  encodeQueryStringParam: (text: string): string => escapeSegment(text).replace(/%20/g, "+"),
};

function escapeSegment(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

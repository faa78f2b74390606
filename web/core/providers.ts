/** Credentials from a JSON endpoint, and for credentials of another kind. */
import {
  Exchange, checkSource, checkToken, exchangeShape, run,
  type CredentialsSource, type ExchangeOptions, type StsCredentials, type TokenSource,
} from "./exchange.js";
import { check, toFields, type Shape } from "./options.js";

export interface ContainerCredentials extends ExchangeOptions {
  /** Answers a GET with AccessKeyId, SecretAccessKey, Token and Expiration, as "bucketline issuer" does. */
  url: string;
  /** The Authorization header, such as "Bearer " and an ID token; or a function that returns it. */
  authorization?: TokenSource;
}

const containerShape: Shape = { ...exchangeShape, url: "text", authorization: "other" };

/** Gets credentials from a JSON endpoint, in the form of the AWS container credential provider. */
export async function containerCredentials(options: ContainerCredentials): Promise<StsCredentials> {
  const what = "containerCredentials";
  check(what, options, containerShape);
  const { authorization: token } = options;
  if (token !== undefined) checkToken(what, "authorization", token);
  const fields = toFields({ ...options }, containerShape);
  return await run(what, Exchange.container, options, [...fields, ["authorized", String(token !== undefined)]], { token });
}

export interface AccessGrants extends ExchangeOptions {
  /** Of the S3 Access Grants instance; 12 digits. */
  accountId: string;
  region: string;
  /** "s3://bucket/prefix/*", or "s3://bucket/key" for one object. */
  target: string;
  permission: "READ" | "WRITE" | "READWRITE";
  /** Of the signed-in person: whoever the grant was given to. */
  credentials: CredentialsSource;
  /** 900 to 43,200; an hour by default. */
  durationSeconds?: number;
  /** Take all that the matched grant allows, which can be more than target. */
  defaultPrivilege?: boolean;
  /** "https://ACCOUNT.s3-control.REGION.amazonaws.com" by default. */
  endpoint?: string;
}

const grantsShape: Shape = {
  ...exchangeShape, accountId: "text", region: "text", target: "text", permission: "text", credentials: "other",
  durationSeconds: "size", defaultPrivilege: "boolean", endpoint: "text",
};

/** Gets credentials for the prefix that S3 Access Grants allow a person (S3 Control GetDataAccess). */
export async function accessGrants(options: AccessGrants): Promise<StsCredentials> {
  const what = "accessGrants";
  check(what, options, grantsShape);
  checkSource(what, options.credentials);
  return await run(what, Exchange.grants, options, toFields({ ...options }, grantsShape), { source: options.credentials });
}

export interface S3ExpressSession extends ExchangeOptions {
  /** The directory bucket: BASE--ZONE--x-s3. */
  bucket: string;
  region: string;
  /** What the session is for: those of a role that may CreateSession. */
  credentials: CredentialsSource;
  readOnly?: boolean;
  /** The URL of the bucket itself, when it is not AWS's: directory buckets let no page in, so of something before it that does. */
  endpoint?: string;
}

const expressShape: Shape = {
  ...exchangeShape, bucket: "text", region: "text", credentials: "other", readOnly: "boolean", endpoint: "text",
};

/** Gets the credentials of a directory bucket of S3 Express One Zone, which live for five minutes (S3 CreateSession). */
export async function s3ExpressSession(options: S3ExpressSession): Promise<StsCredentials> {
  const what = "s3ExpressSession";
  check(what, options, expressShape);
  checkSource(what, options.credentials);
  return await run(what, Exchange.express, options, toFields({ ...options }, expressShape), { source: options.credentials });
}

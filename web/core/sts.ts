/** Credentials for an ID token: of STS, and of a Cognito identity pool. */
import {
  Exchange, askPolicy, checkToken, exchangeShape, run, type ExchangeOptions, type StsCredentials, type TokenSource,
} from "./exchange.js";
import { check, toFields, type Shape } from "./options.js";

export interface WebIdentity extends ExchangeOptions {
  /** "https://sts.REGION.amazonaws.com", or the store's own STS. */
  endpoint: string;
  roleArn?: string;
  /** 2 to 64 of A-Z a-z 0-9 and =,.@- for the store's log. */
  roleSessionName?: string;
  /** The OIDC ID token, or a function that returns one: it is called again when the service refuses the first. */
  token: TokenSource;
  /** Seconds the credentials shall last; AWS takes 900 to 43,200 and at most the role's own limit. */
  durationSeconds?: number;
  /** A session policy: it narrows what the role allows, and protects from nothing else. */
  policy?: string;
}

const webIdentityShape: Shape = {
  ...exchangeShape, endpoint: "text", roleArn: "text", roleSessionName: "text", token: "other", policy: "text", durationSeconds: "size",
};

/** Trades an ID token for temporary credentials (STS AssumeRoleWithWebIdentity). */
export async function assumeRoleWithWebIdentity(options: WebIdentity): Promise<StsCredentials> {
  const what = "assumeRoleWithWebIdentity";
  check(what, options, webIdentityShape);
  checkToken(what, "token", options.token);
  return await run(what, Exchange.webIdentity, options, toFields({ ...options }, webIdentityShape), { token: options.token });
}

export interface CognitoIdentity extends ExchangeOptions {
  /** "REGION:UUID" of the identity pool. */
  identityPoolId: string;
  /** Who issued the token: "accounts.google.com", "cognito-idp.REGION.amazonaws.com/POOL". Without one it is a guest who asks. */
  provider?: string;
  /** The ID token, or a function that returns one. */
  token?: TokenSource;
  /** Of the pool; 12 digits. */
  accountId?: string;
  /** One of the roles that the token names, when the pool is to give that one. */
  customRoleArn?: string;
  /** Takes the basic flow, with this role: what follows is as in {@link WebIdentity}. */
  roleArn?: string;
  roleSessionName?: string;
  durationSeconds?: number;
  policy?: string;
  stsEndpoint?: string;
  /** "https://cognito-identity.REGION.amazonaws.com" by default, of the pool's region. */
  endpoint?: string;
}

const cognitoShape: Shape = {
  ...exchangeShape, identityPoolId: "text", provider: "text", token: "other", accountId: "text", customRoleArn: "text",
  roleArn: "text", roleSessionName: "text", durationSeconds: "size", policy: "text", stsEndpoint: "text", endpoint: "text",
};

/** Gets the credentials that a Cognito identity pool gives for an ID token, or to a guest. */
export async function cognitoIdentity(options: CognitoIdentity): Promise<StsCredentials> {
  const what = "cognitoIdentity";
  check(what, options, cognitoShape);
  if (options.provider !== undefined) checkToken(what, "token", options.token);
  return await run(what, Exchange.cognito, options, toFields({ ...options }, cognitoShape), { token: options.token });
}

export interface SessionPolicy extends Pick<ExchangeOptions, "wasm"> {
  bucket: string;
  /** The beginning of every key, letter by letter: no wildcard is one. Empty: the whole bucket. */
  prefix?: string;
  /** Such as "s3:GetObject"; what an upload takes by default. */
  actions?: readonly string[];
  /** "aws" by default; "aws-cn", "aws-us-gov". */
  partition?: string;
}

const policyShape: Shape = { wasm: "other", bucket: "text", prefix: "text", actions: "other", partition: "text" };

/**
 * Writes a session policy for the option policy of an exchange: some actions, below one prefix of one bucket. It only
 * ever narrows what the role allows, and whoever runs the page can leave it out: the role's own policy is the boundary.
 */
export async function sessionPolicy(options: SessionPolicy): Promise<string> {
  const what = "sessionPolicy";
  check(what, options, policyShape);
  const actions: unknown = options.actions ?? [];
  if (!Array.isArray(actions) || !actions.every((action) => typeof action === "string" && !action.includes(","))) {
    throw new TypeError(`${what}: option "actions" must be a list of strings`);
  }
  const fields = toFields({ ...options }, policyShape);
  return await askPolicy(what, options, [...fields, ["actions", actions.join(",")]]);
}

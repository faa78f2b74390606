import type { BucketlineErrorLike } from "./api.js";

/** Why a file failed, or why something was refused. code is stable API, message is not. */
export class BucketlineError extends Error implements BucketlineErrorLike {
  override readonly name = "BucketlineError";
  readonly code: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly operation: string | undefined;
  readonly part: number | undefined;
  readonly doubt: boolean;
  readonly hint: string;

  constructor(what: string, facts: Facts, options?: ErrorOptions) {
    super(describe(what, facts), options);
    this.code = facts.code;
    this.status = facts.status || undefined;
    this.requestId = facts.requestId;
    this.operation = facts.operation;
    this.part = facts.part || undefined;
    this.doubt = facts.doubt ?? false;
    this.hint = hints[facts.code] ?? hintOfStatus(facts.status);
  }
}

export interface Facts {
  code: string;
  status?: number | undefined;
  requestId?: string | undefined;
  operation?: string | undefined;
  part?: number | undefined;
  /** Of how many. */
  parts?: number | undefined;
  /** The object may have been stored all the same. */
  doubt?: boolean | undefined;
  /** The store's own words, or the engine's. */
  text?: string | undefined;
}

/** upload "video.mp4": UploadPart, part 7 of 120: 403 SignatureDoesNotMatch (request 4442587FB7D0A2F9): its words */
function describe(what: string, f: Facts): string {
  let text = what;
  if (f.operation) text += `: ${f.operation}`;
  if (f.part) text += `, part ${f.part}${f.parts ? ` of ${f.parts}` : ""}`;
  text += `: ${f.status ? `${f.status} ` : ""}${f.code}`;
  if (f.requestId) text += ` (request ${f.requestId})`;
  if (f.text) text += `: ${f.text}`;
  return text;
}

/** One sentence for each code: what to do. The codes of S3 are its own. */
export const hints: Readonly<Record<string, string>> = {
  // The path broke.
  Unreachable: "Check the network, the endpoint's address and certificate, and that the page's CSP allows it in connect-src.",
  CORSBlocked:
    "The store answers, but not to this page: check the bucket's name and region, and that its CORS rule allows this page's origin, the methods PUT, POST, GET, HEAD and DELETE, and the request's headers.",
  Offline: "Connect to a network and upload again.",
  Timeout: "The store took too long; upload again.",
  TLSRefused: "The store's certificate is not trusted; check the endpoint's address and its certificate.",
  AnswerInvalid: "This is not how S3 answers; check that the endpoint is an S3 store, and what a proxy before it says.",
  ETagHidden: 'Add "ETag" to ExposeHeaders in the bucket\'s CORS rule: until then every part is looked up in the store.',
  Stalled: "No byte moved for a long time, again and again; check the network, and upload again.",
  Corrupted: "The store got other bytes than were sent, again and again; check the network, its proxies and this computer's memory.",
  OutcomeUnknown: "Nobody could find out whether the object was stored; look for it in the bucket before you upload again.",
  Unverified: "The store ignores checksums: compare what is important after the upload, or set the profile of this store.",
  ClockSkewed: "This computer's clock is wrong, which was corrected for; set it.",

  // The file.
  SourceUnreadable: "The file was changed, moved or deleted after it was chosen, or may not be read; choose it again.",
  SourceChanged: "The file was changed after it was chosen; choose it again.",
  UploadInUse: "Another tab or program uploads the same file; wait for it, or end it there.",
  ObjectExists: "There is an object with this key already; choose another key, or say what to do by onConflict.",
  FileTooLarge: "S3 stores objects of at most 48.8 TiB; split the file.",

  // The options.
  KeyRefused: "The page's own key function failed; see the error's cause.",
  KeyInvalid: 'Give the object a key of UTF-8 text, without "." or ".." as a folder.',
  KeyTooLong: "A key has at most 1,024 bytes of UTF-8; use a shorter name or folder.",
  HeaderInvalid: "Use plain text without line breaks in this option.",
  HeaderTooLarge: "Use a shorter text in this option.",
  MetadataInvalid: "Metadata names have letters, digits and hyphens; values have no line breaks.",
  MetadataTooLarge: "Metadata has at most 2 KB of names and values.",
  TagInvalid: "A tag has a name of 1 to 128 and a value of at most 256 characters, letters, digits, spaces and +-=._:/@.",
  TooManyTags: "An object has at most 10 tags.",
  EncryptionInvalid: "Check the encryption options: a customer key has 32 bytes, a KMS key goes with aws:kms.",
  LockInvalid: "An object lock needs its mode and an end in the future.",
  ChecksumInvalid: "Give the checksum's algorithm and its value in base64.",
  ConditionInvalid: 'The only condition is ifNoneMatch: "*".',
  Unsupported: "This store does not do that; leave the option out.",
  OptionUnknown: "Check the option's name.",
  OptionInvalid: "Check the option's value.",
  ProfileUnknown: "Known profiles are aws, minio, ceph, r2, b2, gcs, seaweedfs and versitygw.",
  BucketInvalid: "A bucket's name has 3 to 63 lower-case letters, digits, hyphens and dots.",
  RegionInvalid: 'Give the bucket\'s region, such as "eu-west-1".',
  EndpointInvalid: 'Give the store\'s address as "https://host" or "https://host:port".',
  StyleInvalid: "Not all of pathStyle, dualStack and accelerate go together; leave one out.",
  OwnerInvalid: "An account ID has 12 digits.",
  PartInvalid: "A part's number is 1 to 10,000.",
  PartMissing: "A part is missing; upload again.",
  UploadIDInvalid: "The store named the upload in a way that is not S3's; check the endpoint.",
  ListInvalid: "Ask for 1 to 1,000 entries.",
  FormInvalid: "A form field's name or value cannot be sent.",
  FormTooLarge: "A form has at most 20 KB before the file.",
  ExpirationMissing: "Give the credentials' expiration: a Date, or an ISO 8601 string with its time zone.",
  ExpirationInvalid: 'Write the expiration as an ISO 8601 string with its time zone, such as "2026-11-23T09:00:00Z".',
  ExpirationDateOnly: 'Add the time of day and the time zone to the expiration, such as "2026-11-23T09:00:00Z".',
  ExpirationNoZone: 'Add the time zone to the expiration, "Z" for UTC.',
  ExpirationRange: "Check the expiration's year.",
  CredentialsExpired: "These credentials have ended; get new ones from the identity provider.",
  AccessKeyMissing: "Give the credentials' accessKey.",
  AccessKeyInvalid: "This is no access key ID; check that nothing was cut off or added.",
  SecretKeyMissing: "Give the credentials' secretKey.",
  SecretKeyUnwanted: "This is a defect of Bucketline: report it.",
  VaultUnavailable:
    "Serve the page over https: only then do browsers have keys that script cannot read back. Until then the engine keeps the secret in its memory.",
  SecretKeyInvalid: "This is no secret key; check that nothing was cut off or added.",
  CredentialsOfOtherAccount: "The new credentials are of another AWS account than the uploads under way; give some of the same account, or cancel these first.",
  SessionTokenInvalid: "This is no session token; check that nothing was cut off or added.",
  CredentialsHeld: "There are no valid credentials now; set some, or wait for credentialsExpired.",
  NotReady: "The engine is still loading; wait for the uploader's ready promise.",
  EngineStopped: "This is a defect of Bucketline: report it, and reload the page.",
  EngineRefused: "This is a defect of Bucketline: report it.",
  EngineUnavailable: "Check that engine.wasm is served where the wasm option says, and that the page's CSP allows 'wasm-unsafe-eval'.",

  // The journal.
  StorageFull: "The browser gives this site no more room; free some on the disk, or clear data of sites.",
  StorageFailed: "The browser could not keep what was sent so far; uploads go on, and begin anew after a reload.",
  JournalFailed: "The browser could not keep what was sent so far: a reload before the end begins anew.",
  RecordCorrupt: "What was remembered of an unfinished upload was damaged and is set aside; its file begins anew.",
  RecordVersion: "This upload was begun by a later version of Bucketline; go on with it there.",
  StorageUnavailable: "This browser keeps nothing for this page, as in a private window; uploads begin anew after a reload.",

  // The store refused.
  AccessDenied: "These credentials may not write to this key; check the role's policy and the key's prefix.",
  NoSuchBucket: "Check the bucket's name, and the region or endpoint it is in.",
  NoSuchUpload: "The upload was aborted meanwhile, perhaps by the bucket's lifecycle rule; upload again.",
  SignatureDoesNotMatch: "The secret key is not the one that belongs to this access key, or something between changed the request.",
  InvalidAccessKeyId: "The store does not know this access key; check that the credentials are for this store.",
  InvalidToken: "The session token does not belong to these keys or to this store; get new credentials.",
  ExpiredToken: "The credentials have ended; set credentialsExpired so that new ones are asked for in time.",
  RequestTimeTooSkewed: "This computer's clock is wrong by more than 15 minutes; set it.",
  AuthorizationHeaderMalformed: "Check the region: the signature is for another one than the bucket's.",
  PermanentRedirect: "The bucket is in another region; set region and endpoint to the bucket's own.",
  EntityTooLarge: "The store takes no object or part of this size.",
  PreconditionFailed: "There is an object with this key already; choose another key.",
  BadDigest: "The bytes that arrived are not those that the checksum is of; upload again.",
  InvalidStorageClass: "This store does not have this storage class.",
  SlowDown: "The store is busy; upload again in a while.",
  ServiceUnavailable: "The store is busy; upload again in a while.",
  InternalError: "The store failed; upload again.",
  QuotaExceeded: "The store is full, or your share of it is.",

  // Exchanges for credentials.
  ExchangeUnavailable: "Check that exchange.wasm is served where the wasm option says, and that the page's CSP allows 'wasm-unsafe-eval'.",
  ExchangeEndpointMissing: "Give the address of the endpoint.",
  ExchangeEndpointInvalid: 'Give the endpoint as "https://host" or "https://host:port".',
  ExchangeEndpointInsecure: "Use an https endpoint: what proves who asks, and the credentials, would travel in clear.",
  ExchangeAnswerInvalid: "This is not how the service answers; check the endpoint.",
  ExchangeRegionMissing: 'Give the region, such as "eu-west-1".',
  ExchangeRegionInvalid: 'A region has lower-case letters, digits and hyphens, such as "eu-west-1".',
  ExchangeSourceInvalid: "Give the credentials to sign with, as the identity provider gave them.",
  ExchangeEndless: "The service does not come to an end; check the endpoint.",
  RoleARNMissing: "Give the ARN of the role to assume.",
  RoleARNInvalid: 'A role\'s ARN looks like "arn:aws:iam::123456789012:role/uploader".',
  RoleARNTwice: "Give customRoleArn for the enhanced flow, or roleArn for the basic one.",
  RoleSessionNameMissing: "Give a role session name.",
  RoleSessionNameInvalid: "A role session name has 2 to 64 of A-Z, a-z, 0-9 and _+=,.@-.",
  IDTokenMissing: "Sign in first: there is no ID token.",
  IDTokenInvalid: "This is no ID token; give the JWT that the identity provider issued.",
  DurationInvalid: "AWS takes 900 to 43,200 seconds, and no more than the role allows.",
  SessionPolicyInvalid: "A session policy has at most 2,048 characters of plain text.",
  IdentityPoolInvalid: 'An identity pool\'s ID is its region and a UUID: "eu-west-1:1a2b3c4d-...".',
  LoginProviderInvalid: 'The provider is the issuer without https://, such as "accounts.google.com".',
  AccountInvalid: "An account ID has 12 digits.",
  AuthorizationMissing: 'Give the authorization, such as "Bearer " and an ID token.',
  AuthorizationInvalid: "The authorization cannot stand in a header; check that no line end is in it.",
  DirectoryBucketInvalid: 'A directory bucket is named "BASE--ZONE--x-s3".',
  GrantTargetInvalid: 'The target is "s3://bucket/prefix/*", or "s3://bucket/key" for one object.',
  GrantPermissionInvalid: "The permission is READ, WRITE or READWRITE.",
  PolicyBucketInvalid: "Give the bucket's whole name, without wildcards.",
  PolicyPrefixInvalid: "A prefix has at most 1,024 bytes.",
  PolicyActionInvalid: 'Actions are on objects, such as "s3:GetObject", and "s3:ListBucket".',
  PolicyPartitionInvalid: 'The partition is "aws", "aws-cn" or "aws-us-gov".',
  PolicyTooLong: "The policy has more than 2,048 characters; take a shorter prefix, or fewer actions.",
  NotAuthorizedException: "The identity pool does not accept the token: check its issuer and audience there, and sign in again.",
  ResourceNotFoundException: "There is no such identity pool; check its ID.",
  InvalidIdentityPoolConfigurationException: "The identity pool has no role for this person; set one there.",
  ExpiredTokenException: "The ID token has ended; sign in again.",
  InvalidIdentityToken: "The ID token is not for this role's audience, or not from an issuer that it trusts; sign in again.",
  IDPRejectedClaim: "The identity provider refused; sign in again.",
  IDPCommunicationError: "The store could not reach the identity provider; try again in a while.",
};

function hintOfStatus(status: number | undefined): string {
  if (!status) return "See the message.";
  return status >= 500 ? "The store failed; upload again." : "The store refused; see the code in its documentation.";
}

/**
 * The public words of the package: what a page gives to {@link createUploader}
 * and what it gets back. Data only; session.ts carries it out.
 */

/** Temporary credentials, in the words that STS and Fine Uploader share. */
export interface Credentials {
  accessKey: string;
  secretKey: string;
  /** Sent with every request when present; STS always gives one. */
  sessionToken?: string;
  /** When they end: a Date, or an ISO 8601 string with its time zone. Required. */
  expiration: Date | string;
}

/** Why credentials are asked for, or why requests are held. */
export type HoldReason =
  | "absent" // none were given yet
  | "expired" // their end has come, or is too near for another request
  | "invalidated" // the page called expireCredentials
  | "refused" // the store does not accept them (any more)
  | "refreshFailed"; // credentialsExpired rejected; setCredentials releases

/** What credentialsExpired is called with. */
export interface CredentialsRequest {
  /** Aborted when the uploader is closed, or setCredentials was called meanwhile. */
  signal: AbortSignal;
  reason: HoldReason;
}

/** A store whose ways are known; see the documentation for what each one sets. */
export type Profile = "aws" | "ceph" | "r2" | "b2" | "gcs" | "minio" | "seaweedfs" | "versitygw";

export interface UploaderOptions {
  bucket: string;
  /** The bucket's region, such as "eu-west-1". */
  region?: string;
  /** "https://host[:port]" of a store that is not AWS. */
  endpoint?: string;
  profile?: Profile;
  /** Put the bucket into the path instead of the host name. */
  pathStyle?: boolean;
  /** Use AWS's dual-stack (IPv4 and IPv6) host names. */
  dualStack?: boolean;
  /** Use S3 Transfer Acceleration. */
  accelerate?: boolean;
  /** "https://host" of a CDN that forwards to the bucket; signatures still name the bucket's own host. */
  sendTo?: string;
  /** Refuse to write into a bucket that another account owns. */
  expectedBucketOwner?: string;
  /** Allow http:// to a store that is not on this machine. Credentials then travel in clear. */
  allowHTTP?: boolean;
  credentials?: Credentials;
  /** Called once whenever requests are held for want of valid credentials, however many wait. */
  credentialsExpired?: (request: CredentialsRequest) => Credentials | Promise<Credentials>;
  signature?: { version: 2 | 4 };
  /** Put before the key of every file that is uploaded without a key of its own. */
  prefix?: string;
  /** Requests under way at once, over all files: 1 to 256, 6 by default. */
  connections?: number;
  /** Bytes: 5 MiB to 5 GiB, 8 MiB by default. Raised for files that would need more than 10,000 parts. */
  partSize?: number;
  /** Bytes: files of at least this size go up in parts; 16 MiB by default. */
  multipartThreshold?: number;
  /** Where engine.wasm is, when it does not lie beside this module. */
  wasm?: string | URL | WebAssembly.Module;
}

export interface ObjectOptions {
  /** The object's key: 1 to 1,024 bytes of UTF-8. By default prefix + the file's relative path or name; a Blob has none, so it needs a key. */
  key?: string | ((file: File | Blob) => string | Promise<string>);
  /** The file's own type by default, "application/octet-stream" when it has none. */
  contentType?: string;
  cacheControl?: string;
  contentDisposition?: string;
  contentEncoding?: string;
  contentLanguage?: string;
  expires?: string;
  /** Up to 2 KB of names and values, stored as x-amz-meta-*. */
  metadata?: Record<string, string>;
  /** Up to 10. */
  tags?: Record<string, string>;
  acl?: string;
  storageClass?: string;
  serverSideEncryption?: "AES256" | "aws:kms" | "aws:kms:dsse";
  kmsKeyId?: string;
  /** JSON text: the encryption context. */
  kmsContext?: string;
  bucketKey?: boolean;
  /** SSE-C: base64 of the 32-byte key. */
  customerKey?: string;
  /** A checksum of the whole file that the store verifies, such as {algorithm: "CRC32C", value: "…base64…"}; single PUT only. */
  checksum?: { algorithm: "CRC32" | "CRC32C" | "CRC64NVME" | "SHA1" | "SHA256"; value: string };
  /** "*": fail with PreconditionFailed when the key exists already. */
  ifNoneMatch?: "*";
  objectLockMode?: "GOVERNANCE" | "COMPLIANCE";
  objectLockRetainUntil?: Date | string;
  objectLockLegalHold?: boolean;
  websiteRedirectLocation?: string;
}

export interface UploadOptions extends ObjectOptions {
  /** Cancels this file. */
  signal?: AbortSignal;
}

export type FileState = "queued" | "uploading" | "holding" | "completing" | "done" | "failed" | "cancelled";

/** What the store confirmed. */
export interface UploadResult {
  bucket: string;
  key: string;
  /** As the store sent it, quotes included; empty where CORS hides it and nothing needs it. */
  etag: string;
  /** Of a bucket with versions. */
  versionId?: string;
  /** The object's plain URL; it opens only if the object may be read by whoever asks. */
  location: string;
  size: number;
}

/** One file's counters, in bytes and parts. */
export interface FileInfo {
  state: FileState;
  size: number;
  /** Given to the network. */
  sent: number;
  /** In parts that the store has acknowledged, or in the stored object. Never decreases before the file ends; 0 once it has failed or was cancelled. */
  acknowledged: number;
  /** 0: not planned yet, a single PUT, or ended. */
  parts: number;
  partsStored: number;
  partsInFlight: number;
}

/** All files' counters. */
export interface Totals {
  files: Record<FileState, number>;
  size: number;
  sent: number;
  acknowledged: number;
  stored: number;
  inFlight: number;
  /** Set while no request can be signed. */
  held: HoldReason | undefined;
}

/** One cell of a part map: a part, or several of a file with many. */
export interface Cell {
  state: "empty" | "inFlight" | "stored" | "held";
  /** 0 to 1, of an inFlight cell. */
  filled: number;
}

/** What a task's iterator yields. */
export type TaskEvent =
  | { type: "state"; state: FileState }
  | ({ type: "progress" } & FileInfo)
  | { type: "part"; part: number; etag: string }
  | { type: "hold"; reason: HoldReason; error?: unknown }
  | { type: "release" };

/** What listen() reports, for all files. */
export type UploaderEvent =
  | { type: "added"; task: UploadTask }
  | { type: "state"; task: UploadTask; state: FileState }
  | { type: "part"; task: UploadTask; part: number; etag: string }
  /** Counters moved; at most one a turn. Ask info() and totals() for what you show. */
  | { type: "progress" }
  /** A request goes out. operation is S3's name of it; part is 0 unless it is an UploadPart. */
  | { type: "request"; id: number; operation: string; task: UploadTask; part: number }
  /** It ended: status is 0 when there was no answer. */
  | { type: "response"; id: number; operation: string; task: UploadTask; part: number; status: number }
  | { type: "hold"; reason: HoldReason; error?: unknown }
  | { type: "release" }
  /** credentialsExpired is being called. */
  | { type: "refresh"; reason: HoldReason }
  /** New credentials were taken. */
  | { type: "credentials"; expiration: Date }
  /** A multipart upload could not be aborted: its parts stay until the bucket's lifecycle rule removes them. */
  | { type: "orphan"; task: UploadTask; error: BucketlineErrorLike };

/** The readable part of a BucketlineError. */
export interface BucketlineErrorLike {
  /** Stable: S3's code where the store refused, else one of this package's. */
  readonly code: string;
  /** HTTP status, when there was an answer. */
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  /** S3's name of the operation that failed, when it was one. */
  readonly operation: string | undefined;
  readonly part: number | undefined;
  /** One sentence: what to do about it. */
  readonly hint: string;
  readonly message: string;
}

/**
 * One file on its way. Await it for the result, iterate it for its events, or
 * do neither: a failure that nobody awaits is not an unhandled rejection.
 */
export interface UploadTask extends PromiseLike<UploadResult>, AsyncIterable<TaskEvent> {
  readonly id: number;
  readonly file: File | Blob;
  /** The file's name, or its path in the chosen folder. */
  readonly name: string;
  /** Known once the file has been begun. */
  readonly key: string | undefined;
  readonly state: FileState;
  /** Why it failed, in state "failed". */
  readonly error: BucketlineErrorLike | undefined;
  readonly result: UploadResult | undefined;
  info(): FileInfo;
  /** At most max cells; none for a single PUT. */
  cells(max: number): Cell[];
  /** Drops the file. Too late while the store joins the parts: then it ends "done". */
  cancel(): void;
  catch<T>(onRejected: (reason: unknown) => T | PromiseLike<T>): Promise<UploadResult | T>;
  finally(onFinally: () => void): Promise<UploadResult>;
}

export interface Uploader {
  /** Resolves when the engine has loaded; rejects with a BucketlineError when it cannot. Uploads need not wait for it. */
  readonly ready: Promise<void>;
  /** Adds a file and begins as soon as there is a connection for it. */
  upload(file: File | Blob, options?: UploadOptions): UploadTask;
  /**
   * Sets or replaces the credentials, at any time, and releases what is held. Throws a TypeError for what is not of
   * the right form, and a BucketlineError for what the engine refuses, such as credentials that have ended.
   */
  setCredentials(credentials: Credentials): void;
  /** Treats the present credentials as expired from now on. */
  expireCredentials(): void;
  /** How long the credentials last: milliseconds left and in all; undefined when there are none. */
  credentialsLife(): { remaining: number; total: number } | undefined;
  tasks(): readonly UploadTask[];
  totals(): Totals;
  /** The plain URL of an object of this bucket. */
  objectURL(key: string): string;
  /** A URL with which anybody may read the object for so many seconds, or until the credentials end. Throws while there are none. */
  presignedURL(key: string, seconds: number): string;
  /** Calls listener with everything that happens; returns how to stop it. */
  listen(listener: (event: UploaderEvent) => void): () => void;
  /** Cancels what is not done and lets go of everything. */
  close(): void;
}

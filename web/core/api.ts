/**
 * The public words of the package: what a page gives to {@link createUploader}
 * and what it gets back. Data only; session.ts carries it out.
 */

import type { Journal } from "./journal.js";

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
  | "refreshFailed" // credentialsExpired rejected; setCredentials releases
  | "signingFailed"; // the vault's key makes no signatures, nor did the one before it

/** Why new credentials are asked for. */
export type RefreshReason =
  | HoldReason
  | "expiring"; // nothing is held: they still serve, and their end is near

/** Brings credentials: asks an STS, your own service, or the person. */
export type CredentialsProvider = (request: CredentialsRequest) => Credentials | Promise<Credentials>;

/** What credentialsExpired is called with. */
export interface CredentialsRequest {
  /** Aborted when the uploader is closed, or setCredentials was called meanwhile. */
  signal: AbortSignal;
  reason: RefreshReason;
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
  /** To begin with; or what brings them, each time: then it stands for credentialsExpired too. */
  credentials?: Credentials | CredentialsProvider;
  /**
   * Called once whenever requests are held for want of valid credentials, however many wait; and early, while nothing
   * is held, when credentials of ten minutes or more come near their end. When it rejects, requests stay held and it is
   * called again after a moment, for refreshMillis; then they are held until setCredentials.
   */
  credentialsExpired?: CredentialsProvider;
  /**
   * Whose the credentials are, in any words, such as the issuer, the person and the role: tabs of this origin that say
   * the same, for the same store, bucket and prefix, get new credentials from one call of credentialsExpired, and from
   * one setCredentials. 1 to 1,024 characters.
   *
   * Without it each tab has its own, which is the default for two reasons. This package cannot know who is signed in,
   * and two people must not come by each other's credentials. And tabs talk over a BroadcastChannel, which every script
   * of the origin can join: share only where all pages of the origin are as trusted as this one. No other origin can
   * listen, and nothing is stored; of a secret that is in the vault a key that cannot be read back is sent. Needs Web Locks: without them, as in pages from http://, nothing is shared.
   */
  shareCredentials?: string;
  /** Milliseconds for which credentialsExpired may run until it counts as failed: a person may have to sign in. 10 minutes by default. */
  handlerMillis?: number;
  /** Milliseconds for which credentialsExpired is called again after it rejected: 2 minutes by default; 0: it is not. */
  refreshMillis?: number;
  /** Milliseconds for which files are held until they fail with CredentialsExpired; retry() goes on with them. By default there is no limit. */
  holdMillis?: number;
  signature?: { version: 2 | 4 };
  /** Put before the key of every file that is uploaded without a key of its own. */
  prefix?: string;
  /** Requests under way at once, over all files: 1 to 256, 6 by default. */
  connections?: number;
  /**
   * Bytes: 5 MiB to 5 GiB. By default it follows from how fast the bytes go, and is 8 MiB before that is known. Raised
   * for files that would need more than 10,000 parts.
   */
  partSize?: number;
  /** Bytes: files of at least this size go up in parts; 16 MiB by default. */
  multipartThreshold?: number;
  /**
   * Bytes: smaller files go up as a browser form (POST Object), where the store takes forms and the object asks for
   * nothing that a form cannot. A form needs no CORS preflight, which halves the time of a small file, and shows no
   * progress before its end. 0, the default: none do.
   */
  formBelow?: number;
  /**
   * The checksum of every object that has none of its own. The browser computes it beside the sending, and the store
   * refuses what arrived differently. By default the best one that the store is known to check; "MD5" is Content-MD5,
   * which each part has for itself; "none" sends none.
   */
  checksum?: ChecksumAlgorithm | "MD5" | "none";
  /**
   * Milliseconds for which a request that fails is tried again, from its first failure on, without the time in which
   * the network was gone or credentials were missing. 15 minutes by default.
   */
  retryMillis?: number;
  /** Milliseconds for which a request may move no byte before it is broken off and sent again; 30 seconds by default. */
  stallMillis?: number;
  /**
   * Where unfinished uploads are remembered, so that the same file goes on where it was after a reload or a crash.
   * true, the default: in this browser's IndexedDB, under the name "bucketline"; a text: under that name; false: in
   * this page's memory, which a reload forgets; or a {@link Journal} of your own. No secret is in a record.
   */
  journal?: boolean | string | Journal;
  /** Where engine.wasm is, when it does not lie beside this module. */
  wasm?: string | URL | WebAssembly.Module;
  /**
   * Where bucketline-worker.js is, when it does not lie beside this module: on the page's own origin, and allowed by
   * its CSP's worker-src. Without a worker, and with false, digests are computed on the page's own thread.
   */
  worker?: string | URL | false;
  /**
   * true, the default: the secret becomes a WebCrypto key that signs and that no script can read back, in a worker of
   * its own (worker says where its script is; without one the page signs with the same key), and nothing here keeps
   * the secret. A page that is neither from https nor from this machine has no WebCrypto: there the engine signs, keeps
   * the secret in its memory, and the event "warning" says VaultUnavailable. "required": createUploader throws instead.
   * false: the engine signs. docs/vault.md says what a vault protects from, and from what it does not.
   */
  vault?: boolean | "required";
}

/** The checksums that stores keep with an object. */
export type ChecksumAlgorithm = "CRC32" | "CRC32C" | "CRC64NVME" | "SHA1" | "SHA256";

/** Which files go first. */
export type Priority = "high" | "normal" | "low";

/**
 * What to do when ifNoneMatch: "*" is asked for and the key has an object already: "fail" with ObjectExists; "ask", and
 * wait in state "conflict" for {@link UploadTask.resolve}; "skip" the file; "rename" it to "name (2).ext", "name
 * (3).ext" and so on; "replace" the object.
 */
export type ConflictChoice = "fail" | "ask" | "skip" | "rename" | "replace";

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
  /**
   * The object's checksum, instead of the uploader's: by which algorithm, or what it is, such as {algorithm: "CRC32C",
   * value: "…base64…"}. A value of the whole file goes with a file in parts only if it is a CRC.
   */
  checksum?: ChecksumAlgorithm | { algorithm: ChecksumAlgorithm; value: string };
  /** "*": do not write over an object; onConflict says what else to do. */
  ifNoneMatch?: "*";
  objectLockMode?: "GOVERNANCE" | "COMPLIANCE";
  objectLockRetainUntil?: Date | string;
  objectLockLegalHold?: boolean;
  websiteRedirectLocation?: string;
}

export interface UploadOptions extends ObjectOptions {
  /** "normal" by default. */
  priority?: Priority;
  /** "fail" by default; it counts with ifNoneMatch: "*" alone. */
  onConflict?: ConflictChoice;
  /** Cancels this file. */
  signal?: AbortSignal;
}

/** Where a file stands. */
export type FileState =
  | "queued" // chosen, not begun
  | "hashing" // its checksum is being computed, and nothing is sent yet
  | "uploading" // requests are under way, or may be
  | "holding" // waits for credentials
  | "offline" // waits for the network
  | "throttled" // waits before it tries again what failed
  | "paused" // rests, because somebody asked
  | "conflict" // the key has an object already; waits for resolve()
  | "completing" // every byte is stored; the store joins the parts
  | "done" // the store confirmed the object
  | "skipped" // not stored, because the key has an object already
  | "failed" // given up; retry() tries again
  | "cancelled"; // dropped

/** What the store confirmed. */
export interface UploadResult {
  bucket: string;
  /** With onConflict: "rename" perhaps another one than was asked for. */
  key: string;
  /** As the store sent it, quotes included; empty where CORS hides it and nothing needs it. */
  etag: string;
  /** Of a bucket with versions. */
  versionId?: string;
  /** The object's plain URL; it opens only if the object may be read by whoever asks. */
  location: string;
  size: number;
  /** Of the whole object, as the store has checked it: value is base64. Absent where none was sent, or the store keeps none. */
  checksum?: { algorithm: ChecksumAlgorithm; value: string };
  /** Set in state "skipped": nothing was stored, since there is an object with this key; etag is empty. */
  skipped?: true;
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
  /** Bytes that were given to the network in vain, by requests that failed. */
  resent: number;
  /** Requests under way. */
  inFlight: number;
  /** Requests that may be under way at present: fewer than connections while the store is busy. */
  window: number;
  /** The network is gone. */
  offline: boolean;
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
  /** A request failed because of error and is sent again in delay milliseconds. part is 0 unless it is about one. */
  | { type: "retry"; part: number; delay: number; error: BucketlineErrorLike }
  /** The file goes on where an earlier run left it: so many bytes, in so many parts, need not be sent again. */
  | { type: "resumed"; bytes: number; parts: number }
  /** The key has an object already, and resolve() has to say what to do. */
  | { type: "conflict"; key: string; error: BucketlineErrorLike }
  | { type: "hold"; reason: HoldReason; error?: unknown }
  | { type: "release" };

/** What listen() reports, for all files. */
export type UploaderEvent =
  | { type: "added"; task: UploadTask }
  | { type: "state"; task: UploadTask; state: FileState }
  /** Very many files have changed their state at once, by pauseAll, resumeAll, retryAll or cancelAll: look at the list anew. */
  | { type: "all"; action: "pause" | "resume" | "retry" | "cancel" }
  | { type: "part"; task: UploadTask; part: number; etag: string }
  | { type: "retry"; task: UploadTask; part: number; delay: number; error: BucketlineErrorLike }
  | { type: "resumed"; task: UploadTask; bytes: number; parts: number }
  | { type: "conflict"; task: UploadTask; key: string; error: BucketlineErrorLike }
  /** Counters moved; at most one a turn. Ask info() and totals() for what you show. */
  | { type: "progress" }
  /** A request goes out. operation is S3's name of it; task is undefined for a clean-up, part is 0 unless it is an UploadPart. */
  | { type: "request"; id: number; operation: string; task: UploadTask | undefined; part: number }
  /** It ended: status is 0 when there was no answer. */
  | { type: "response"; id: number; operation: string; task: UploadTask | undefined; part: number; status: number }
  | { type: "hold"; reason: HoldReason; error?: unknown }
  | { type: "release" }
  /** The browser says that the network is gone, or is back. What waits for it goes on by itself. */
  | { type: "offline" }
  | { type: "online" }
  /** Something should be put right, though uploads go on; each code is said once. */
  | { type: "warning"; task: UploadTask | undefined; error: BucketlineErrorLike }
  /** New credentials are asked for: credentialsExpired is called, or another tab that asks is waited for. */
  | { type: "refresh"; reason: RefreshReason }
  /** New credentials were taken; shared: from another tab. */
  | { type: "credentials"; expiration: Date; shared?: true }
  /** A multipart upload could not be aborted: its parts stay until the bucket's lifecycle rule removes them, or sweep does. */
  | { type: "orphan"; task: UploadTask; uploadId: string; error: BucketlineErrorLike };

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
  /** The object may have been stored all the same: nobody could find out. */
  readonly doubt: boolean;
  /** One sentence: what to do about it. */
  readonly hint: string;
  readonly message: string;
}

/**
 * One file on its way. Await it for the result, iterate it for its events, or
 * do neither: a failure that nobody awaits is not an unhandled rejection.
 *
 * Awaited, it resolves in state "done" and, with {@link UploadResult.skipped},
 * in state "skipped"; it rejects in state "failed" and "cancelled". After
 * retry() it can be awaited and iterated again, for what comes then.
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
  /** Which files go first. Set it to move this one. */
  priority: Priority;
  info(): FileInfo;
  /** At most max cells; none for a single PUT. */
  cells(max: number): Cell[];
  /** Lets the file rest until resume(). What of it is stored stays stored; what is under way is sent again. */
  pause(): void;
  /** Ends a pause. */
  resume(): void;
  /** Tries again, in state "failed": parts that are stored are not sent again, as far as the store still has them. */
  retry(): void;
  /** Says what to do, in state "conflict". */
  resolve(choice: "skip" | "rename" | "replace"): void;
  /** Drops the file, and what of it is stored. Too late while the store joins the parts: then it ends "done". */
  cancel(): void;
  catch<T>(onRejected: (reason: unknown) => T | PromiseLike<T>): Promise<UploadResult | T>;
  finally(onFinally: () => void): Promise<UploadResult>;
}

/**
 * An upload in parts that an earlier session, or another tab, has begun and not
 * ended. To go on with it, upload the same file with the same key: it is known
 * by its name, size, time of change and content.
 */
export interface PreviousUpload {
  /** The source's name, as {@link UploadTask.name} was. */
  readonly name: string;
  /** Of the source, in bytes. */
  readonly size: number;
  /** When the source was last changed; undefined for a Blob. */
  readonly modified: Date | undefined;
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
  /** When it was begun. */
  readonly begun: Date;
  /** Bytes in parts that the store has acknowledged. */
  readonly stored: number;
  readonly parts: number;
  readonly partSize: number;
  /** The record as it is, for `bucketline resume`. It names the bucket and the file, and has no secret. */
  export(): Blob;
  /**
   * Aborts the upload and forgets it. Rejects with UploadInUse while another tab goes on with it, and with the store's
   * error when it cannot be aborted.
   */
  discard(): Promise<void>;
}

/** What a sweep has done with one upload. */
export interface Swept {
  readonly key: string;
  readonly uploadId: string;
  /** Why it could not be aborted. */
  readonly error: BucketlineErrorLike | undefined;
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
  /** Costs the same for any number of files. */
  totals(): Totals;
  /** Lets every file rest, those too that are added later, until resumeAll(). */
  pauseAll(): void;
  resumeAll(): void;
  /** Tries every failed file again. */
  retryAll(): void;
  cancelAll(): void;
  /** The unfinished uploads in the journal that this uploader is not going on with, the latest first. */
  previous(): Promise<PreviousUpload[]>;
  /**
   * Aborts the multipart uploads below prefix that were begun more than olderThanMillis ago and that no record of the
   * journal is about: what crashed sessions left behind. Needs the permission to list them. Resolves to what was found.
   */
  sweep(options: { prefix: string; olderThanMillis: number }): Promise<Swept[]>;
  /** The plain URL of an object of this bucket. */
  objectURL(key: string): string;
  /** A URL with which anybody may read the object for so many seconds, or until the credentials end. Rejects while there are none. */
  presignedURL(key: string, seconds: number): Promise<string>;
  /** Calls listener with everything that happens; returns how to stop it. */
  listen(listener: (event: UploaderEvent) => void): () => void;
  /** Cancels what is not done and lets go of everything. */
  close(): void;
}

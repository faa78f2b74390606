/** What an uploader is told once: its options, checked, as the engine takes them. */
import type { CredentialsProvider, UploaderOptions } from "./api.js";
import { checkChoice } from "./describe.js";
import { frame, type Frame } from "./frame.js";
import { check, toFields, type Shape } from "./options.js";
import { Algorithm } from "./protocol.js";

/** The options that the engine takes by their names here. */
export const uploaderShape: Shape = {
  bucket: "text", region: "text", endpoint: "text", profile: "text", sendTo: "text", expectedBucketOwner: "text",
  pathStyle: "boolean", dualStack: "boolean", accelerate: "boolean", allowHTTP: "boolean",
  connections: "count", partSize: "count", multipartThreshold: "count", formBelow: "size", checksum: "text",
  retryMillis: "count", stallMillis: "count", handlerMillis: "count", refreshMillis: "size", holdMillis: "count",
};

const ownShape: Shape = {
  ...uploaderShape, prefix: "text", credentials: "other", credentialsExpired: "function", signature: "other",
  wasm: "other", worker: "other", journal: "other", shareCredentials: "text", vault: "other",
};

/** The longest name to share credentials under, in UTF-16 units. */
const maxShareName = 1024;

/** The frame that opens a session with options; remoteSign: signatures are made here. Throws a TypeError for what cannot be meant. */
export function configOf(options: UploaderOptions, remoteSign: boolean): Frame {
  checkOptions(options);
  const fields = toFields({ ...options }, uploaderShape);
  fields.push(
    ["signatureVersion", String(options.signature?.version ?? 4)], ["canRefresh", String(!!providerOf(options))],
    ["seed", seed()], ["remoteSign", String(remoteSign)],
  );
  return frame(0, { fields });
}

/** Throws a TypeError for options that cannot be meant. */
export function checkOptions(options: UploaderOptions): void {
  const what = "createUploader";
  check(what, options, ownShape);
  const { bucket, signature, journal, worker, checksum } = options;
  if (!bucket) throw new TypeError('createUploader: option "bucket" is missing');
  if (signature) check("createUploader: signature", signature, { version: "size" });
  const version = signature?.version ?? 4;
  if (version !== 2 && version !== 4) throw new TypeError('createUploader: option "signature.version" must be 4 or 2');
  if (typeof options.credentials === "function" && options.credentialsExpired) {
    throw new TypeError('createUploader: option "credentials" is a function, which stands for "credentialsExpired" too; give one of them');
  }
  checkChoice(what, "checksum", checksum, [...Object.keys(Algorithm), "none"]);
  const isJournal = typeof journal === "object" && journal !== null && typeof journal.load === "function";
  if (!isJournal && !["undefined", "boolean", "string"].includes(typeof journal)) {
    throw new TypeError('createUploader: option "journal" must be true, false, a name or a Journal');
  }
  if (journal === "") throw new TypeError('createUploader: option "journal" must be true, false, a name or a Journal, not an empty name');
  if (worker !== undefined && worker !== false && typeof worker !== "string" && !(worker instanceof URL)) {
    throw new TypeError('createUploader: option "worker" must be an address, or false');
  }
  if (options.shareCredentials === "" || (options.shareCredentials?.length ?? 0) > maxShareName) {
    throw new TypeError(`createUploader: option "shareCredentials" must have 1 to ${maxShareName} characters`);
  }
  if (options.vault !== undefined && options.vault !== "required" && typeof options.vault !== "boolean") {
    throw new TypeError('createUploader: option "vault" must be true, false or "required"');
  }
}

/** What brings new credentials, if anything does. */
export function providerOf(options: UploaderOptions): CredentialsProvider | undefined {
  return typeof options.credentials === "function" ? options.credentials : options.credentialsExpired;
}

/**
 * What tabs share credentials under: all that decides for what they are good,
 * and whose they are. Undefined: they are not shared.
 */
export function shareName(options: UploaderOptions): string | undefined {
  const { shareCredentials, endpoint = "", region = "", bucket, prefix = "", signature } = options;
  if (shareCredentials === undefined) return undefined;
  return `bucketline credentials ${JSON.stringify([endpoint, region, bucket, prefix, signature?.version ?? 4, shareCredentials])}`;
}

/** A random number of 64 bits, for what the engine spreads at random. */
function seed(): string {
  const [number = 0n] = crypto.getRandomValues(new BigUint64Array(1));
  return String(number);
}

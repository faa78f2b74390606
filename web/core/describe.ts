/** What a file is to be stored as, and what it is now, as the engine asks for it. */
import type { UploadOptions } from "./api.js";
import { digestNow, digestOf, hex, piecesOf, sampleOf } from "./digest.js";
import { BucketlineError } from "./error.js";
import type { Source } from "./events.js";
import type { Field } from "./frame.js";
import type { Instance } from "./instance.js";
import { check, isWellFormed, nearestName, toFields, type Shape } from "./options.js";
import { Algorithm, conflicts, priorities } from "./protocol.js";
import type { Task } from "./task.js";

/** The options that the engine takes by their names here. */
const objectShape: Shape = {
  contentType: "text", cacheControl: "text", contentDisposition: "text", contentEncoding: "text",
  contentLanguage: "text", expires: "text", acl: "text", storageClass: "text", serverSideEncryption: "text",
  kmsKeyId: "text", kmsContext: "text", customerKey: "text", ifNoneMatch: "text", objectLockMode: "text",
  websiteRedirectLocation: "text", objectLockRetainUntil: "time", bucketKey: "boolean", objectLockLegalHold: "boolean",
  metadata: "map", tags: "map",
};

const shape: Shape = {
  ...objectShape, key: "other", checksum: "other", priority: "other", onConflict: "other", signal: "signal",
};

const checksumShape: Shape = { algorithm: "other", value: "text" };

/** What most files are uploaded with. */
const none: UploadOptions = Object.freeze({});

/** Throws a TypeError that names the nearest choice. */
export function checkChoice(what: string, option: string, value: unknown, choices: readonly string[]): void {
  if (value === undefined || (typeof value === "string" && choices.includes(value))) return;
  const nearest = typeof value === "string" ? nearestName(value, choices) : undefined;
  const hint = nearest ? `; did you mean "${nearest}"?` : "";
  throw new TypeError(`${what}: option "${option}" must be one of ${choices.join(", ")}${hint}`);
}

/** The names of checksums that an object can have. */
const checksums = Object.keys(Algorithm).filter((name) => name !== "MD5");

export const describe = {
  shape: objectShape,

  /** Throws a TypeError for options that cannot be meant. */
  check(file: File | Blob, options: UploadOptions): void {
    check("upload", options, shape);
    const { key, checksum, priority, onConflict } = options;
    if (key === undefined && !(file instanceof File)) {
      throw new TypeError('upload: option "key" is missing; a Blob has no name to make one of');
    }
    if (!["undefined", "string", "function"].includes(typeof key)) {
      throw new TypeError('upload: option "key" must be a string or a function');
    }
    if (typeof checksum === "object") {
      check("upload: checksum", checksum, checksumShape);
      checkChoice("upload: checksum", "algorithm", checksum.algorithm, checksums);
      if (!checksum.algorithm || !checksum.value) throw new TypeError('upload: checksum: needs both "algorithm" and "value"');
    } else checkChoice("upload", "checksum", checksum, checksums);
    checkChoice("upload", "priority", priority, priorities);
    checkChoice("upload", "onConflict", onConflict, conflicts);
  },

  /** A copy that later changes by the page do not reach. */
  copy(options: UploadOptions): UploadOptions {
    const { signal: _, priority: __, ...rest } = options;
    if (Object.keys(rest).length === 0) return none;
    return {
      ...rest,
      ...(rest.metadata && { metadata: { ...rest.metadata } }),
      ...(rest.tags && { tags: { ...rest.tags } }),
      ...(typeof rest.checksum === "object" && { checksum: { ...rest.checksum } }),
    };
  },

  /** The object's fields; rejects when the page's own key function does, which is called once a file. */
  async object(task: Task, options: UploadOptions, prefix: string): Promise<Field[]> {
    const { file } = task;
    const { key, checksum, ...rest } = options;
    const fields = toFields(rest, objectShape);
    const name = task.key ?? (typeof key === "function" ? await key(file) : (key ?? prefix + task.name));
    if (typeof name !== "string") throw new TypeError("the key function did not return a string");
    if (!isWellFormed(name)) {
      const text = "the key has half of a surrogate pair, for which UTF-8 has no bytes";
      throw new BucketlineError(`upload "${task.name}"`, { code: "KeyInvalid", text });
    }
    fields.push(["key", name]);
    if (options.contentType === undefined) fields.push(["contentType", file.type || "application/octet-stream"]);
    if (typeof checksum === "string") fields.push(["checksumAlgorithm", checksum]);
    else if (checksum) fields.push(["checksumAlgorithm", checksum.algorithm], ["checksumValue", checksum.value]);
    return fields;
  },

  /**
   * What the file is now; rejects when it cannot be read. A Blob has no name and
   * no time of change: it is known by its key and its content.
   */
  async source(task: Task, key: string, instance: Instance): Promise<Source> {
    const { file } = task;
    const bytes = await task.bytes();
    const print = bytes ? hex(digestNow(instance, Algorithm.CRC64NVME, piecesOf(bytes))) : await fingerprint(file, instance);
    const isFile = file instanceof File;
    return { name: isFile ? task.name : key, size: file.size, modified: isFile ? file.lastModified : 0, print };
  },

  /**
   * Another file has taken the place of the one that was begun: browsers compare size and time alone. One that cannot
   * be read any more is not another one.
   */
  async replaced({ file, print }: Task, instance: Instance): Promise<boolean> {
    return print !== undefined && (await fingerprint(file, instance).catch(() => print)) !== print;
  },
};

async function fingerprint(file: Blob, instance: Instance): Promise<string> {
  return hex(await digestOf(instance, Algorithm.CRC64NVME, sampleOf(file), { aborted: false }));
}

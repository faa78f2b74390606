/** What a file is to be stored as: its key and properties, as fields for the engine. */
import type { UploadOptions } from "./api.js";
import { BucketlineError } from "./error.js";
import type { Field } from "./frame.js";
import { check, isWellFormed, toFields, type Shape } from "./options.js";
import type { Task } from "./task.js";

const shape: Shape = {
  contentType: "text", cacheControl: "text", contentDisposition: "text", contentEncoding: "text",
  contentLanguage: "text", expires: "text", acl: "text", storageClass: "text", serverSideEncryption: "text",
  kmsKeyId: "text", kmsContext: "text", customerKey: "text", ifNoneMatch: "text", objectLockMode: "text",
  websiteRedirectLocation: "text", objectLockRetainUntil: "time", bucketKey: "boolean", objectLockLegalHold: "boolean",
  metadata: "map", tags: "map", key: "other", checksum: "other", signal: "signal",
};

const checksumShape: Shape = { algorithm: "text", value: "text" };

export const describe = {
  shape,

  /** Throws a TypeError for options that cannot be meant. */
  check(file: File | Blob, options: UploadOptions): void {
    check("upload", options, shape);
    if (options.key === undefined && !(file instanceof File)) {
      throw new TypeError('upload: option "key" is missing; a Blob has no name to make one of');
    }
    if (options.checksum) check("upload: checksum", options.checksum, checksumShape);
    if (!["undefined", "string", "function"].includes(typeof options.key)) {
      throw new TypeError('upload: option "key" must be a string or a function');
    }
  },

  /** A copy that later changes by the page do not reach. */
  copy(options: UploadOptions): UploadOptions {
    return {
      ...options,
      ...(options.metadata && { metadata: { ...options.metadata } }),
      ...(options.tags && { tags: { ...options.tags } }),
      ...(options.checksum && { checksum: { ...options.checksum } }),
    };
  },

  /** The fields of EvDescribed; rejects when the page's own key function does. */
  async fields(task: Task, options: UploadOptions, prefix: string): Promise<Field[]> {
    const { file } = task;
    const { key, checksum, signal, ...rest } = options;
    const fields = toFields(rest, shape);
    const name = typeof key === "function" ? await key(file) : (key ?? prefix + task.name);
    if (typeof name !== "string") throw new TypeError("the key function did not return a string");
    if (!isWellFormed(name)) {
      const text = "the key has half of a surrogate pair, for which UTF-8 has no bytes";
      throw new BucketlineError(`upload "${task.name}"`, { code: "KeyInvalid", text });
    }
    fields.push(["key", name]);
    if (options.contentType === undefined) fields.push(["contentType", file.type || "application/octet-stream"]);
    if (checksum) fields.push(["checksumAlgorithm", checksum.algorithm], ["checksumValue", checksum.value]);
    return fields;
  },
};

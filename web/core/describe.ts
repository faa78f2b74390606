/** What a file is to be stored as: its key and properties, as fields for the engine. */
import type { UploadOptions } from "./api.js";
import type { Field } from "./frame.js";
import { check, toFields, type Shape } from "./options.js";
import type { Task } from "./task.js";

const shape: Shape = {
  contentType: "text", cacheControl: "text", contentDisposition: "text", contentEncoding: "text",
  contentLanguage: "text", expires: "text", acl: "text", storageClass: "text", serverSideEncryption: "text",
  kmsKeyId: "text", kmsContext: "text", customerKey: "text", ifNoneMatch: "text", objectLockMode: "text",
  websiteRedirectLocation: "text", objectLockRetainUntil: "time", bucketKey: "boolean", objectLockLegalHold: "boolean",
  metadata: "map", tags: "map", key: "other", checksum: "other", signal: "other",
};

const checksumShape: Shape = { algorithm: "text", value: "text" };

export const describe = {
  shape,

  /** Throws a TypeError for options that cannot be meant. */
  check(options: UploadOptions): void {
    check("upload", options, shape);
    if (options.checksum) check("upload: checksum", options.checksum, checksumShape);
    if (!["undefined", "string", "function"].includes(typeof options.key)) {
      throw new TypeError('upload: option "key" must be a string or a function');
    }
  },

  /** The fields of EvDescribed; rejects when the page's own key function does. */
  async fields(task: Task, prefix: string): Promise<Field[]> {
    const { file, options } = task;
    const { key, checksum, signal, ...rest } = options;
    const fields = toFields(rest, shape);
    const name = typeof key === "function" ? await key(file) : (key ?? prefix + task.name);
    if (typeof name !== "string") throw new TypeError("the key function did not return a string");
    fields.push(["key", name]);
    if (options.contentType === undefined) fields.push(["contentType", file.type || "application/octet-stream"]);
    if (checksum) fields.push(["checksumAlgorithm", checksum.algorithm], ["checksumValue", checksum.value]);
    return fields;
  },
};

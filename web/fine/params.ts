/** A page's parameters become what is stored with the object. */
import { isFunction, textOf, type Dictionary } from "./objects.js";

/** Names that are stored as they are spelt, and not in lower case. */
const spelt = ["Cache-Control", "Content-Disposition", "Content-Encoding", "Content-MD5"];

const encryption = "x-amz-server-side-encryption";

/** Names that go without a prefix, and whose values go as they are. */
const plain = [
  ...spelt, encryption, `${encryption}-aws-kms-key-id`, `${encryption}-customer-algorithm`,
  `${encryption}-customer-key`, `${encryption}-customer-key-md5`,
];

export const metadataPrefix = "x-amz-meta-";

/** Parameters as the fields of a form, in order, the file's name at last. */
export function fieldsOf(params: Dictionary, filenameParam: string, name: string): [string, string][] {
  const fields: [string, string][] = [];
  const all = Object.entries(params).filter(([param]) => param !== filenameParam);
  for (const [param, value] of [...all, [filenameParam, name] as const]) {
    const known = spelt.includes(param) ? param : param.toLowerCase();
    const text = textOf(isFunction(value) ? value() : value);
    if (plain.includes(known)) fields.push([known, text]);
    else fields.push([metadataPrefix + known, encodeURIComponent(text)]);
  }
  return fields;
}

/** The engine's words for the plain names, where it has one. */
const words: Readonly<Record<string, string>> = {
  "Cache-Control": "cacheControl", "Content-Disposition": "contentDisposition", "Content-Encoding": "contentEncoding",
  [encryption]: "serverSideEncryption", [`${encryption}-aws-kms-key-id`]: "kmsKeyId",
  [`${encryption}-customer-key`]: "customerKey",
};

/** What a file is stored as, beside its bytes. */
export interface Stored {
  key: string;
  contentType: string;
  acl: string;
  reducedRedundancy: boolean;
  serverSideEncryption: boolean;
  fields: readonly (readonly [string, string])[];
}

/** The same for the engine: what goes with the start of an upload in parts. */
export function objectOf(stored: Stored): [string, string][] {
  const object: [string, string][] = [["key", stored.key], ["acl", stored.acl]];
  if (stored.contentType) object.push(["contentType", stored.contentType]);
  if (stored.reducedRedundancy) object.push(["storageClass", "REDUCED_REDUNDANCY"]);
  const own = stored.fields.some(([name]) => name.startsWith(encryption));
  if (stored.serverSideEncryption && !own) object.push(["serverSideEncryption", "AES256"]);
  for (const [name, value] of stored.fields) {
    const word = words[name];
    if (word) object.push([word, value]);
    else if (name.startsWith(metadataPrefix)) object.push([`metadata.${name.slice(metadataPrefix.length)}`, value]);
  }
  return object;
}

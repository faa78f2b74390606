/** The browser form of a simple upload: its fields, and the policy that allows them, in Fine Uploader's order. */
import type { Stored } from "./params.js";

/** How long a policy is good for, in milliseconds. */
const policyMillis = 5 * 60_000;

/** The largest size that a policy allows where only the smallest is said. */
const anySize = 9_007_199_254_740_992;

export interface Limits {
  minSizeLimit: number;
  sizeLimit: number;
}

/** Who signs a form: the fields that say so, the session token not among them. */
export interface Signer {
  version: number;
  fields: readonly (readonly [string, string])[];
  token: string | undefined;
}

type Fields = (readonly [string, string])[];

/** The fields up to those of the signature. */
export function formFields(stored: Stored, token: string | undefined): Fields {
  const fields: Fields = [["key", stored.key]];
  if (stored.contentType) fields.push(["Content-Type", stored.contentType]);
  fields.push(["success_action_status", "200"]);
  if (stored.reducedRedundancy) fields.push(["x-amz-storage-class", "REDUCED_REDUNDANCY"]);
  if (stored.serverSideEncryption) fields.push(["x-amz-server-side-encryption", "AES256"]);
  if (token) fields.push(["x-amz-security-token", token]);
  fields.push(["acl", stored.acl]);
  return [...fields, ...stored.fields];
}

/** The policy as compact JSON. now is in milliseconds since 1970. */
export function policyOf(stored: Stored, bucket: string, signer: Signer, limits: Limits, now: number): string {
  const conditions: unknown[] = [{ acl: stored.acl }, { bucket }];
  const equal = (name: string, value: string): void => void conditions.push({ [name]: value });
  if (stored.contentType) equal("Content-Type", stored.contentType);
  equal("success_action_status", "200");
  if (stored.reducedRedundancy) equal("x-amz-storage-class", "REDUCED_REDUNDANCY");
  if (signer.token) equal("x-amz-security-token", signer.token);
  if (stored.serverSideEncryption) equal("x-amz-server-side-encryption", "AES256");
  const [first, ...others] = signer.version === 4 ? signer.fields : [];
  if (first) equal(...first);
  equal("key", stored.key);
  for (const field of others) equal(...field);
  for (const field of stored.fields) equal(...field);
  const range = rangeOf(limits);
  if (range) conditions.push(range);
  return JSON.stringify({ expiration: new Date(now + policyMillis).toISOString(), conditions });
}

function rangeOf({ minSizeLimit, sizeLimit }: Limits): unknown[] | undefined {
  const least = Math.max(minSizeLimit, 0);
  if (least > 0 || sizeLimit > 0) return ["content-length-range", String(least), String(sizeLimit > 0 ? sizeLimit : anySize)];
  return undefined;
}

/** A text's UTF-8 in base64. */
export function base64(text: string): string {
  return base64Of(new TextEncoder().encode(text));
}

export function base64Of(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 4096) binary += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return btoa(binary);
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

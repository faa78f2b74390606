import assert from "node:assert/strict";
import { test } from "node:test";
import { check, nearestName, toFields } from "./options.js";
import { createUploader } from "./session.js";
import type { Credentials, UploaderOptions } from "./api.js";

test("options: an unknown one throws and names the nearest known one", () => {
  const shape = { bucket: "text", region: "text", partSize: "size", credentialsExpired: "function" } as const;
  assert.throws(() => check("createUploader", { buckt: "b" }, shape), {
    name: "TypeError",
    message: 'createUploader: unknown option "buckt"; did you mean "bucket"?',
  });
  assert.throws(() => check("createUploader", { chunkSize: 1 }, shape), /did you mean|known are bucket, region/);
  assert.throws(() => check("createUploader", { onCredentialsExpired: 1 }, shape), /did you mean "credentialsExpired"/);
  assert.throws(() => check("createUploader", { toString: 1 }, shape), /unknown option "toString"/);
  // A secret that got into the wrong place is not repeated.
  assert.throws(() => check("setCredentials", { ["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"]: "" }, shape), (error) =>
    error instanceof TypeError && error.message.startsWith("setCredentials: unknown option of 40 characters; known are"));
});

test("options: a value of a wrong type is named, not shown", () => {
  const shape = { secretKey: "text", partSize: "size", metadata: "map" } as const;
  assert.throws(() => check("x", { secretKey: 12345 }, shape), { message: 'x: option "secretKey" must be a string of whole characters, not a number' });
  assert.throws(() => check("x", { partSize: -1 }, shape), /whole number/);
  assert.throws(() => check("x", { partSize: 1.5 }, shape), /whole number/);
  assert.throws(() => check("x", { metadata: { a: 1 } }, shape), /plain object of strings/);
  assert.throws(() => check("x", { t: new Date(NaN) }, { t: "time" }), /time zone, not an invalid Date/);
  assert.throws(() => check("x", { s: 1 }, { s: "signal" }), /must be an AbortSignal, not a number/);
  assert.throws(() => check("x", { metadata: new Map([["a", "b"]]) }, shape), /plain object of strings/);
  assert.throws(() => check("x", { secretKey: "a\uD800" }, shape), /whole characters/);
  assert.throws(() => check("x", null, shape), /got null/);
});

test("options: the nearest name is one that was meant, or none", () => {
  assert.equal(nearestName("Region", ["region", "bucket"]), "region");
  assert.equal(nearestName("zzzzzz", ["region", "bucket"]), undefined);
});

test("options: fields are text, decimal, true or false, ISO 8601, and one for each entry", () => {
  const shape = { a: "text", n: "size", b: "boolean", t: "time", m: "map", o: "other" } as const;
  const options = { a: "x", n: 5, b: false, t: new Date(0), m: { k: "v" }, o: {}, unset: undefined };
  assert.deepEqual(toFields(options, shape), [
    ["a", "x"], ["n", "5"], ["b", "false"], ["t", "1970-01-01T00:00:00.000Z"], ["m.k", "v"],
  ]);
});

test("createUploader: credentials without an expiration are refused at once", () => {
  const make = (credentials: unknown): unknown =>
    createUploader({ bucket: "b", region: "r", credentials: credentials as Credentials, wasm: "data:," });
  assert.throws(() => make({ accessKey: "a", secretKey: "s" }), /option "expiration" is missing/);
  for (const expiration of ["soon", new Date(NaN), "2030-01-01", "2030-01-01T00:00:00", "T99Z", 1893456000000]) {
    assert.throws(() => make({ accessKey: "a", secretKey: "s", expiration }), /"expiration" must be a Date, or an ISO 8601 string with its time zone/);
  }
  assert.throws(() => make({ accessKey: "a", secret: "s" }), /unknown option "secret"; did you mean "secretKey"/);
});

test("createUploader: options that cannot be meant are refused at once", () => {
  const make = (options: unknown): unknown => createUploader(options as UploaderOptions);
  assert.throws(() => make(undefined), /expected an object/);
  assert.throws(() => make({ bucket: 5 }), /option "bucket" must be a string/);
  assert.throws(() => make({ bucket: "b", connections: 0 }), /"connections" must be a whole number from 1/);
  assert.throws(() => make({ bucket: "b", signature: { version: 3 } }), /must be 4 or 2/);
  assert.throws(() => make({ bucket: "b", signature: { versoin: 4 } }), /did you mean "version"/);
  assert.throws(() => make({ bucket: "b", checksum: "crc64nvme" }), /"checksum" must be one of .*; did you mean "CRC64NVME"\?/);
  assert.throws(() => make({ bucket: "b", stallMillis: 0 }), /"stallMillis" must be a whole number from 1/);
  assert.throws(() => make({ bucket: "b", retryMilis: 1 }), /did you mean "retryMillis"/);
  assert.throws(() => make({ bucket: "b", formBelow: -1 }), /"formBelow" must be a whole number/);
  for (const journal of [1, null, {}, ""]) assert.throws(() => make({ bucket: "b", journal }), /"journal" must be true, false, a name or a Journal/);
  for (const worker of [true, 1, null]) assert.throws(() => make({ bucket: "b", worker }), /"worker" must be an address, or false/);
});

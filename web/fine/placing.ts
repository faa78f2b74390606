/** Under which key, in which bucket and at which host a file is stored: what the options say, or the page when it is asked. */
import type { Hub } from "./hub.js";
import { extensionOf, isFunction, isString } from "./objects.js";
import type { Asked } from "./options.js";
import { when } from "./promise.js";
import { bucketOf, hostOf } from "./target.js";

export interface Place {
  key: string;
  bucket: string;
  host: string;
}

/** What is known of a place so far. */
export type Known = Partial<Place>;

/** Asks for what is not known: key, bucket, host, in that order. self is the uploader, which a key function has as its this. */
export function placeOf(hub: Hub, self: unknown, id: number, known: Known, done: (place: Place) => void, fail: (reason: string) => void): void {
  const { objectProperties } = hub.options;
  const endpoint = hub.endpoints.get(id);
  keyOf(hub, self, id, known, (key) => {
    known.key = key;
    asked("bucket", objectProperties.bucket, id, known.bucket, bucketOf(endpoint), (bucket) => {
      known.bucket = bucket;
      asked("host", objectProperties.host, id, known.host, hostOf(endpoint), (host) => {
        known.host = host;
        done({ key, bucket, host });
      }, fail);
    }, fail);
  }, fail);
}

function keyOf(hub: Hub, self: unknown, id: number, known: Known, done: (key: string) => void, fail: (reason: string) => void): void {
  if (known.key !== undefined) {
    done(known.key);
    return;
  }
  const { name, uuid } = hub.files.get(id);
  const { key } = hub.options.objectProperties;
  if (isFunction(key)) {
    answered("key", () => key.call(self, id), done, fail);
    return;
  }
  if (key === "filename") done(name);
  else if (key === "uuid") {
    const extension = extensionOf(name);
    done(extension === undefined ? uuid : `${uuid}.${extension}`);
  } else fail(`objectProperties.key is neither "uuid", "filename" nor a function`);
}

function asked(
  what: string, option: Asked | null, id: number, known: string | undefined, otherwise: string,
  done: (value: string) => void, fail: (reason: string) => void,
): void {
  if (known !== undefined) done(known);
  else if (isFunction(option)) answered(what, () => option(id), done, fail);
  else done(isString(option) && option ? String(option) : otherwise);
}

function answered(what: string, ask: () => unknown, done: (value: string) => void, fail: (reason: string) => void): void {
  let answer: unknown;
  try {
    answer = ask();
  } catch (error) {
    fail(`The function for the ${what} failed: ${error instanceof Error ? error.message : String(error)}`);
    return;
  }
  const none = `There is no ${what} for this file.`;
  when(answer, (value) => {
    if (value === undefined || value === null || value === "") fail(none);
    else done(String(value));
  }, (reason) => {
    if (reason instanceof Error) fail(reason.message || none);
    else fail(isString(reason) && reason ? String(reason) : none);
  });
}

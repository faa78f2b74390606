/** Files that were uploaded before: given by the page, or asked of its server. */
import { QqError } from "./error.js";
import { isObject, type Dictionary } from "./objects.js";
import { ask, jsonOf, type Cors } from "./server.js";

export interface Initial {
  name: string;
  uuid: string;
  size: number;
  s3Key: string;
  s3Bucket: string | undefined;
  thumbnailUrl: string | undefined;
  deleteFileEndpoint: string | undefined;
  deleteFileParams: Dictionary | undefined;
}

/** Throws a QqError for what lacks its name, UUID or key. */
export function initialOf(given: unknown): Initial {
  const { name, uuid, size, s3Key, s3Bucket, thumbnailUrl, deleteFileEndpoint, deleteFileParams } = isObject(given) ? given : {};
  const text = (value: unknown): string | undefined => (typeof value === "string" && value ? value : undefined);
  const named = text(name);
  const id = text(uuid);
  const key = text(s3Key);
  if (named === undefined || id === undefined) throw new QqError("an initial file needs a name and a uuid");
  if (key === undefined) throw new QqError("an initial file needs an s3Key");
  const bytes = Number(size);
  return {
    name: named, uuid: id, s3Key: key, s3Bucket: text(s3Bucket), thumbnailUrl: text(thumbnailUrl),
    size: size === undefined || size === null || Number.isNaN(bytes) ? -1 : bytes,
    deleteFileEndpoint: text(deleteFileEndpoint), deleteFileParams: isObject(deleteFileParams) ? deleteFileParams : undefined,
  };
}

export interface SessionOptions {
  endpoint: string;
  params: Dictionary;
  customHeaders: Dictionary;
  cors: Cors;
}

/** Asks the server for files. add is given each that it names, and throws for what cannot be one. */
export function askSession(
  options: SessionOptions, add: (given: unknown) => void, log: (text: string) => void,
  done: (response: unknown, success: boolean, xhr: XMLHttpRequest) => void,
): void {
  const { endpoint, params, customHeaders, cors } = options;
  ask({
    method: "GET", url: endpoint, params: { ...params, qqtimestamp: Date.now() }, headers: customHeaders, cors,
    ended: (xhr, ok) => {
      const response = jsonOf(xhr) ?? null;
      if (!ok || !Array.isArray(response)) {
        log("The session's answer is no list of files.");
        done(response, false, xhr);
        return;
      }
      let all = true;
      for (const one of response) {
        try {
          add(one);
        } catch (error) {
          all = false;
          log(`A file of the session is left out: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
      done(response, all, xhr);
    },
  });
}

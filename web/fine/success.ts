/** Tells the page's server of an object that is stored, and takes its word on whether that is a success. */
import type { Hub } from "./hub.js";
import { isFunction, isObject, type Dictionary } from "./objects.js";
import { headersFor } from "./options.js";
import { ask, jsonOf } from "./server.js";
import { headerOf } from "./xhr.js";

export interface StoredObject {
  id: number;
  key: string;
  bucket: string;
  /** The request that made it. */
  xhr: XMLHttpRequest | undefined;
}

/** ok with what the server answered, which becomes part of the response of onComplete. */
export type Told = { ok: boolean; answer: Dictionary; xhr: XMLHttpRequest };

/** Returns the request, so that it can be aborted; undefined where no server wants to know. */
export function tellSuccess(hub: Hub, object: StoredObject, done: (told: Told) => void): XMLHttpRequest | undefined {
  const { id, key, bucket } = object;
  const endpoint = hub.success.endpoint.get(id);
  if (!endpoint) return undefined;
  const { uuid, name } = hub.files.get(id);
  const etag = object.xhr ? headerOf(object.xhr, "ETag") : null;
  const params: Dictionary = { ...hub.success.params.get(id), key, uuid, name, bucket };
  if (etag) params["etag"] = etag;
  for (const [param, value] of Object.entries(hub.params(id))) {
    params[param.toLowerCase()] = isFunction(value) ? value() : value;
  }
  const headers = hub.success.headers.get(id);
  return ask({
    method: hub.options.uploadSuccess.method, url: endpoint, params, cors: hub.options.cors,
    headers: headersFor(headers, id),
    ended: (xhr, ok) => {
      const answer = jsonOf(xhr);
      const said = isObject(answer) ? answer : {};
      const refused = !!said["error"] || said["success"] === false || said["invalid"] === true;
      done({ ok: ok && !refused, answer: said, xhr });
    },
  });
}

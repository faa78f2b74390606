/** Asks the page's server for signatures, at what Fine Uploader calls the signature endpoint. */
import { isObject } from "./objects.js";
import { headersFor, type Headers } from "./options.js";
import { ask, jsonOf, type Cors } from "./server.js";

export interface SigningOptions {
  endpoint: string;
  customHeaders: Headers;
  version: number;
  cors: Cors;
}

/** What came of asking: a signature, with the policy where it is of one, or why there is none. */
export type Signed =
  | { signature: string; policy: string | undefined }
  | { error: string };

/** Has a policy signed. */
export function signPolicy(options: SigningOptions, id: number, policy: string, done: (signed: Signed) => void): XMLHttpRequest {
  return post(options, id, policy, true, done);
}

/** Has a request signed: text is what is to be signed of it. */
export function signRequest(options: SigningOptions, id: number, text: string, done: (signed: Signed) => void): XMLHttpRequest {
  return post(options, id, JSON.stringify({ headers: text }), false, done);
}

function post(
  options: SigningOptions, id: number, body: string, ofPolicy: boolean, done: (signed: Signed) => void,
): XMLHttpRequest {
  const { endpoint, customHeaders, version, cors } = options;
  const url = version === 4 ? `${endpoint}${endpoint.includes("?") ? "&" : "?"}v4=true` : endpoint;
  const headers = headersFor(customHeaders, id);
  return ask({
    method: "POST", url, body, type: "application/json; charset=utf-8", headers, cors,
    ended: (xhr, ok) => {
      const answer = jsonOf(xhr);
      const { signature, policy, invalid, error } = isObject(answer) ? answer : {};
      const whole = typeof signature === "string" && signature && (!ofPolicy || typeof policy === "string");
      if (ok && whole && invalid !== true && !error) {
        done({ signature, policy: typeof policy === "string" ? policy : undefined });
        return;
      }
      if (typeof error === "string" && error) done({ error });
      else if (invalid === true) done({ error: "Invalid policy document or request headers!" });
      else if (!ok) done({ error: `XHR returned response code ${xhr.status}` });
      else if (!isObject(answer)) done({ error: "Received an empty or invalid response from the server!" });
      else done({ error: `Response does not include the ${ofPolicy && typeof policy !== "string" ? "base64 encoded policy" : "signature"}!` });
    },
  });
}

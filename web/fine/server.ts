/** Requests to the page's own server, by the rules of the option cors. */
import { isFunction, textOf, type Dictionary } from "./objects.js";
import { sendBy } from "./xhr.js";

export interface Cors {
  expected: boolean;
  sendCredentials: boolean;
}

export interface Request {
  method: string;
  url: string;
  /** Parameters: in the query of GET and DELETE, else in the body. */
  params?: Dictionary;
  headers?: Dictionary;
  /** A body of its own, of that media type. */
  body?: string;
  type?: string;
  /** The request goes to a server of another origin, as far as the page says so. */
  cors: Cors;
  ended: (xhr: XMLHttpRequest, ok: boolean) => void;
}

const okStatuses: Readonly<Record<string, readonly number[]>> = {
  DELETE: [200, 202, 204],
  GET: [200],
};

const writes = [200, 201, 202, 203, 204];

/** Sends a request. */
export function ask(request: Request): XMLHttpRequest {
  const { method, cors } = request;
  const inQuery = method === "GET" || method === "DELETE";
  const query = inQuery && request.params ? queryOf(request.params) : "";
  const url = query ? `${request.url}${request.url.includes("?") ? "&" : "?"}${query}` : request.url;
  const body = request.body ?? (inQuery ? null : queryOf(request.params ?? {}));
  const headers: [string, string][] = [["Accept", "application/json"]];
  if (!(cors.expected && (method === "GET" || method === "POST"))) {
    headers.push(["X-Requested-With", "XMLHttpRequest"], ["Cache-Control", "no-cache"]);
  }
  if (body !== null) headers.push(["Content-Type", request.type ?? "application/x-www-form-urlencoded"]);
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    headers.push([name, textOf(isFunction(value) ? value() : value)]);
  }
  const xhr = new XMLHttpRequest();
  sendBy(xhr, {
    method, url, headers, body,
    withCredentials: cors.expected && cors.sendCredentials,
    ended: (done) => request.ended(done, (okStatuses[method] ?? writes).includes(done.status)),
  });
  return xhr;
}

/** Parameters as a query: spaces as +, those of objects in brackets, what functions return. */
export function queryOf(params: Dictionary): string {
  const parts: string[] = [];
  const add = (name: string, value: unknown): void => {
    if (Array.isArray(value)) value.forEach((one, i) => add(`${name}[${i}]`, one));
    else if (isFunction(value)) add(name, value());
    else if (typeof value === "object" && value !== null) {
      for (const [inner, one] of Object.entries(value)) add(`${name}[${inner}]`, one);
    } else if (value !== undefined) parts.push(`${encoded(name)}=${encoded(textOf(value))}`);
  };
  for (const [name, value] of Object.entries(params)) add(name, value);
  return parts.join("&");
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/%20/g, "+");
}

/** The JSON of an answer; undefined when it is none. */
export function jsonOf(xhr: XMLHttpRequest): unknown {
  try {
    return JSON.parse(xhr.responseText) as unknown;
  } catch {
    return undefined;
  }
}

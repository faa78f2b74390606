/**
 * Sends one request with whatever the page calls XMLHttpRequest at that time,
 * and calls back in the moment in which that does.
 */

export interface Sending {
  method: string;
  url: string;
  headers: readonly (readonly [name: string, value: string])[];
  body: Blob | FormData | string | null;
  withCredentials?: boolean;
  /** Bytes given to the network, and in all, of the body. */
  progress?: (loaded: number, total: number) => void;
  /** It has ended: status 0 without an answer. */
  ended: (xhr: XMLHttpRequest) => void;
}

/** Opens xhr and sends. Throws what the browser will not take. */
export function sendBy(xhr: XMLHttpRequest, request: Sending): void {
  const { progress } = request;
  let over = false;
  if (progress) xhr.upload.onprogress = (event) => progress(event.loaded, event.total);
  xhr.onreadystatechange = () => {
    if (xhr.readyState !== 4 || over) return;
    over = true;
    request.ended(xhr);
  };
  xhr.open(request.method, request.url, true);
  if (request.withCredentials) xhr.withCredentials = true;
  for (const [name, value] of request.headers) xhr.setRequestHeader(name, value);
  xhr.send(request.body);
}

/** The answer's headers. */
export function headersOf(xhr: XMLHttpRequest): [string, string][] {
  const headers: [string, string][] = [];
  for (const line of (xhr.getAllResponseHeaders() ?? "").split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.push([line.slice(0, colon), line.slice(colon + 1).trim()]);
  }
  return headers;
}

/** One header of the answer; null where it has none, or CORS hides it. Asking for a hidden one makes browsers complain. */
export function headerOf(xhr: XMLHttpRequest, name: string): string | null {
  const found = headersOf(xhr).find(([has]) => has.toLowerCase() === name.toLowerCase());
  return found ? found[1] : null;
}

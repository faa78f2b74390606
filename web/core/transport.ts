/**
 * Carries one request: XMLHttpRequest, because it alone reports what has been
 * sent, on Blob slices, so that no byte of a file passes through script.
 */

import { isOffline } from "./pagewatch.js";

export interface Carried {
  method: string;
  url: string;
  headers: readonly (readonly [name: string, value: string])[];
  /** null: no body. An ArrayBuffer is, or has in its middle, a small file. */
  body: Blob | ArrayBuffer | Uint8Array | null;
  /** The bytes of a file, not in memory, that body is, or has in its middle. */
  source: Blob | undefined;
  /** All of source is being read anyhow, and this rejects when it cannot be: nothing else need look at it. */
  read: Promise<unknown> | undefined;
  /** Nobody listens to its progress, so that a form needs no CORS preflight. */
  quiet: boolean;
  /** Bytes of body given to the network so far; called as often as the browser likes. */
  sent(bytes: number): void;
}

export type Outcome =
  | { kind: "answered"; status: number; headers: [name: string, value: string][]; body: Uint8Array }
  | { kind: "broke"; cause: Cause };

/** engine.Cause, by its numbers. */
export const Cause = {
  unreachable: 1,
  opaque: 2,
  offline: 3,
  timeout: 4,
  brokenOff: 6,
  sourceUnreadable: 7,
  sourceChanged: 8,
  refused: 9,
  answerTooLarge: 10,
  locked: 11,
  storage: 12,
} as const;
export type Cause = (typeof Cause)[keyof typeof Cause];

/** engine.MaxAnswerBytes. */
export const maxAnswerBytes = 1 << 20;

/** More headers than any store sends; wire.MaxFields has room for them. */
const maxAnswerHeaders = 256;

/**
 * How long a look at the file may keep back a request that is signed already:
 * a quarter of the least margin that credentials have (cred.MinMarginMillis).
 */
const lookMillis = 250;

/** Sends request; rejects only when the browser will not take it. Aborting signal breaks it off. */
export async function carry(request: Carried, signal: AbortSignal): Promise<Outcome> {
  const { read } = request;
  const look = read ? read.then(() => undefined, () => Cause.sourceUnreadable) : lostSource(request);
  if (request.source && !read) {
    const early = await soon(look);
    if (early) return { kind: "broke", cause: early };
  }
  const sending = new AbortController();
  const stop = (): void => sending.abort();
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  void look.then((lost) => lost && stop());
  try {
    const outcome = await send(request, sending.signal);
    const lost = signal.aborted ? undefined : await look;
    return lost ? { kind: "broke", cause: lost } : outcome;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** What look finds, unless that takes too long. */
async function soon(look: Promise<Cause | undefined>): Promise<Cause | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, lookMillis, undefined)));
  try {
    return await Promise.race([look, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * What has happened to the file since it was chosen, if that can be told from
 * its last byte. Asked before sending: of a file that is gone Chromium may send
 * nothing and call it stored, and Firefox and WebKit wait for its bytes for ever.
 */
async function lostSource({ source }: Carried): Promise<Cause | undefined> {
  if (!source) return undefined;
  try {
    if (source.size > 0) {
      const { byteLength } = await source.slice(-1).arrayBuffer();
      return byteLength === 1 ? undefined : Cause.sourceChanged;
    }
    // A slice of nothing can always be read: ask the file itself.
    const reader = source.stream().getReader();
    const { done } = await reader.read();
    void reader.cancel().catch(() => undefined);
    return done ? undefined : Cause.sourceChanged;
  } catch {
    return Cause.sourceUnreadable;
  }
}

function send(request: Carried, signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    const xhr = new XMLHttpRequest();
    const broke = (cause: Cause): void => resolve({ kind: "broke", cause });
    const abort = (): void => xhr.abort();
    xhr.open(request.method, request.url);
    xhr.responseType = "arraybuffer";
    for (const [name, value] of request.headers) xhr.setRequestHeader(name, value);
    if (request.body && !request.quiet) xhr.upload.onprogress = (event) => request.sent(event.loaded);
    xhr.onprogress = (event) => {
      if (event.loaded <= maxAnswerBytes) return;
      broke(Cause.answerTooLarge);
      xhr.abort();
    };
    xhr.onload = () => {
      const body = xhr.response instanceof ArrayBuffer ? new Uint8Array(xhr.response) : new Uint8Array();
      resolve({ kind: "answered", status: xhr.status, headers: headersOf(xhr).slice(0, maxAnswerHeaders), body });
    };
    xhr.onabort = () => broke(Cause.brokenOff);
    xhr.ontimeout = () => broke(Cause.timeout);
    xhr.onerror = () => void explain(request, signal).then(broke);
    xhr.onloadend = () => signal.removeEventListener("abort", abort);
    if (signal.aborted) {
      broke(Cause.brokenOff);
      return;
    }
    signal.addEventListener("abort", abort);
    xhr.send(request.body instanceof Uint8Array ? new Blob([new Uint8Array(request.body)]) : request.body);
  });
}

function headersOf(xhr: XMLHttpRequest): [string, string][] {
  const headers: [string, string][] = [];
  for (const line of xhr.getAllResponseHeaders().split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.push([line.slice(0, colon), line.slice(colon + 1).trim()]);
  }
  return headers;
}

/**
 * A browser says of a request that failed only that it failed. Three questions
 * find out why: can the file still be read, is there a network, and does the
 * store answer at all to a request whose answer we may not read? If it does,
 * then CORS kept the answer from us.
 */
async function explain(request: Carried, signal: AbortSignal): Promise<Cause> {
  if (signal.aborted) return Cause.brokenOff;
  const lost = await lostSource(request);
  if (lost) return lost;
  if (isOffline()) return Cause.offline;
  try {
    await fetch(new URL("/", request.url), {
      mode: "no-cors", credentials: "omit", cache: "no-store", redirect: "follow",
      signal: AbortSignal.any ? AbortSignal.any([signal, AbortSignal.timeout(5000)]) : signal,
    });
    return Cause.opaque;
  } catch {
    return signal.aborted ? Cause.brokenOff : Cause.unreachable;
  }
}

/** A store behind XMLHttpRequest, for tests in Node: it answers as it is told, and the engine is the real one. */
import { readFileSync } from "node:fs";
import type { Credentials, UploaderOptions } from "./api.js";

export interface StoreRequest {
  method: string;
  url: string;
  headers: Map<string, string>;
  body: Blob | null;
}

export interface StoreAnswer {
  status?: number;
  headers?: string;
  body?: string;
}

export const store = {
  requests: [] as StoreRequest[],
  /** What to answer; undefined is success, "never" is silence. */
  answer: (_request: StoreRequest): StoreAnswer | "never" | undefined => undefined,
};

/** The answer that S3 gives to a request that succeeds. */
function success({ method, url }: StoreRequest): StoreAnswer {
  if (method === "POST" && url.includes("uploads=")) {
    return { body: "<InitiateMultipartUploadResult><UploadId>U1</UploadId></InitiateMultipartUploadResult>" };
  }
  if (method === "POST") return { body: '<CompleteMultipartUploadResult><ETag>"joined"</ETag></CompleteMultipartUploadResult>' };
  return { headers: 'etag: "abc"\r\n', status: method === "DELETE" ? 204 : 200 };
}

class FakeRequest {
  status = 0;
  response: ArrayBuffer = new ArrayBuffer(0);
  responseType = "";
  readonly upload: { onprogress?: (event: { loaded: number }) => void } = {};
  onload?: () => void;
  onloadend?: () => void;
  onabort?: () => void;
  #headers = "";
  #ended = false;
  readonly #request: StoreRequest = { method: "", url: "", headers: new Map(), body: null };

  open(method: string, url: string): void {
    Object.assign(this.#request, { method, url });
  }
  setRequestHeader(name: string, value: string): void {
    this.#request.headers.set(name, value);
  }
  getAllResponseHeaders(): string {
    return this.#headers;
  }
  abort(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.onabort?.();
    this.onloadend?.();
  }
  send(body: Blob | null): void {
    this.#request.body = body;
    store.requests.push(this.#request);
    setTimeout(() => {
      const told = store.answer(this.#request);
      if (this.#ended || told === "never") return;
      const answer = told ?? success(this.#request);
      this.#ended = true;
      this.status = answer.status ?? 200;
      this.#headers = answer.headers ?? "";
      this.response = new TextEncoder().encode(answer.body ?? "").buffer as ArrayBuffer;
      this.upload.onprogress?.({ loaded: body?.size ?? 0 });
      this.onload?.();
      this.onloadend?.();
    }, 2);
  }
}

Object.assign(globalThis, { XMLHttpRequest: FakeRequest });

const wasm = new WebAssembly.Module(new Uint8Array(readFileSync(process.env["BUCKETLINE_ENGINE"] ?? "dist/engine.wasm")));

/** Options for an uploader on the fake store, which forgets what it was told. */
export function options(more: Partial<UploaderOptions> = {}): UploaderOptions {
  store.requests = [];
  store.answer = () => undefined;
  return { bucket: "photos", region: "eu-west-1", wasm, credentials: credentials(), ...more };
}

export function credentials(seconds = 3600): Credentials {
  return { accessKey: "AKID", secretKey: "secret", sessionToken: "token", expiration: new Date(Date.now() + 1000 * seconds) };
}

export const later = (millis = 30): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis));

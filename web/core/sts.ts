/** Credentials from STS: the exchange itself is worded and read by the engine. */
import { BucketlineError } from "./error.js";
import { field, frame, type Frame } from "./frame.js";
import { loadEngine } from "./module.js";
import { check, toFields, type Shape } from "./options.js";
import { defaultModule, Query, refusal } from "./protocol.js";

export interface WebIdentity {
  /** "https://sts.REGION.amazonaws.com", or the store's own STS. */
  endpoint: string;
  roleArn?: string;
  /** 2 to 64 of A-Z a-z 0-9 and =,.@- for the store's log. */
  roleSessionName?: string;
  /** The OIDC ID token. */
  token: string;
  /** Seconds the credentials shall last; AWS takes 900 to 43,200 and at most the role's own limit. */
  durationSeconds?: number;
  /** A session policy: it narrows what the role allows, and protects from nothing else. */
  policy?: string;
  wasm?: string | URL | WebAssembly.Module;
  signal?: AbortSignal;
}

export interface StsCredentials {
  accessKey: string;
  secretKey: string;
  sessionToken: string;
  expiration: Date;
}

const shape: Shape = {
  endpoint: "text", roleArn: "text", roleSessionName: "text", token: "text", policy: "text",
  durationSeconds: "size", wasm: "other", signal: "signal",
};

/** Trades an ID token for temporary credentials (STS AssumeRoleWithWebIdentity). */
export async function assumeRoleWithWebIdentity(options: WebIdentity): Promise<StsCredentials> {
  const what = "assumeRoleWithWebIdentity";
  check(what, options, shape);
  const engine = await loadEngine(options.wasm ?? defaultModule());
  const ask = (query: Frame): Frame => {
    const answer = engine.ask(query);
    const refused = refusal(answer);
    if (refused) throw new BucketlineError(what, { ...refused, text: refused.text?.replace(/^AssumeRoleWithWebIdentity: /, "") });
    return answer;
  };
  const request = ask(frame(Query.webIdentity, { fields: toFields({ ...options }, shape) }));
  let response: Response;
  let body: Uint8Array;
  try {
    response = await fetch(field(request, "url") ?? "", {
      method: field(request, "method") ?? "POST",
      headers: request.fields.filter(([name]) => name !== "url" && name !== "method").map(([n, v]) => [n, v]),
      body: new TextDecoder().decode(request.body),
      credentials: "omit",
      cache: "no-store",
      redirect: "error", // the ID token goes to this endpoint and nowhere else
      signal: options.signal ?? null,
    });
    body = new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw new BucketlineError(what, { code: navigator.onLine ? "Unreachable" : "Offline" }, { cause });
  }
  const answer = ask(frame(Query.credentials, { b: response.status, body }));
  return {
    accessKey: field(answer, "accessKey") ?? "",
    secretKey: field(answer, "secretKey") ?? "",
    sessionToken: field(answer, "sessionToken") ?? "",
    expiration: new Date(answer.x),
  };
}

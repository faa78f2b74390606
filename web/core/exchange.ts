/**
 * Exchanges for credentials. What a service is told, what its answer means, and
 * whether another token may help, is for exchange.wasm to say: this side loads
 * it when the first exchange is asked for, sends what it words, and asks the page
 * for tokens. One instance is one exchange, and holds its secrets no longer.
 */
import type { Credentials } from "./api.js";
import { clock } from "./clock.js";
import { BucketlineError } from "./error.js";
import { decodeFrames, encodeFrame, field, frame, type Field, type Frame } from "./frame.js";
import { loadModule, startInstance } from "./instance.js";
import { check, toFields, type Shape } from "./options.js";
import { refusal } from "./protocol.js";

/** What an exchange gives: {@link Credentials} whose every part is there. */
export interface StsCredentials {
  accessKey: string;
  secretKey: string;
  sessionToken: string;
  expiration: Date;
}

/** What a function that gives a token, or credentials, is called with. */
export interface TokenRequest {
  /** The service has refused what was given before: give another, if need be by signing in again. */
  again: boolean;
  signal: AbortSignal | undefined;
}

/** A text, or a function that returns one when it is needed: tokens end too. */
export type TokenSource = string | ((request: TokenRequest) => string | Promise<string>);

/** Credentials to sign an exchange with, or a function that returns some. */
export type CredentialsSource = Credentials | ((request: TokenRequest) => Credentials | Promise<Credentials>);

/** What all exchanges take. */
export interface ExchangeOptions {
  /** Where exchange.wasm is, when it does not lie beside this module. */
  wasm?: string | URL | WebAssembly.Module;
  signal?: AbortSignal;
}

/** The numbers of package wire/exchanges; its testdata/names.json holds them to the module's. */
export const Exchange = { webIdentity: 1, cognito: 2, container: 3, express: 4, grants: 5 } as const;
export const ExchangeQuery = { begin: 1, token: 2, source: 3, answer: 4, policy: 5 } as const;
export const ExchangeStep = { token: 1, source: 2, send: 3, done: 4, policy: 5 } as const;

/** The longest answer that is read, in bytes. */
export const maxExchangeBytes = 256 << 10;

/** The options of ExchangeOptions. */
export const exchangeShape: Shape = { wasm: "other", signal: "signal" };

/** What of credentials goes into a signature; their end does not. */
const sourceShape: Shape = { accessKey: "text", secretKey: "text", sessionToken: "text", expiration: "time" };
const signing: Shape = { accessKey: "text", secretKey: "text", sessionToken: "text" };

/** Where exchange.wasm lies beside this module. */
function defaultExchange(): URL {
  return new URL("./exchange.wasm", import.meta.url);
}

/** Puts one query to the module. */
type Ask = (kind: number, parts: Partial<Frame>) => Frame;

async function load(what: string, wasm: ExchangeOptions["wasm"]): Promise<Ask> {
  let module: WebAssembly.Module;
  try {
    module = await loadModule(wasm ?? defaultExchange());
  } catch (cause) {
    throw new BucketlineError(what, { code: "ExchangeUnavailable", text: String(cause) }, { cause });
  }
  const { exports, view, write } = startInstance(module);
  return (kind, parts) => {
    const [answer] = decodeFrames(view(exports.ask(write(encodeFrame(frame(kind, { y: clock.now(), ...parts }))))));
    const refused = answer && refusal(answer);
    if (refused) throw new BucketlineError(what, { ...refused, operation: field(answer, "operation") });
    if (!answer) throw new BucketlineError(what, { code: "EngineStopped" });
    return answer;
  };
}

/** Who an exchange asks for what it cannot know. */
export interface Sources {
  token?: TokenSource | undefined;
  source?: CredentialsSource | undefined;
}

/** Takes one exchange to its end. The options are checked, and cross by their names and as shape says. */
export async function run(
  what: string, which: number, options: ExchangeOptions, fields: readonly Field[], sources: Sources,
): Promise<StsCredentials> {
  const { signal } = options;
  const ask = await load(what, options.wasm);
  let step = ask(ExchangeQuery.begin, { a: which, fields });
  for (;;) {
    signal?.throwIfAborted();
    const request: TokenRequest = { again: step.a === 1, signal };
    switch (step.kind) {
      case ExchangeStep.token: {
        const { token } = sources;
        const text: unknown = typeof token === "function" ? await token(request) : token;
        if (typeof text !== "string") throw new TypeError(`${what}: the token must be a string, or a function that returns one`);
        step = ask(ExchangeQuery.token, { fields: [["token", text]] });
        break;
      }
      case ExchangeStep.source: {
        const { source } = sources;
        const credentials: unknown = typeof source === "function" ? await source(request) : source;
        check(`${what}: credentials`, credentials, sourceShape);
        step = ask(ExchangeQuery.source, { fields: toFields({ ...(credentials as Credentials) }, signing) });
        break;
      }
      case ExchangeStep.send:
        step = ask(ExchangeQuery.answer, await send(what, step, signal));
        break;
      default:
        return {
          accessKey: field(step, "accessKey") ?? "",
          secretKey: field(step, "secretKey") ?? "",
          sessionToken: field(step, "sessionToken") ?? "",
          expiration: new Date(step.x),
        };
    }
  }
}

/** Carries out the step send, and returns what is to be told of the answer. */
async function send(what: string, step: Frame, signal: AbortSignal | undefined): Promise<Partial<Frame>> {
  try {
    const response = await fetch(field(step, "url") ?? "", {
      method: field(step, "method") ?? "POST",
      headers: step.fields.filter(([name]) => name !== "url" && name !== "method").map(([n, v]) => [n, v]),
      body: step.body?.length ? new TextDecoder().decode(step.body) : null,
      credentials: "omit",
      cache: "no-store",
      redirect: "error", // a token goes to its endpoint and nowhere else
      referrerPolicy: "no-referrer",
      signal: signal ?? null,
    });
    clock.learn(response.headers.get("date"));
    return { b: response.status, body: await bounded(response) };
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new BucketlineError(what, { code: navigator.onLine ? "Unreachable" : "Offline" }, { cause });
  }
}

/** The body, or a little more than the most that is read of it. */
async function bounded(response: Response): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (reader && length <= maxExchangeBytes) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    length += value.length;
  }
  if (length > maxExchangeBytes) await reader?.cancel();
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all.subarray(0, maxExchangeBytes + 1);
}

/** Asks the module for a session policy. */
export async function askPolicy(what: string, options: ExchangeOptions, fields: readonly Field[]): Promise<string> {
  const ask = await load(what, options.wasm);
  return field(ask(ExchangeQuery.policy, { fields }), "policy") ?? "";
}

/** Throws a TypeError unless value is a text or a function. */
export function checkToken(what: string, option: string, value: unknown): void {
  if (typeof value !== "string" && typeof value !== "function") {
    throw new TypeError(`${what}: option "${option}" must be a string, or a function that returns one`);
  }
}

/** Throws a TypeError unless value is credentials or a function. */
export function checkSource(what: string, value: unknown): void {
  if (typeof value !== "function") check(`${what}: credentials`, value, sourceShape);
}

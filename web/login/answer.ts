/** What comes back from the provider in the page's own address, or in that of a window or a frame. */
import { LoginError } from "./error.js";
import type { Page } from "./page.js";
import type { Pending } from "./provider.js";
import { parseURL } from "./settings.js";

/**
 * The way that an answer has to take, which its state says by its first letters:
 * to the page that left for the provider, or from a window or frame to its page.
 */
export const ways = { redirect: "r.", silent: "s.", popup: "p.", frame: "f." } as const;

/** What the provider says when it would have to ask (OpenID Connect Core 1.0, section 3.1.2.6). */
export const silentRefusals = ["login_required", "interaction_required", "consent_required", "account_selection_required"];

/** What a provider adds to an address. */
const answerNames = [
  "code", "state", "iss", "session_state", "scope", "error", "error_description", "error_uri", "error_subtype", "id_token", "authuser", "prompt", "hd",
];

/** The parameters of an answer: in the query, or, with an ID token, in the fragment. Undefined: it is no answer. */
export function answerIn(address: URL): URLSearchParams | undefined {
  for (const parameters of [address.searchParams, new URLSearchParams(address.hash.slice(1))]) {
    if (parameters.has("state") && (parameters.has("code") || parameters.has("error"))) return parameters;
  }
  return undefined;
}

/** The answer's parameters out of an address; the page's own stay. */
export function withoutAnswer(address: URL): URL {
  const clean = new URL(address);
  for (const name of answerNames) clean.searchParams.delete(name);
  if (new URLSearchParams(address.hash.slice(1)).has("state")) clean.hash = "";
  return clean;
}

/** Waits for what a window or a frame brings back. */
export interface Hearing {
  /** The answer to the request with that state. */
  to(state: string): Promise<URL>;
  /** Ends the wait, with a reason. */
  fail(why: unknown): void;
  stop(): void;
}

/** Hears from now on. signal ends the wait, with its reason. */
export function hearAnswer(page: Page, signal: AbortSignal | undefined): Hearing {
  const heard: URL[] = [];
  let expected: string | undefined;
  let settle = (): void => {};
  let fail: (why: unknown) => void = () => {};
  const arrived = new Promise<URL>((resolve, reject) => {
    settle = () => {
      const answer = heard.find((url) => answerIn(url)?.get("state") === expected);
      if (answer) resolve(answer);
    };
    fail = reject;
  });
  arrived.catch(() => {}); // it may fail before anybody waits for it
  const stopHearing = page.hear((text) => {
    const url = parseURL(text);
    if (!url) return;
    heard.push(url);
    settle();
  });
  const onAbort = (): void => fail(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  return {
    to(state) {
      expected = state;
      settle();
      return arrived;
    },
    fail,
    stop() {
      stopHearing();
      signal?.removeEventListener("abort", onAbort);
    },
  };
}

/** Where a sign-in by redirect is remembered until the browser comes back. */
const pendingName = "bucketline-login";

export function remember(page: Page, pending: Pending): void {
  page.memory.setItem(pendingName, JSON.stringify(pending));
}

/** What was remembered, which is good for one answer. */
export function takePending(page: Page): Pending | undefined {
  const text = page.memory.getItem(pendingName);
  page.memory.removeItem(pendingName);
  if (text === null) return undefined;
  try {
    const pending: unknown = JSON.parse(text);
    return isPending(pending) ? pending : undefined;
  } catch {
    return undefined;
  }
}

function isPending(value: unknown): value is Pending {
  if (typeof value !== "object" || value === null) return false;
  const { state, nonce, verifier } = value as Record<string, unknown>;
  return typeof state === "string" && typeof nonce === "string" && typeof verifier === "string";
}

const signedOutBefore = "signed out ";

/** What tells the other tabs that the person signed out: the issuer, the client and the person. */
export function signedOutText(identity: string): string {
  return signedOutBefore + identity;
}

/** Whether text says that of this identity. */
export function saysSignedOut(text: string, identity: string): boolean {
  return text === signedOutText(identity);
}

/** The error of a wait that something else ended. */
export function superseded(why: string): LoginError {
  return new LoginError("Superseded", `sign in: ${why}`);
}

import { createLogin, type Login, type LoginEvent, type LoginOptions, type RedirectOutcome } from "../../../web/login/index.js";
import { describeError, type Failure } from "./failure.js";

let login: Login | undefined;
let events: string[] = [];
/** Of the refresh tokens that were sent, in order. */
let refreshTokens: string[] = [];

function present(): Login {
  if (!login) throw new Error("harness: there is no login");
  return login;
}

/** A name for a token that is not the token. */
async function nameOf(token: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
  return Array.from(new Uint8Array(digest, 0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The browser's own fetch, which notes which refresh tokens are sent. */
async function watched(url: string, init: RequestInit): Promise<Response> {
  const token = init.body instanceof URLSearchParams ? init.body.get("refresh_token") : undefined;
  if (token) refreshTokens.push(await nameOf(token));
  return fetch(url, init);
}

async function failing<T>(work: () => Promise<T>): Promise<{ value?: T; error?: Failure }> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error: describeError(error) };
  }
}

const tell = ({ type, ...rest }: LoginEvent): void => void events.push("elsewhere" in rest && rest.elsewhere ? `${type} elsewhere` : type);

/** The page's login; functions that may fail say how. */
export const logins = {
  /** Forgets the one before, which goes on by itself. */
  create(options: LoginOptions): void {
    [events, refreshTokens] = [[], []];
    login = createLogin({ ...options, fetch: watched });
    login.listen(tell);
  },
  signIn: (silent: boolean): Promise<unknown> => failing(() => present().signIn({ silent })),
  handleRedirect: (): Promise<{ value?: RedirectOutcome; error?: Failure }> => failing(() => present().handleRedirect()),
  idToken: (): Promise<{ value?: string; error?: Failure }> => failing(async () => nameOf(await present().idToken())),
  signOut: (): Promise<unknown> => failing(() => present().signOut()),
  state: (): Record<string, unknown> => ({ subject: login?.claims?.sub ?? "", identity: login?.identity ?? "", events, refreshTokens }),
  /** The token itself, for an uploader of this page. */
  token: (): Promise<string> => present().idToken(),
};

/** A window or a frame that comes back from the provider hands its answer over, and is done. */
export async function handOver(): Promise<boolean> {
  const state = new URLSearchParams(location.search).get("state") ?? "";
  if (!/^[pf]\./.test(state)) return false;
  return (await createLogin({ issuer: "http://localhost", clientId: "harness" }).handleRedirect()) === "handedOver";
}

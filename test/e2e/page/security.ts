/**
 * A page that holds all that a page can hold of ours, for test/security to
 * search: everything that the public functions return or throw is in window.live.
 */
import { assumeRoleWithWebIdentity, createUploader, type Credentials, type Uploader, type UploadTask } from "../../../web/core/index.js";
import { createLogin, type Login } from "../../../web/login/index.js";
import "../../../web/ui/index.js";

/** What a page of ours knows of the dev stack. */
interface Config {
  s3: string;
  sts: string;
  issuer: string;
  clientId: string;
  bucket: string;
  region: string;
  roleArn: string;
}

const config = (await (await fetch("/config.json")).json()) as Config;

const live = {
  login: undefined as Login | undefined,
  uploader: undefined as Uploader | undefined,
  tasks: [] as UploadTask[],
  events: [] as unknown[],
  errors: [] as unknown[],
  outcome: "",
  /** What became of the upload that was waited for last. */
  ended: "",
};

/** Keeps what f throws, as a page might that shows it. */
async function keeping<T>(f: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await f();
  } catch (error) {
    live.errors.push(error);
    return undefined;
  }
}

/** How long credentials are asked for, in seconds, and under which name. */
let lifeSeconds = 900;
let sessionName = "security";

async function credentials(signal?: AbortSignal): Promise<Credentials> {
  if (!live.login) throw new Error("nobody is signed in");
  return assumeRoleWithWebIdentity({
    endpoint: config.sts, roleArn: config.roleArn, roleSessionName: sessionName, token: await live.login.idToken(),
    durationSeconds: lifeSeconds, ...(signal ? { signal } : {}),
  });
}

const security = {
  signIn: (): Promise<void> => live.login?.signIn() ?? Promise.resolve(),
  signOut: (): Promise<boolean> => live.login?.signOut() ?? Promise.resolve(false),

  create(version: 2 | 4, seconds = 900, name = "security"): void {
    [lifeSeconds, sessionName] = [seconds, name];
    live.uploader?.close();
    live.uploader = createUploader({
      bucket: config.bucket, region: config.region, endpoint: config.s3, pathStyle: true, signature: { version },
      credentialsExpired: async ({ signal }) => await credentials(signal),
      retryMillis: 1000,
    });
    live.uploader.listen((event) => {
      if (event.type !== "progress") live.events.push(event);
    });
    const element = document.querySelector("bucketline-uploader");
    if (element) element.uploader = live.uploader;
  },

  /** Uploads size bytes and resolves to what came of it. */
  async upload(key: string, size: number): Promise<string> {
    const task = live.uploader?.upload(new File([new Uint8Array(size)], key.slice(key.lastIndexOf("/") + 1)), { key });
    if (!task) return "no uploader";
    live.tasks.push(task);
    await keeping(() => Promise.resolve(task));
    return task.state;
  },

  expire: (): void => live.uploader?.expireCredentials(),

  /** Makes mistakes with credentials that are good, and keeps what is thrown. */
  async mistakes(): Promise<void> {
    const good = await credentials();
    const give = (wrong: unknown): Promise<unknown> => keeping(() => live.uploader?.setCredentials(wrong as Credentials));
    await give({ ...good, expiration: "rubbish" });
    await give({ ...good, expiration: undefined });
    await give({ ...good, expiration: new Date(0) });
    await give({ ...good, secretKey: [good.secretKey] });
    await give({ ...good, secretKey: good.secretKey + "\n" });
    await give({ ...good, sessionToken: good.sessionToken + "\u{1F4A3}" });
    await give({ ...good, sessionToken: { token: good.sessionToken } });
    await give({ ...good, secret: good.secretKey });
    await give({ ...good, [good.secretKey]: "" });
    await give(good.secretKey);
    await give([good]);
    const token = (await live.login?.idToken()) ?? "";
    const ask = (more: object): Promise<unknown> =>
      keeping(() => assumeRoleWithWebIdentity({ endpoint: config.sts, roleArn: config.roleArn, roleSessionName: "security", token, ...more }));
    await ask({ token: token.slice(0, -4) });
    await ask({ token: `${token} ` });
    await ask({ token: [token] });
    await ask({ token: `${token}\n` });
    await ask({ roleArn: "arn:aws:iam::999988887777:role/another" });
    await ask({ durationSeconds: 1 });
    await ask({ unknown: token });
    await ask({ endpoint: `${config.sts}/?token=${encodeURIComponent(token)}` });
    await ask({ endpoint: "http://127.0.0.1:1" });
    await ask({ policy: "{" });
  },

  /** The clock on the wall, as scripts of this page read it. */
  now: (): number => Date.now(),

  state: (): object => ({ outcome: live.outcome, tasks: live.tasks.map(({ state }) => state), errors: live.errors.length }),
};

live.login = createLogin({
  issuer: config.issuer, clientId: config.clientId, redirectUri: location.origin + location.pathname, scope: "openid profile offline_access",
});
live.outcome = (await keeping(() => live.login?.handleRedirect() ?? Promise.resolve("none"))) ?? "failed";

declare global {
  interface Window {
    live: typeof live;
    security: typeof security;
  }
}

window.live = live;
window.security = security;

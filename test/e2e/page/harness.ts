/**
 * What a browser test does with web/core, as functions of window.harness. All
 * that goes in and comes out is JSON, so that a WebDriver script can carry it;
 * package harness is the other end. It decides nothing and judges nothing.
 */
import {
  assumeRoleWithWebIdentity, containerCredentials, createUploader,
  type Credentials, type CredentialsRequest, type FileState, type TaskEvent, type Uploader, type UploaderEvent, type UploaderOptions,
  type UploadOptions, type UploadTask, type WebIdentity,
} from "../../../web/core/index.js";
import { describeError, type Failure } from "./failure.js";
import { journals } from "./journal.js";
import { handOver, logins } from "./login.js";
import { contents, type Source } from "./source.js";
import { watchPage } from "./watch.js";

/** How credentialsExpired answers: after delayMillis, with the first of these that is there. */
interface Refresh {
  delayMillis?: number;
  /** Not before answerWith says how, if this is true. */
  hold?: boolean;
  /** With credentials of the real STS; without a token, by that of the page's login. */
  sts?: WebIdentity;
  /** With credentials of a JSON endpoint, for an ID token. */
  endpoint?: { url: string; token: string };
  /** With these, one after the other. */
  give?: Credentials[];
  /** By rejecting, with this message. */
  reject?: string;
  /** Not at all, until its signal is aborted. */
}

/** One upload, as asked for. */
interface Wish {
  source: Source;
  options?: UploadOptions;
  /** Iterate the task and keep its events. */
  watch?: boolean;
  /** Give a signal that is aborted already. */
  aborted?: boolean;
}

interface Watched {
  task: UploadTask;
  abort: AbortController;
  events: TaskEvent[];
  /** The iteration has ended by itself. */
  ended: boolean;
}

const ends: FileState[] = ["done", "skipped", "failed", "cancelled"];

let uploader: Uploader | undefined;
let refresh: Refresh | undefined;
/** Lets an answer go on that is held. */
let unhold: (() => void) | undefined;
let watched: Watched[] = [];
let log: Record<string, unknown>[] = [];
let refreshes: { reason: string; aborted: boolean }[] = [];
/** The most files that waited at the same time in state "holding". */
let mostHolding = 0;

const page = watchPage();

async function answer({ reason, signal }: CredentialsRequest): Promise<Credentials> {
  const call = { reason, aborted: false };
  refreshes.push(call);
  signal.addEventListener("abort", () => (call.aborted = true));
  if (refresh?.hold) await new Promise<void>((resolve) => (unhold = resolve));
  const { delayMillis, sts, endpoint, give, reject } = refresh ?? {};
  if (delayMillis) await new Promise((resolve) => setTimeout(resolve, delayMillis));
  if (sts) return await assumeRoleWithWebIdentity({ ...sts, token: sts.token || (await logins.token()), signal });
  if (endpoint) return await containerCredentials({ url: endpoint.url, authorization: `Bearer ${endpoint.token}`, signal });
  const next = give?.shift();
  if (next) return next;
  if (reject !== undefined) throw new Error(reject);
  return await new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason)));
}

/** Keeps an event in a form that JSON has. Progress comes in thousands and is left out. */
function keep(event: UploaderEvent): void {
  if (uploader) mostHolding = Math.max(mostHolding, uploader.totals().files.holding);
  if (event.type === "progress") return;
  const { type, ...rest } = event;
  const entry: Record<string, unknown> = { type, at: Math.round(performance.now()) };
  for (const [name, value] of Object.entries(rest)) {
    if (name === "task") entry["task"] = watched.findIndex(({ task }) => task === value);
    else if (name === "error") entry["error"] = describeError(value);
    else entry[name] = value;
  }
  log.push(entry);
}

async function iterate(one: Watched): Promise<void> {
  for await (const event of one.task) one.events.push(event);
  one.ended = true;
}

/** Runs f and returns what it throws, or undefined. */
async function failing(f: () => unknown): Promise<Failure | undefined> {
  try {
    await f();
    return undefined;
  } catch (error) {
    return describeError(error);
  }
}

function present(): Uploader {
  if (!uploader) throw new Error("harness: there is no uploader");
  return uploader;
}

function report(one: Watched): Record<string, unknown> {
  const { task, events, ended } = one;
  const { key, name, state, result } = task;
  return { key, name, state, result, info: task.info(), error: task.error && describeError(task.error), events, ended };
}

const harness = {
  /** Makes a new uploader and forgets all before; with a refresh it has a credentialsExpired. */
  create(options: Record<string, unknown>, how?: Refresh): Promise<Failure | undefined> {
    uploader?.close();
    [uploader, watched, log, refreshes, mostHolding, refresh] = [undefined, [], [], [], 0, how];
    return failing(() => {
      const handler = how ? { credentialsExpired: answer } : {};
      uploader = createUploader({ ...options, ...handler } as unknown as UploaderOptions);
      uploader.listen(keep);
    });
  },

  /** Resolves when the engine is there, which judges what setCredentials is given. */
  async ready(): Promise<void> {
    while (!present().credentialsLife()) await new Promise((resolve) => setTimeout(resolve, 10));
  },

  answerWith(how: Refresh): void {
    refresh = how;
    unhold?.();
  },

  upload(wishes: Wish[]): Promise<Failure | undefined> {
    return failing(() => {
      for (const { source, options, watch, aborted } of wishes) {
        for (const file of contents(source)) {
          const abort = new AbortController();
          if (aborted) abort.abort();
          const task = present().upload(file, { ...options, signal: abort.signal });
          const one: Watched = { task, abort, events: [], ended: false };
          watched.push(one);
          if (watch) void iterate(one);
        }
      }
    });
  },

  /** How many files a source has at this moment: a folder arrives some time after it was chosen. */
  count: (source: Source): number => contents(source).length,

  setCredentials: (credentials: Credentials): Promise<Failure | undefined> =>
    failing(() => present().setCredentials(credentials)),
  expireCredentials: (): void => present().expireCredentials(),
  cancel: (task: number): void => watched[task]?.task.cancel(),
  retry: (task: number): void => watched[task]?.task.retry(),
  abort: (task: number): void => watched[task]?.abort.abort(),
  close: (): void => present().close(),
  presignedURL: (key: string, seconds: number): Promise<string> => present().presignedURL(key, seconds),
  objectURL: (key: string): string => present().objectURL(key),

  /** How many tasks have not come to their end. */
  underWay: (): number => watched.filter(({ task: { state } }) => !ends.includes(state)).length,

  /** The unfinished uploads in the journal, each with its record as it can be exported. */
  previous: async (): Promise<unknown[]> =>
    Promise.all((await present().previous()).map(async (upload) => {
      const { name, size, bucket, key, uploadId, stored, parts, partSize } = upload;
      const record = [...new Uint8Array(await upload.export().arrayBuffer())];
      return { name, size, bucket, key, uploadId, stored, parts, partSize, record };
    })),

  /** What awaiting the task gives, or throws. */
  async settled(task: number): Promise<{ result?: unknown; error?: Failure }> {
    const one = watched[task];
    if (!one) throw new Error(`harness: there is no task ${task}`);
    try {
      return { result: await one.task };
    } catch (error) {
      return { error: describeError(error) };
    }
  },

  async assumeRole(options: WebIdentity): Promise<{ credentials?: unknown; error?: Failure }> {
    try {
      return { credentials: await assumeRoleWithWebIdentity(options) };
    } catch (error) {
      return { error: describeError(error) };
    }
  },

  report: (): Record<string, unknown> => ({
    tasks: watched.map(report), log, refreshes, mostHolding, ...page.seen(),
    totals: uploader?.totals(), life: uploader?.credentialsLife(),
  }),

  journal: journals,
  login: logins,
};

declare global {
  interface Window {
    harness: typeof harness;
  }
}

if (!(await handOver())) window.harness = harness;

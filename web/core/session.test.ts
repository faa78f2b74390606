import assert from "node:assert/strict";
import { test } from "node:test";
import type { CredentialsRequest, TaskEvent, UploaderEvent } from "./api.js";
import { asked, credentials, later, options, store, until, uploader } from "./testing.js";

const file = (name: string, size = 3): File => new File([new Uint8Array(size)], name);
const code = (want: string) => (error: unknown): boolean => (error as { code?: string }).code === want;

test("upload: a small file is one PutObject, a large one goes up in parts", async () => {
  const up = uploader(options({ partSize: 5 << 20, multipartThreshold: 5 << 20, prefix: "u/" }));
  const small = await up.upload(file("a b.txt"));
  assert.deepEqual(small, {
    bucket: "photos", key: "u/a b.txt", etag: '"693e9af84d3dfcc71e640e005bdc5e2e"', size: 3,
    location: "https://photos.s3.eu-west-1.amazonaws.com/u/a%20b.txt",
    checksum: { algorithm: "CRC64NVME", value: "RpLYxA2ymUw=" },
  });
  assert.equal((await up.upload(file("big", 11 << 20))).etag, '"joined"');
  const sent = store.requests.map(({ method, body }) => `${method} ${body?.size ?? 0}`);
  assert.deepEqual(sent.slice(0, 2), ["PUT 3", "POST 0"]);
  assert.deepEqual(sent.slice(2, 5).sort(), [`PUT ${1 << 20}`, `PUT ${5 << 20}`, `PUT ${5 << 20}`]);
});

test("upload: options are copied, so that one object may be used for many", async () => {
  const up = uploader(options());
  const shared = { key: "", metadata: { n: "" } };
  const tasks = ["a", "b", "c"].map((name) => {
    shared.key = name;
    shared.metadata.n = name;
    return up.upload(file("x"), shared);
  });
  assert.deepEqual((await Promise.all(tasks)).map(({ key }) => key), ["a", "b", "c"]);
  assert.deepEqual(store.requests.map(({ headers }) => headers.get("x-amz-meta-n")), ["a", "b", "c"]);
});

test("upload: what cannot be described fails alone, and by name", async () => {
  const up = uploader(options());
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`n${i}`, "v"]));
  const tasks = [
    up.upload(file("huge"), { cacheControl: "x".repeat(9 << 20) }),
    up.upload(file("one", 100)),
    up.upload(file("many"), { metadata: many }),
    up.upload(file("rot"), { serverSideEncryption: "rot13" as "AES256" }),
    up.upload(file("long"), { key: "k".repeat(1025) }),
    up.upload(file("torn"), { key: () => "a\uD800" }),
    up.upload(file("lost"), { key: () => Promise.reject(new Error("no key today")) }),
    up.upload(file("two", 7)),
  ];
  const ended = await Promise.allSettled(tasks);
  assert.deepEqual(ended.map((e) => (e.status === "fulfilled" ? e.value.size : (e.reason as { code: string }).code)), [
    "OptionInvalid", 100, "OptionInvalid", "OptionInvalid", "KeyTooLong", "KeyInvalid", "KeyRefused", 7,
  ]);
});

test("upload: a Blob without a key is refused, having no name", () => {
  assert.throws(() => uploader(options()).upload(new Blob(["x"])), /option "key" is missing/);
});

test("upload: an answer with more headers than can be taken still ends the request", async () => {
  const up = uploader(options());
  store.answer = () => ({ headers: `etag: "e"\r\n${"x: y\r\n".repeat(5000)}` });
  assert.equal((await up.upload(file("a"))).etag, '"e"');
});

test("cancel: very many at once", async () => {
  const up = uploader(options({ credentials: credentials() }));
  store.answer = () => "never";
  const tasks = Array.from({ length: 140_000 }, (_, i) => up.upload(file("x", 1), { key: `k${i}` }));
  await later();
  up.close();
  await later(200);
  assert.equal(up.totals().files.cancelled, tasks.length);
});

test("totals: of a hundred thousand files cost as much as of one", async () => {
  const up = uploader(options({ credentials: credentials() }));
  await up.ready;
  // The least of many rounds: a busy machine makes some of them slow, never all.
  const cost = (): number => {
    let least = Infinity;
    for (let round = 0; round < 20; round++) {
      const begun = performance.now();
      for (let i = 0; i < 200; i++) up.totals();
      least = Math.min(least, performance.now() - begun);
    }
    return least;
  };
  store.answer = () => "never";
  up.upload(file("x"));
  cost(); // and is compiled
  const one = cost();
  for (let i = 0; i < 100_000; i++) up.upload(file("x", 1), { key: "k" });
  const unknown = cost(); // the engine does not know them yet
  await later();
  const known = cost();
  assert.equal(up.totals().files.queued + up.totals().files.uploading, 100_001);
  assert.ok(unknown < 10 * one + 5 && known < 10 * one + 5, `${one}, ${unknown} and ${known} ms`);
});

test("cancel: rejects with the signal's reason, also when the key function fails later", async () => {
  const up = uploader(options());
  const abort = new AbortController();
  const reason = new Error("the user left");
  const task = up.upload(file("a"), {
    signal: abort.signal,
    key: async () => {
      await later(20);
      throw new Error("late");
    },
  });
  await later(10);
  abort.abort(reason);
  await assert.rejects(Promise.resolve(task), reason);
  await later(40);
  assert.equal(task.state, "cancelled");
  assert.equal(task.error, undefined);
});

test("cancel: of a multipart upload aborts it", async () => {
  const up = uploader(options({ partSize: 5 << 20, multipartThreshold: 5 << 20 }));
  store.answer = ({ url }) => (url.includes("partNumber") ? "never" : undefined);
  const task = up.upload(file("big", 11 << 20));
  await until("parts go", () => asked("PUT", "partNumber") > 0);
  task.cancel();
  await assert.rejects(Promise.resolve(task), { name: "AbortError" });
  // Parts on their way may have landed after the abort: it is looked whether the upload is gone.
  await until("the upload is gone", () => store.requests.at(-1)?.method === "GET" && up.totals().inFlight === 0);
  assert.equal(store.requests.at(-2)?.method, "DELETE");
  assert.equal(store.uploads.size, 0);
});

test("credentials: asked for once however many wait, and released", async () => {
  const asked: CredentialsRequest[] = [];
  const seen: string[] = [];
  const { credentials: _, ...none } = options();
  const up = uploader({
    ...none,
    credentialsExpired: async (request) => {
      asked.push(request);
      await later();
      return credentials();
    },
  });
  up.listen((event) => seen.push(event.type));
  await Promise.all(Array.from({ length: 20 }, (_, i) => up.upload(file(`f${i}`))));
  assert.deepEqual(asked.map(({ reason }) => reason), ["absent"]);
  assert.deepEqual(seen.filter((type) => ["hold", "refresh", "credentials", "release"].includes(type)), [
    "hold", "refresh", "credentials", "release",
  ]);
});

test("credentials: ones that have ended hold, and others release", async () => {
  const up = uploader(options({ credentials: credentials(-1) }));
  const events: UploaderEvent[] = [];
  up.listen((event) => events.push(event));
  const task = up.upload(file("a"));
  await later();
  assert.equal(task.state, "holding");
  assert.ok(events.some((e) => e.type === "hold" && code("CredentialsExpired")(e.error)));
  assert.throws(() => up.setCredentials(credentials(-1)), code("CredentialsExpired"));
  up.setCredentials(credentials());
  assert.equal((await task).key, "a");
});

test("credentials: a handler that fails is reported, asked no more without refreshMillis, and setCredentials releases", async () => {
  let calls = 0;
  const { credentials: _, ...none } = options();
  const up = uploader({ ...none, refreshMillis: 0, credentialsExpired: () => Promise.reject(new Error(`no ${++calls}`)) });
  const holds: unknown[] = [];
  up.listen((event) => event.type === "hold" && holds.push(event.reason, (event.error as Error | undefined)?.message));
  const task = up.upload(file("a"));
  await later();
  assert.deepEqual(holds, ["absent", undefined, "refreshFailed", "no 1"]);
  up.setCredentials(credentials());
  await task;
  assert.equal(calls, 1);
});

test("credentials: a handler that fails is asked again, and nothing fails", async () => {
  const asked: string[] = [];
  const holds: string[] = [];
  const up = uploader(options({
    credentials: ({ reason }) => {
      asked.push(reason);
      if (asked.length < 3) throw new Error("asleep");
      return credentials();
    },
  }));
  up.listen((event) => event.type === "hold" && holds.push(event.reason));
  assert.equal((await up.upload(file("a"))).key, "a");
  assert.deepEqual(asked, ["absent", "absent", "absent"]);
  assert.deepEqual(holds, ["absent", "refreshFailed"]);
});

test("credentials: a handler that takes too long is asked again, and told that it is too late", async () => {
  const signals: AbortSignal[] = [];
  const up = uploader(options({
    handlerMillis: 30,
    credentials: ({ signal }) => {
      signals.push(signal);
      return signals.length === 1 ? new Promise(() => undefined) : credentials();
    },
  }));
  await up.upload(file("a"));
  assert.deepEqual(signals.map(({ aborted }) => aborted).slice(0, 1), [true]);
});

test("credentials: files are held as long as holdMillis says, and go on by retry", async () => {
  const { credentials: _, ...none } = options();
  const up = uploader({ ...none, holdMillis: 30 });
  const task = up.upload(file("a"));
  await assert.rejects(Promise.resolve(task), code("CredentialsExpired"));
  up.setCredentials(credentials());
  task.retry();
  assert.equal((await task).key, "a");
});

test("credentials: long ones are renewed before their end, and nothing is held", async () => {
  const seen: string[] = [];
  const asked: string[] = [];
  // Of 11 minutes, 66 s before the margin of 30 s are for asking early.
  const early = { ...credentials(), expiration: new Date(Date.now() + 11 * 60_000) };
  const up = uploader(options({ credentials: early, credentialsExpired: ({ reason }) => (asked.push(reason), credentials()) }));
  up.listen((event) => seen.push(event.type));
  await up.upload(file("a"));
  assert.deepEqual(asked, []);
  const { now } = Date;
  Date.now = () => now() + 9.5 * 60_000;
  try {
    await up.upload(file("b"));
    await later();
  } finally {
    Date.now = now;
  }
  assert.deepEqual(asked, ["expiring"]);
  assert.ok(!seen.includes("hold"));
});

test("credentials: a function and credentialsExpired are one too many", () => {
  assert.throws(() => uploader(options({ credentials: () => credentials(), credentialsExpired: () => credentials() })), /give one of them/);
});

test("credentials: set while held and from inside a listener, the handler is not asked", async () => {
  let calls = 0;
  const { credentials: _, ...none } = options();
  const up = uploader({ ...none, credentialsExpired: () => (calls++, credentials()) });
  up.listen((event) => event.type === "hold" && up.setCredentials(credentials()));
  await up.upload(file("a"));
  assert.equal(calls, 0);
});

test("credentials: expired by the page at once, or after closing, are handled", async () => {
  let calls = 0;
  const up = uploader(options({ credentialsExpired: () => (calls++, credentials()) }));
  up.expireCredentials();
  await up.upload(file("a"));
  assert.equal(calls, 1);
  up.close();
  up.expireCredentials();
  await later();
  assert.equal(calls, 1);
  assert.throws(() => up.upload(file("b")), /closed/);
});

test("credentials: nothing of them is in a task, an error or an event", async () => {
  const up = uploader(options());
  const said: string[] = [];
  up.listen((event) => said.push(JSON.stringify(event)));
  store.answer = () => ({
    status: 400,
    body: "<Error><Code>ExpiredToken</Code><Message>The token has expired.</Message><Token-0>token</Token-0></Error>",
  });
  const customerKey = btoa("k".repeat(32));
  const task = up.upload(file("a"), { customerKey });
  await later(50);
  assert.doesNotMatch(said.join() + JSON.stringify(task) + String(task.error), new RegExp(`secret|"token"|${customerKey}`));
});

test("task: iterated, it tells all and ends; awaited twice, it resolves twice", async () => {
  const up = uploader(options({ partSize: 5 << 20, multipartThreshold: 5 << 20 }));
  const task = up.upload(file("big", 11 << 20));
  const events: TaskEvent[] = [];
  for await (const event of task) events.push(event);
  assert.deepEqual(events.filter(({ type }) => type === "part").length, 3);
  assert.deepEqual(events.at(-1), { type: "state", state: "done" });
  const last = events.filter((e) => e.type === "progress").at(-1);
  assert.equal(last?.type === "progress" && last.sent, 11 << 20);
  assert.equal(await task, await task);
  for await (const event of task) assert.fail(`${event.type} after the end`);
});

test("engine: that cannot be had fails every upload, and says so", async () => {
  const up = uploader(options({ wasm: "data:application/wasm;base64,AAAA" }));
  const abort = new AbortController();
  const dropped = up.upload(file("b"), { signal: abort.signal });
  abort.abort();
  await assert.rejects(Promise.resolve(up.upload(file("a"))), code("EngineUnavailable"));
  await assert.rejects(up.ready, code("EngineUnavailable"));
  await assert.rejects(Promise.resolve(dropped), { name: "AbortError" });
  assert.deepEqual([up.totals().files.failed, up.totals().files.cancelled], [1, 1]);
  const [, failed] = up.tasks();
  failed?.cancel();
  assert.deepEqual([failed?.state, up.totals().files.failed, up.totals().files.cancelled, up.totals().size], ["cancelled", 0, 2, 0]);
  await assert.rejects(Promise.resolve(up.upload(file("c", 7))), code("EngineUnavailable"));
  assert.deepEqual([up.totals().files.failed, up.totals().size], [1, 7]);
});

test("engine: what it needs to know is asked for by name before it is ready", async () => {
  const up = uploader(options());
  await assert.rejects(up.presignedURL("a", 60), code("NotReady"));
  await up.ready;
  assert.match(await up.presignedURL("a", 60), /^https:\/\/photos\.s3\.eu-west-1\.amazonaws\.com\/a\?.*X-Amz-Signature=/);
  await assert.rejects(up.presignedURL("a", 1.5), TypeError);
  up.expireCredentials();
  await later();
  await assert.rejects(up.presignedURL("a", 60), code("CredentialsHeld"));
});

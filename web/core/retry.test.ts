/** What fails, and goes on: the engine decides, the session carries it out and tells. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TaskEvent, UploaderEvent, Uploader } from "./api.js";
import { asked, fileOf, later, options, page, store, type StoreAnswer, until, uploader } from "./testing.js";

const parts = { partSize: 5 << 20, multipartThreshold: 5 << 20, connections: 3 };
const busy: StoreAnswer = { status: 503, body: "<Error><Code>SlowDown</Code><Message>Reduce your rate.</Message></Error>" };
const code = (want: string) => (error: unknown): boolean => (error as { code?: string }).code === want;

function listen(up: Uploader): UploaderEvent[] {
  const seen: UploaderEvent[] = [];
  up.listen((event) => seen.push(event));
  return seen;
}

/** Answers the first n requests that are meant by answer, and the others as S3 does. */
function first(n: number, meant: (url: string) => boolean, answer: StoreAnswer | "never" | "cut"): void {
  let left = n;
  store.answer = ({ url }) => (meant(url) && left-- > 0 ? answer : undefined);
}

test("retry: a part that the store is too busy for is sent again, alone, and both are told", async () => {
  const up = uploader(options(parts));
  first(1, (url) => url.includes("partNumber=2"), busy);
  const seen = listen(up);
  const task = up.upload(fileOf("big", 11 << 20));
  const told: TaskEvent[] = [];
  for await (const event of task) told.push(event);
  assert.equal((await task).etag, '"joined"');
  assert.equal(asked("PUT"), 4);
  assert.equal(asked("POST", "uploads="), 1);
  const retry = seen.find((event) => event.type === "retry");
  assert.ok(retry?.type === "retry" && retry.task === task && retry.part === 2 && retry.delay >= 0);
  assert.deepEqual([retry.error.code, retry.error.status], ["SlowDown", 503]);
  assert.match(retry.error.message, /UploadPart, part 2/);
  assert.ok(told.some((event) => event.type === "retry" && event.part === 2));
  assert.equal(up.totals().resent, 5 << 20);
});

test("retry: a connection that breaks is made again", async () => {
  const up = uploader(options());
  await up.upload(fileOf("before", 3)); // the store is known to answer
  first(2, (url) => url.endsWith("/a"), "cut");
  assert.equal((await up.upload(fileOf("a", 3))).key, "a");
  assert.equal(asked("PUT"), 4);
});

test("retry: a request of which no byte moves is broken off and sent again", async () => {
  const up = uploader(options({ stallMillis: 120 }));
  first(1, () => true, "never");
  const seen = listen(up);
  const task = up.upload(fileOf("a", 3));
  assert.equal((await task).key, "a");
  const retry = seen.find((event) => event.type === "retry");
  assert.ok(retry?.type === "retry" && code("Stalled")(retry.error));
});

test("retry: what is refused for good fails, and can be tried again by hand", async () => {
  const up = uploader(options());
  first(1, () => true, { status: 403, body: "<Error><Code>AccessDenied</Code></Error>" });
  const seen = listen(up);
  const task = up.upload(fileOf("a", 3));
  await assert.rejects(Promise.resolve(task), code("AccessDenied"));
  assert.equal(task.state, "failed");
  assert.equal(asked("PUT"), 1);
  task.retry();
  assert.equal((await task).key, "a");
  assert.equal(task.error, undefined);
  const states = seen.flatMap((event) => (event.type === "state" ? [event.state] : []));
  assert.deepEqual(states.filter((state) => state === "failed" || state === "queued" || state === "done"), ["failed", "queued", "done"]);
  task.retry();
  await later();
  assert.equal(task.state, "done");
});

test("retry: gives up after retryMillis, and says what the store said", async () => {
  const up = uploader(options({ retryMillis: 300 }));
  store.answer = () => busy;
  await assert.rejects(Promise.resolve(up.upload(fileOf("a", 3))), code("SlowDown"));
  assert.ok(asked("PUT") > 1);
});

test("retry: all that failed at once", async () => {
  const up = uploader(options());
  store.answer = () => ({ status: 403, body: "<Error><Code>AccessDenied</Code></Error>" });
  const tasks = Array.from({ length: 20 }, (_, i) => up.upload(fileOf(`f${i}`, 3)));
  await Promise.allSettled(tasks);
  assert.equal(up.totals().files.failed, 20);
  store.answer = () => undefined;
  const seen = listen(up);
  up.retryAll();
  await until("all are stored", () => up.totals().files.done === 20);
  assert.deepEqual((await Promise.all(tasks)).map(({ key }) => key), tasks.map(({ name }) => name));
  assert.ok(seen.some((event) => event.type === "all" && event.action === "retry"));
});

test("offline: nothing is sent while the network is gone, and all goes on when it is back", async () => {
  const up = uploader(options());
  await up.ready;
  const seen = listen(up);
  page.dispatchEvent(new Event("offline"));
  const task = up.upload(fileOf("a", 3));
  await until("it waits", () => task.state === "offline");
  assert.equal(store.requests.length, 0);
  assert.equal(up.totals().offline, true);
  page.dispatchEvent(new Event("online"));
  assert.equal((await task).key, "a");
  assert.equal(up.totals().offline, false);
  assert.deepEqual(seen.filter(({ type }) => type === "offline" || type === "online").map(({ type }) => type), ["offline", "online"]);
  up.close();
  page.dispatchEvent(new Event("offline"));
  assert.equal(seen.filter(({ type }) => type === "offline").length, 1);
});

test("ETag: hidden by CORS is looked up, and said once", async () => {
  const up = uploader(options(parts));
  store.hidesETags = true;
  const seen = listen(up);
  await Promise.all([up.upload(fileOf("a", 11 << 20)), up.upload(fileOf("b", 11 << 20))]);
  const warnings = seen.flatMap((event) => (event.type === "warning" ? [event.error] : []));
  assert.deepEqual(warnings.map((warning) => warning.code), ["ETagHidden"]);
  assert.match(warnings[0]?.hint ?? "", /ExposeHeaders/);
  assert.equal(store.objects.get("a")?.size, 11 << 20);
});

test("form: a small file goes up as one, which nobody listens to, so that it needs no preflight", async () => {
  const up = uploader(options({ formBelow: 1 << 20 }));
  const file = fileOf("a.bin", 1000);
  const result = await up.upload(file, { metadata: { album: "x" } });
  assert.equal(result.key, "a.bin");
  const [form] = store.requests;
  assert.deepEqual([form?.method, form?.watched, store.requests.length], ["POST", false, 1]);
  assert.match(form?.headers.get("content-type") ?? "", /^multipart\/form-data; boundary=/);
  const sent = Buffer.from((await form?.body?.arrayBuffer()) ?? new ArrayBuffer(0));
  assert.ok(sent.includes(Buffer.from(await file.arrayBuffer())));
  assert.match(sent.subarray(-80).toString(), /--\r\n$/);
  await up.upload(fileOf("b.bin", 1 << 20));
  assert.deepEqual([store.requests[1]?.method, store.requests[1]?.watched], ["PUT", true]);
});

test("form: what a form is too long for goes as it would without", async () => {
  const up = uploader(options({ formBelow: 1 << 20 }));
  const tags = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${i}${"ä".repeat(120)}`, "ö".repeat(250)]));
  assert.equal((await up.upload(fileOf("a.bin", 1000), { tags })).key, "a.bin");
  assert.deepEqual(store.requests.map(({ method }) => method), ["PUT"]);
  assert.equal((await up.upload(fileOf("b.bin", 1000))).key, "b.bin");
});

/** What rests and goes on, in one session and from one to the next. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Uploader, UploaderEvent } from "./api.js";
import { memoryJournal, type Journal } from "./journal.js";
import { asked, fileOf, later, options, sameStore, store, until, uploader } from "./testing.js";

const parts = { partSize: 5 << 20, multipartThreshold: 5 << 20, connections: 2 };
const code = (want: string) => (error: unknown): boolean => (error as { code?: string }).code === want;

function listen(up: Uploader): UploaderEvent[] {
  const seen: UploaderEvent[] = [];
  up.listen((event) => seen.push(event));
  return seen;
}

/** The part of the file that no answer comes to: what was under way when the page was left. */
function silent(part: number): void {
  store.answer = ({ url }) => (url.includes(`partNumber=${part}&`) || url.endsWith(`partNumber=${part}`) ? "never" : undefined);
}

/** A journal that outlives its session: a page that is left gives up all names, and asks for nothing more. */
function lasting(): { open(): Journal; leave(): void } {
  const journal = memoryJournal();
  let names = new Set<string>();
  let current = 0;
  return {
    open: () => {
      const mine = ++current;
      const alive = <T>(work: () => Promise<T>): Promise<T> => (mine === current ? work() : new Promise(() => undefined));
      return {
        load: (name) => alive(() => (names.add(name), journal.load(name))),
        save: (name, record) => alive(() => journal.save(name, record)),
        append: (name, more) => alive(() => journal.append(name, more)),
        forget: (name) => alive(() => journal.forget(name)),
        unlock: (name) => void alive(async () => journal.unlock(name)),
        setAside: (name) => alive(() => journal.setAside(name)),
        list: () => alive(() => journal.list()),
        read: (name) => alive(() => journal.read(name)),
        close: () => undefined,
      };
    },
    leave: () => {
      current++;
      for (const name of names) journal.unlock(name);
      names = new Set();
    },
  };
}

test("pause: what is stored stays stored, and only the rest is sent after it", async () => {
  const up = uploader(options(parts));
  silent(3);
  const task = up.upload(fileOf("big", 21 << 20));
  await until("all but one part are stored", () => task.info().partsStored === 4);
  task.pause();
  await until("it rests", () => task.state === "paused" && up.totals().inFlight === 0);
  assert.equal(up.totals().files.paused, 1);
  store.answer = () => undefined;
  const before = asked("PUT");
  await later(60);
  assert.equal(asked("PUT"), before, "a paused file sends nothing");
  const seen = listen(up);
  task.resume();
  assert.equal((await task).size, 21 << 20);
  assert.equal(asked("PUT") - before, 1);
  assert.equal(store.objects.get("big")?.size, 21 << 20);
  assert.ok(seen.some((event) => event.type === "resumed" && event.parts === 4 && event.bytes === 16 << 20));
});

test("pause: of a file that has not begun, and the key function is asked once", async () => {
  const up = uploader(options({ connections: 1 }));
  let calls = 0;
  const task = up.upload(fileOf("a", 3), { key: () => `k${++calls}` });
  task.pause();
  await until("it rests", () => task.state === "paused");
  await later();
  assert.equal(store.requests.length, 0);
  task.resume();
  assert.equal((await task).key, "k1");
});

test("pauseAll: also what is added later, and resumeAll lets all go", async () => {
  const up = uploader(options());
  const early = up.upload(fileOf("a", 3));
  up.pauseAll();
  await until("all rest", () => early.state === "paused");
  const late = up.upload(fileOf("b", 3));
  await later();
  assert.deepEqual([late.state, late.info().state, up.totals().files.paused, store.requests.length], ["paused", "paused", 2, 0]);
  const seen = listen(up);
  up.resumeAll();
  await Promise.all([early, late]);
  assert.deepEqual(seen.filter(({ type }) => type === "all"), [{ type: "all", action: "resume" }]);
});

test("cancelAll: ends every promise, and leaves nothing in the store", async () => {
  const up = uploader(options(parts));
  silent(2);
  const tasks = [up.upload(fileOf("big", 11 << 20)), ...Array.from({ length: 50 }, (_, i) => up.upload(fileOf(`f${i}`, 3)))];
  up.pauseAll();
  up.resumeAll();
  await until("one part is stored", () => (tasks[0]?.info().partsStored ?? 0) > 0);
  const ended = Promise.allSettled(tasks);
  up.cancelAll();
  const states = (await ended).map(({ status }) => status);
  assert.equal(states[0], "rejected");
  await until("the upload is gone", () => store.uploads.size === 0 && up.totals().inFlight === 0);
  assert.equal(up.totals().files.cancelled + up.totals().files.done, tasks.length);
});

test("priority: who has a high one goes first", async () => {
  const up = uploader(options({ connections: 1 }));
  up.pauseAll();
  const [low, normal, high] = [
    up.upload(fileOf("low", 3), { priority: "low" }), up.upload(fileOf("normal", 3)), up.upload(fileOf("high", 3), { priority: "high" }),
  ];
  const last = up.upload(fileOf("last", 3), { priority: "high" });
  last.priority = "low";
  up.resumeAll();
  await Promise.all([low, normal, high, last]);
  assert.deepEqual(store.requests.map(({ url }) => new URL(url).pathname), ["/high", "/normal", "/low", "/last"]);
  assert.equal(last.priority, "low");
  assert.throws(() => (low.priority = "urgent" as "high"), TypeError);
});

test("reload: the same file goes on where it was", async () => {
  const journal = lasting();
  const up = uploader(options({ ...parts, journal: journal.open() }));
  silent(3);
  const task = up.upload(fileOf("big", 21 << 20));
  await until("all but one part are stored", () => task.info().partsStored === 4);
  await later(20); // and are remembered
  journal.leave();

  const again = uploader(sameStore({ ...parts, journal: journal.open() }));
  const seen = listen(again);
  const [previous, ...more] = await again.previous();
  assert.deepEqual(more, []);
  assert.ok(previous);
  const { name, size, key, bucket, uploadId, stored, parts: count, partSize, modified } = previous;
  assert.deepEqual({ name, size, key, bucket, uploadId, stored, count, partSize, modified: modified?.getTime() }, {
    name: "big", size: 21 << 20, key: "big", bucket: "photos", uploadId: "U1", stored: 16 << 20, count: 4, partSize: 5 << 20,
    modified: 1_700_000_000_000,
  });
  assert.ok(Date.now() - previous.begun.getTime() < 60_000);
  assert.equal(Buffer.from(await previous.export().arrayBuffer()).subarray(1, 4).toString(), "BLJ");

  assert.equal((await again.upload(fileOf("big", 21 << 20))).etag, '"joined"');
  assert.deepEqual([asked("PUT"), asked("POST", "uploads=")], [1, 0]);
  assert.ok(seen.some((event) => event.type === "resumed" && event.bytes === 16 << 20));
  await until("the record is forgotten", () => store.uploads.size === 0);
  await later(20);
  assert.deepEqual(await again.previous(), []);
});

test("reload: another file of the same name, size and time is sent whole", async () => {
  const journal = lasting();
  const up = uploader(options({ ...parts, journal: journal.open() }));
  silent(3);
  const task = up.upload(fileOf("big", 11 << 20, 1));
  await until("two parts are stored", () => task.info().partsStored === 2);
  await later(20);
  journal.leave();
  const again = uploader(sameStore({ ...parts, journal: journal.open() }));
  await again.upload(fileOf("big", 11 << 20, 7));
  assert.deepEqual([asked("PUT"), asked("POST", "uploads=")], [3, 1]);
  assert.equal(asked("DELETE"), 1, "what was there before is aborted");
});

test("reload: a record that is damaged is set aside, and said", async () => {
  const journal = lasting();
  const up = uploader(options({ ...parts, journal: journal.open() }));
  silent(3);
  const task = up.upload(fileOf("big", 11 << 20));
  await until("two parts are stored", () => task.info().partsStored === 2);
  await later(20);
  journal.leave();
  const damaged = journal.open();
  const [name = ""] = await damaged.list();
  await damaged.load(name);
  await damaged.save(name, new Uint8Array([1, 2, 3]));
  damaged.unlock(name);
  await later();
  const again = uploader(sameStore({ ...parts, journal: damaged }));
  const seen = listen(again);
  assert.deepEqual(await again.previous(), []);
  await again.upload(fileOf("big", 11 << 20));
  assert.deepEqual(seen.flatMap((event) => (event.type === "warning" ? [event.error.code] : [])), ["RecordCorrupt"]);
  assert.equal(asked("PUT"), 3);
});

test("journal: two sessions never go on with the same file", async () => {
  const journal = memoryJournal();
  const up = uploader(options({ ...parts, journal }));
  silent(2);
  const task = up.upload(fileOf("big", 11 << 20));
  await until("it goes", () => task.info().partsStored > 0);
  const other = uploader({ ...sameStore(parts), journal });
  await assert.rejects(Promise.resolve(other.upload(fileOf("big", 11 << 20))), code("UploadInUse"));
  task.cancel();
  await assert.rejects(Promise.resolve(task));
});

test("journal: a file that is dropped and chosen again waits for its own clean-up", async () => {
  const up = uploader(options(parts));
  silent(2);
  const file = fileOf("big", 11 << 20);
  const first = up.upload(file);
  await until("it goes", () => first.info().partsStored > 0);
  first.cancel();
  store.answer = () => undefined;
  const again = up.upload(file);
  const third = up.upload(file); // and the same file twice is stored twice
  assert.deepEqual([(await again).etag, (await third).etag], ['"joined"', '"joined"']);
  assert.deepEqual([asked("POST", "uploads="), asked("DELETE"), store.uploads.size], [3, 1, 0]);
});

test("journal: that cannot be had is said, and nothing fails for it", async () => {
  const { journal: _, ...rest } = options(parts); // there is no IndexedDB in Node
  const up = uploader(rest);
  const seen = listen(up);
  assert.equal((await up.upload(fileOf("big", 11 << 20))).etag, '"joined"');
  assert.deepEqual(seen.flatMap((event) => (event.type === "warning" ? [event.error.code] : [])), ["StorageUnavailable"]);
});

test("journal: that cannot be written is said once, and nothing fails for it", async () => {
  const fails = (): Promise<never> => Promise.reject(new Error("the disk is full"));
  const journal: Journal = { ...memoryJournal(), save: fails, append: fails };
  const up = uploader(options({ ...parts, journal }));
  const seen = listen(up);
  assert.equal((await up.upload(fileOf("big", 11 << 20))).etag, '"joined"');
  assert.deepEqual(seen.flatMap((event) => (event.type === "warning" ? [event.error.code] : [])), ["JournalFailed"]);
});

test("previous: discard aborts and forgets, and not what another session goes on with", async () => {
  const journal = lasting();
  const up = uploader(options({ ...parts, journal: journal.open() }));
  silent(3);
  const task = up.upload(fileOf("big", 11 << 20));
  await until("two parts are stored", () => task.info().partsStored === 2);
  await later(20);
  journal.leave();
  const shared = journal.open();
  const again = uploader(sameStore({ ...parts, journal: shared }));
  const other = uploader(sameStore({ ...parts, endpoint: "https://elsewhere.example", journal: shared }));
  assert.deepEqual(await other.previous(), [], "a record of another store is not its business");
  const [previous] = await again.previous();
  assert.ok(previous);
  const name = (await shared.list())[0] ?? "";
  assert.notEqual(await shared.load(name), "locked");
  await assert.rejects(previous.discard(), code("UploadInUse"));
  shared.unlock(name);
  store.answer = ({ method }) => (method === "DELETE" ? { status: 403, body: "<Error><Code>AccessDenied</Code></Error>" } : undefined);
  await assert.rejects(previous.discard(), code("AccessDenied"));
  store.answer = () => undefined;
  await previous.discard();
  assert.equal(store.uploads.size, 0);
  await until("it is forgotten", () => store.uploads.size === 0);
  await later(20);
  assert.deepEqual(await again.previous(), []);
  await previous.discard(); // somebody has ended it already
});

test("sweep: aborts what no record is about, and says what it found", async () => {
  const up = uploader(options({ ...parts, journal: memoryJournal() }));
  for (const id of ["old", "kept"]) store.uploads.set(id, { key: `u/${id}`, parts: new Map(), checksum: undefined });
  store.uploads.set("other", { key: "elsewhere", parts: new Map(), checksum: undefined });
  store.answer = ({ method, url }) => (method === "DELETE" && url.includes("kept") ? { status: 403, body: "<Error><Code>AccessDenied</Code></Error>" } : undefined);
  const [swept, again] = await Promise.all([
    up.sweep({ prefix: "u/", olderThanMillis: 86_400_000 }), up.sweep({ prefix: "none/", olderThanMillis: 0 }),
  ]);
  assert.deepEqual(swept.map(({ key, uploadId, error }) => [key, uploadId, error?.code]), [["u/old", "old", undefined], ["u/kept", "kept", "AccessDenied"]]);
  assert.deepEqual(again, []);
  assert.deepEqual([...store.uploads.keys()], ["kept", "other"]);
  await assert.rejects(up.sweep({ prefix: "u/", olderThan: 1 } as never), /did you mean "olderThanMillis"/);
  await assert.rejects(up.sweep({ prefix: "u/" } as never), /needs both/);
});

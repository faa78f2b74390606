/** What happens when the key has an object already. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConflictChoice, UploaderEvent } from "./api.js";
import { fileOf, options, store, until, uploader } from "./testing.js";

const code = (want: string) => (error: unknown): boolean => (error as { code?: string }).code === want;
const there = { size: 1, etag: '"there"', checksum: undefined };

test("conflict: fails by default, and the object stays", async () => {
  const up = uploader(options());
  store.objects.set("a.txt", there);
  await assert.rejects(Promise.resolve(up.upload(fileOf("a.txt", 3), { ifNoneMatch: "*" })), code("ObjectExists"));
  assert.equal(store.objects.get("a.txt"), there);
});

test("conflict: skipped is no failure, and says that nothing was stored", async () => {
  const up = uploader(options());
  store.objects.set("a.txt", there);
  const task = up.upload(fileOf("a.txt", 3), { ifNoneMatch: "*", onConflict: "skip" });
  assert.deepEqual(await task, {
    bucket: "photos", key: "a.txt", etag: "", size: 3, skipped: true, location: "https://photos.s3.eu-west-1.amazonaws.com/a.txt",
  });
  assert.deepEqual([task.state, up.totals().files.skipped, store.objects.get("a.txt")], ["skipped", 1, there]);
});

test("conflict: renamed says its new key", async () => {
  const up = uploader(options({ prefix: "u/" }));
  store.objects.set("u/a.txt", there);
  store.objects.set("u/a (2).txt", there);
  const task = up.upload(fileOf("a.txt", 3), { ifNoneMatch: "*", onConflict: "rename" });
  const { key, location } = await task;
  assert.deepEqual([key, task.key, location], [
    "u/a (3).txt", "u/a (3).txt", "https://photos.s3.eu-west-1.amazonaws.com/u/a%20%283%29.txt",
  ]);
});

test("conflict: asked, it waits for the answer", async () => {
  const ends: [ConflictChoice, string, string][] = [["skip", "skipped", "a.txt"], ["rename", "done", "a (2).txt"], ["replace", "done", "a.txt"]];
  for (const [choice, state, key] of ends) {
    const up = uploader(options());
    store.objects.set("a.txt", there);
    const seen: UploaderEvent[] = [];
    up.listen((event) => seen.push(event));
    const task = up.upload(fileOf("a.txt", 3), { ifNoneMatch: "*", onConflict: "ask" });
    await until("it asks", () => task.state === "conflict");
    const conflict = seen.find(({ type }) => type === "conflict");
    assert.ok(conflict?.type === "conflict" && conflict.key === "a.txt" && conflict.error.status === 412);
    assert.throws(() => task.resolve("ask" as "skip"), TypeError);
    task.resolve(choice as "skip");
    assert.equal((await task).key, key);
    assert.equal(task.state, state);
    assert.equal(store.objects.get("a.txt") === there, choice !== "replace");
  }
});

test("conflict: words that are none are refused at once, and the nearest is named", () => {
  const up = uploader(options());
  const upload = (more: object): unknown => up.upload(fileOf("a", 1), more);
  assert.throws(() => upload({ onConflict: "renam" }), /"onConflict" must be one of .*; did you mean "rename"\?/);
  assert.throws(() => upload({ priority: "hihg" }), /did you mean "high"/);
  assert.throws(() => upload({ checksum: "CRC32D" }), /did you mean "CRC32/);
  assert.throws(() => upload({ checksum: { algorithm: "MD5", value: "x" } }), /"algorithm" must be one of/);
  assert.throws(() => upload({ checksum: { algorithm: "CRC32" } }), /needs both/);
  assert.throws(() => upload({ onconflict: "skip" }), /did you mean "onConflict"/);
});

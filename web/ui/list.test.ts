import assert from "node:assert/strict";
import { test } from "node:test";
import type { UploadTask, UploaderEvent } from "../core/api.js";
import { leaveMillis, UploadList } from "./list.js";
import { FakeUploader, type FakeTask } from "./testing.js";

interface Setup {
  uploader: FakeUploader;
  list: UploadList;
  clock: { now: number };
  events: UploaderEvent[];
  add(name: string): FakeTask;
  names(): string[];
}

function setup(): Setup {
  const uploader = new FakeUploader();
  const clock = { now: 0 };
  const events: UploaderEvent[] = [];
  const host = { now: () => clock.now, happened: (event: UploaderEvent) => void events.push(event), grew: () => {} };
  const list = new UploadList(uploader, host, () => 50);
  return {
    uploader, list, clock, events,
    add: (name) => list.add(new File(["1234"], name), { key: `u/${name}` }) as FakeTask,
    names: () => Array.from({ length: list.rows.length }, (_, i) => list.rows.at(i)?.name ?? ""),
  };
}

test("rows are in the order of their addition, also of those from before", () => {
  const uploader = new FakeUploader();
  uploader.upload(new File([], "before"));
  uploader.move(uploader.upload(new File([], "dropped")), "cancelled");
  const list = new UploadList(uploader, { now: () => 0, happened: () => {}, grew: () => {} }, () => 50);
  uploader.upload(new File([], "after"));
  assert.deepEqual([list.rows.at(0)?.name, list.rows.at(1)?.name, list.rows.length], ["before", "after", 2]);
});

test("a cancelled row leaves after 5 s, and not before", () => {
  const { list, clock, add, names } = setup();
  const [a, b, c] = [add("a"), add("b"), add("c")];
  b.cancel();
  clock.now = 1000;
  a.cancel();
  assert.equal(list.nextToLeave(), leaveMillis);
  assert.equal(list.due(leaveMillis - 1, undefined).size, 0);
  list.remove(list.due(leaveMillis, undefined));
  assert.deepEqual(names(), ["a", "c"]);
  list.remove(list.due(leaveMillis + 1000, undefined));
  assert.deepEqual(names(), ["c"]);
  assert.equal(list.nextToLeave(), undefined);
  assert.equal(list.rows.indexOf(c), 0);
});

test("a cancelled row that has the focus stays for another while", () => {
  const { list, add } = setup();
  const a = add("a");
  a.cancel();
  assert.equal(list.due(leaveMillis, a).size, 0);
  assert.equal(list.nextToLeave(), 2 * leaveMillis);
  assert.equal(list.due(2 * leaveMillis, undefined).size, 1);
});

test("undo uploads again, with the same options and in the same place", () => {
  const { uploader, list, add, names } = setup();
  add("a");
  const b = add("b");
  add("c");
  b.cancel();
  assert.equal(list.canUndo(b), true);
  list.undo(b);
  assert.deepEqual(names(), ["a", "b", "c"]);
  const again = uploader.all.at(-1);
  assert.notEqual(again, b);
  assert.equal(again?.file, b.file);
  assert.equal(again?.key, "u/b");
  assert.equal(list.rows.at(1), again);
  assert.equal(list.canUndo(b), false);
  list.undo(b);
  assert.equal(uploader.all.length, 4);
});

test("what the page added itself can not be undone here: its options are not known", () => {
  const { uploader, list } = setup();
  const task = uploader.upload(new File([], "a"), { metadata: { album: "x" } });
  task.cancel();
  assert.equal(list.canUndo(task), false);
});

test("cancel all takes the rows off that had not ended", () => {
  const { uploader, list, clock, add, names } = setup();
  const [a, b, c] = [add("a"), add("b"), add("c")];
  uploader.move(a, "done");
  uploader.fail(b, { code: "AccessDenied" });
  uploader.move(c, "paused");
  uploader.cancelAll();
  assert.deepEqual([a.state, b.state, c.state], ["done", "failed", "cancelled"]);
  assert.equal(list.canUndo(c), true);
  clock.now = leaveMillis;
  list.remove(list.due(leaveMillis, undefined));
  assert.deepEqual(names(), ["a", "b"]);
  assert.deepEqual(list.news.take(0), [["stored", 1], ["failed", 1], ["cancelled", 1]]);
});

test("files that are tried again do not count as failed", () => {
  const { uploader, list, add } = setup();
  const [a, b] = [add("a"), add("b")];
  for (const task of [a, b]) uploader.fail(task, { code: "CORSBlocked" });
  a.retry();
  assert.equal(list.failed.get("CORSBlocked"), 1);
  uploader.retryAll();
  assert.equal(list.failed.get("CORSBlocked"), 0);
  uploader.fail(a, { code: "Timeout" });
  assert.deepEqual([list.failed.get("CORSBlocked"), list.failed.get("Timeout")], [0, 1]);
});

test("a failed file is dropped with its row, so that nothing of it stays stored", () => {
  const { uploader, list, add } = setup();
  const a = add("a");
  uploader.fail(a, { code: "SlowDown" });
  list.remove(new Set<UploadTask>([a]));
  assert.equal(a.state, "cancelled");
  assert.deepEqual(list.news.take(0), [["failed", 1]]);
  assert.equal(list.nextToLeave(), undefined);
});

test("a throttled file has its time, until it goes on", () => {
  const { uploader, list, clock, add } = setup();
  const a = add("a");
  clock.now = 100;
  uploader.retryIn(a, 5000);
  assert.equal(list.retryAt(a), 5100);
  uploader.move(a, "uploading");
  assert.equal(list.retryAt(a), undefined);
});

test("heights are forgotten of all rows that were paused at once", () => {
  const { uploader, list, add } = setup();
  add("a");
  add("b");
  list.rows.setHeight(0, 80);
  list.rows.setHeight(1, 90);
  uploader.pauseAll();
  assert.equal(list.rows.height, 100);
});

test("a failed file counts until it is taken off the list", () => {
  const { uploader, list, add } = setup();
  const [a, b] = [add("a"), add("b")];
  uploader.move(a, "done");
  uploader.fail(b, { code: "CORSBlocked" });
  assert.equal(list.failed.get("CORSBlocked"), 1);
  assert.deepEqual([list.totals().listed, list.totals().files.failed, list.totals().size], [2, 1, 8]);
  list.remove(new Set<UploadTask>([b]));
  list.remove(new Set<UploadTask>([b]));
  assert.equal(list.failed.get("CORSBlocked"), 0);
  assert.deepEqual([list.totals().listed, list.totals().files.failed, list.totals().size], [1, 0, 4]);
});

test("a stored file still counts when its row is removed", () => {
  const { uploader, list, add } = setup();
  const a = add("a");
  uploader.move(a, "done");
  list.remove(new Set<UploadTask>([a]));
  assert.deepEqual([list.totals().listed, list.totals().files.done], [1, 1]);
});

test("asking for credentials ends with credentials, release or failure", () => {
  const { uploader, list, clock } = setup();
  const ends: UploaderEvent[] = [
    { type: "credentials", expiration: new Date(0) }, { type: "release" }, { type: "hold", reason: "refreshFailed" },
  ];
  for (const end of ends) {
    uploader.hold("expired");
    clock.now = 5;
    uploader.tell({ type: "refresh", reason: "expired" });
    uploader.tell({ type: "hold", reason: "expired" });
    assert.equal(list.refreshingSince, 5);
    uploader.tell(end);
    assert.equal(list.refreshingSince, undefined, end.type);
  }
});

test("who is asked to sign in keeps the button while it is tried again without them", () => {
  const { uploader, list } = setup();
  const refresh: UploaderEvent = { type: "refresh", reason: "expired" };
  uploader.tell(refresh);
  uploader.tell({ type: "hold", reason: "refreshFailed" });
  for (let i = 0; i < 3; i++) {
    uploader.tell(refresh);
    assert.equal(list.refreshingSince, undefined);
  }
  uploader.tell({ type: "credentials", expiration: new Date(0) });
  uploader.tell(refresh);
  assert.notEqual(list.refreshingSince, undefined);
});

test("a height that was seen is forgotten with the state it was seen in", () => {
  const uploader = new FakeUploader();
  const grown: [number, number][] = [];
  const host = { now: () => 0, happened: () => {}, grew: (index: number, pixels: number) => void grown.push([index, pixels]) };
  const list = new UploadList(uploader, host, () => 50);
  list.add(new File([], "a"), {});
  const b = list.add(new File([], "b"), {}) as FakeTask;
  list.rows.setHeight(1, 80);
  uploader.move(b, "done");
  assert.deepEqual(grown, [[1, -30]]);
  assert.equal(list.rows.height, 100);
});

test("a closed list listens no more", () => {
  const { uploader, list } = setup();
  list.close();
  assert.equal(uploader.listeners, 0);
  uploader.upload(new File([], "a"));
  assert.equal(list.rows.length, 0);
});

test("the rows within a window are those that it touches", () => {
  const { list, add } = setup();
  assert.deepEqual(list.rows.within(0, 100), { first: 0, last: -1 });
  for (let i = 0; i < 10; i++) add(`${i}`);
  assert.deepEqual(list.rows.within(0, 100), { first: 0, last: 2 });
  assert.deepEqual(list.rows.within(75, 100), { first: 1, last: 3 });
  assert.deepEqual(list.rows.within(9000, 100), { first: 9, last: 9 });
});

test("100,000 rows are added, measured and thinned out in no time to speak of", () => {
  const uploader = new FakeUploader();
  const list = new UploadList(uploader, { now: () => 0, happened: () => {}, grew: () => {} }, () => 50);
  const file = new File([], "a");
  const begun = performance.now();
  for (let i = 0; i < 100_000; i++) list.add(file, {});
  for (let i = 0; i < 100_000; i++) list.rows.setHeight(i, 40 + (i % 50));
  for (let i = 0; i < 100_000; i++) list.rows.within(i * 50, 800);
  list.remove(new Set<UploadTask>(uploader.all.filter((_, i) => i % 2 === 0)));
  assert.equal(list.rows.length, 50_000);
  const millis = performance.now() - begun;
  assert.ok(millis < 20_000, `${Math.round(millis)} ms`);
});

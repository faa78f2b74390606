import assert from "node:assert/strict";
import { test } from "node:test";
import { accepts } from "./accept.js";
import { Announcer, quietMillis, type News } from "./announcer.js";
import { chooseBanner, patienceMillis, type Situation } from "./banner.js";
import { cellsFor, partMap } from "./partmap.js";

test("accept names extensions, media types and kinds of them", () => {
  const jpeg = { name: "A.JPG", type: "image/jpeg" };
  const want: [string, boolean][] = [
    ["", true], [" , ", true], [".jpg", true], [".png", false], [".png, .jpg", true], ["image/*", true], ["video/*", false],
    ["image/jpeg", true], ["IMAGE/JPEG", true], ["image/jp", false],
  ];
  for (const [accept, taken] of want) assert.equal(accepts(accept, jpeg), taken, accept);
  assert.equal(accepts("text/plain", { name: "a", type: "text/plain;charset=utf-8" }), true);
  assert.equal(accepts("image/*", { name: "a.png", type: "" }), false);
});

const calm: Situation = {
  held: undefined, waiting: 0, refreshingFor: undefined, offline: false, conflicts: 0, failed: new Map(), warnings: [],
  skipped: [], unwanted: [],
};

const warning = {
  code: "ETagHidden", status: undefined, requestId: undefined, operation: undefined, part: undefined, doubt: false,
  hint: "Add it.", message: "",
};

test("nothing has no banner", () => {
  assert.equal(chooseBanner(calm), undefined);
  assert.equal(chooseBanner({ ...calm, failed: new Map([["AccessDenied", 3]]) }), undefined);
  assert.equal(chooseBanner({ ...calm, failed: new Map([["CORSBlocked", 0]]) }), undefined);
});

test("the most urgent banner wins", () => {
  let all: Situation = {
    held: "refreshFailed", waiting: 2, refreshingFor: undefined, offline: true, conflicts: 3,
    failed: new Map([["CORSBlocked", 1], ["Offline", 2], ["Timeout", 3]]), warnings: [warning], skipped: ["a"], unwanted: ["b"],
  };
  assert.deepEqual(chooseBanner(all), { kind: "offline", files: 2 });
  all = { ...all, offline: false };
  assert.deepEqual(chooseBanner(all), { kind: "signIn", reason: "refreshFailed", files: 2 });
  all = { ...all, held: undefined };
  assert.deepEqual(chooseBanner(all), { kind: "cors", files: 1 });
  all = { ...all, failed: new Map([["Offline", 2], ["Timeout", 3]]) };
  assert.deepEqual(chooseBanner(all), { kind: "unreachable", files: 5 });
  all = { ...all, failed: new Map() };
  assert.deepEqual(chooseBanner(all), { kind: "conflict", files: 3 });
  all = { ...all, conflicts: 0 };
  assert.deepEqual(chooseBanner(all), { kind: "warning", code: "ETagHidden", hint: "Add it." });
  all = { ...all, warnings: [] };
  assert.deepEqual(chooseBanner(all), { kind: "skipped", names: ["a"] });
  all = { ...all, skipped: [] };
  assert.deepEqual(chooseBanner(all), { kind: "unwanted", names: ["b"] });
});

test("no network is nobody's concern while nothing waits for it", () => {
  assert.equal(chooseBanner({ ...calm, offline: true }), undefined);
});

test("held requests without files are nobody's concern", () => {
  assert.equal(chooseBanner({ ...calm, held: "absent" }), undefined);
});

test("new credentials that come soon need no banner, slow ones no button", () => {
  const held: Situation = { ...calm, held: "expired", waiting: 1, refreshingFor: 0 };
  assert.equal(chooseBanner(held), undefined);
  assert.equal(chooseBanner({ ...held, refreshingFor: patienceMillis - 1 }), undefined);
  assert.deepEqual(chooseBanner({ ...held, refreshingFor: patienceMillis }), { kind: "refreshing", files: 1 });
});

test("news is said at once, and then not before 5 s are over", () => {
  const announcer = new Announcer();
  assert.equal(announcer.wait(0), undefined);
  announcer.add("stored");
  assert.equal(announcer.wait(0), 0);
  assert.deepEqual(announcer.take(0), [["stored", 1]]);
  for (let i = 0; i < 50; i++) announcer.add("stored");
  announcer.add("failed", 2);
  assert.equal(announcer.wait(1000), quietMillis - 1000);
  assert.deepEqual(announcer.take(quietMillis - 1), []);
  assert.deepEqual(announcer.take(quietMillis), [["stored", 50], ["failed", 2]]);
  assert.equal(announcer.wait(quietMillis), undefined);
});

test("held and released in one breath are no news", () => {
  const say = (...news: News[]): unknown => {
    const announcer = new Announcer();
    for (const one of news) announcer.add(one);
    return announcer.take(Infinity);
  };
  assert.deepEqual(say("held", "released"), []);
  assert.deepEqual(say("held", "released", "held"), [["held", 1]]);
  assert.deepEqual(say("offline", "online"), []);
  assert.deepEqual(say("offline", "online", "offline"), [["offline", 1]]);
});

test("a part map has a box for each cell, in the order and the share of its part", () => {
  const map = partMap([
    { state: "stored", filled: 1 }, { state: "inFlight", filled: 0.5 }, { state: "held", filled: 0 }, { state: "empty", filled: 0 },
  ], 102);
  const at = (path: string): (string | undefined)[] => [...path.matchAll(/M([\d.]+) 0h([\d.]+)/g)].flatMap((m) => [m[1], m[2]]);
  // Four cells of 24 px, 2 px apart, their corners of 2 px not counted.
  assert.deepEqual(at(map.stored), ["2", "20"]);
  assert.deepEqual(at(map.inFlight), ["28", "20"]);
  assert.deepEqual(at(map.filled), ["28", "8"]);
  assert.deepEqual(at(map.held), ["54", "20"]);
  assert.deepEqual(at(map.empty), ["80", "20"]);
});

test("a part map has 60 cells at most, and fewer where there is no room", () => {
  assert.deepEqual([10_000, 300, 150, 20, 0].map(cellsFor), [60, 60, 30, 4, 1]);
});

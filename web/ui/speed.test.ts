import assert from "node:assert/strict";
import { test } from "node:test";
import { Speed } from "./speed.js";

test("there is no speed before a second has passed", () => {
  const speed = new Speed();
  assert.equal(speed.rate(0), undefined);
  speed.add(0, 0);
  speed.add(999, 5000);
  assert.equal(speed.rate(999), undefined);
  assert.equal(speed.rate(1000), 5000);
});

test("the speed is the mean over the last 5 s", () => {
  const speed = new Speed();
  for (let at = 0; at <= 20_000; at += 250) speed.add(at, at < 10_000 ? at * 10 : 100_000 + (at - 10_000));
  assert.equal(speed.rate(20_000), 1000); // 10 kB/s at first is forgotten
});

test("one burst does not make the speed jump", () => {
  const speed = new Speed();
  for (let at = 0; at <= 10_000; at += 100) speed.add(at, at);
  const before = speed.rate(10_000) ?? 0;
  speed.add(10_050, 10_000 + 500); // ten times as fast for 50 ms
  const after = speed.rate(10_050) ?? 0;
  assert.ok(after > before && after < before * 1.11, `${before} became ${after}`);
});

test("a speed fades when nothing moves any more", () => {
  const speed = new Speed();
  for (let at = 0; at <= 5000; at += 1000) speed.add(at, at * 100);
  const rates = [5000, 7500, 9000].map((at) => speed.rate(at) ?? 0);
  assert.deepEqual(rates.map(Math.round), [100_000, 66_667, 55_556]);
  for (let at = 6000; at <= 11_000; at += 1000) speed.add(at, 500_000);
  assert.equal(speed.rate(11_000), 0);
});

test("a counter that falls is no negative speed", () => {
  const speed = new Speed();
  speed.add(0, 1000);
  speed.add(1000, 2000);
  speed.add(1500, 500); // a file of 1,500 bytes was dropped
  assert.equal(speed.rate(2000), 500);
});

test("it keeps few samples, however often the counter moves", () => {
  const speed = new Speed();
  let bytes = 0;
  for (let at = 0; at < 60_000; at += 1) speed.add(at, (bytes += 10));
  assert.equal(Math.round(speed.rate(59_999) ?? 0), 10_000);
});

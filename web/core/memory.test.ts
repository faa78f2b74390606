import assert from "node:assert/strict";
import { test } from "node:test";
import { frame, int64s } from "./frame.js";
import { startEngine } from "./module.js";
import { Event, Query } from "./protocol.js";
import { options } from "./testing.js";

/** How many bytes of memory have been written to, by pages of 4 KiB: what the machine has to provide. */
function written(memory: WebAssembly.Memory): number {
  const words = new BigUint64Array(memory.buffer);
  let pages = 0;
  for (let page = 0; page < words.length; page += 512) {
    if (words.subarray(page, page + 512).some((word) => word !== 0n)) pages++;
  }
  return 4096 * pages;
}

test("memory: a million queued files take at most 32 bytes each", (t) => {
  const engine = startEngine(options().wasm as WebAssembly.Module);
  assert.equal(engine.open(frame(0, { fields: [["bucket", "photos"], ["region", "eu-west-1"]] })), undefined);
  const batch = Array.from({ length: 10_000 }, (_, i) => 1 + i);
  const add = (): void => {
    assert.equal(engine.step(frame(Event.now, { x: 1, y: 1 }), [frame(Event.added, { body: int64s(batch) })]).refused.size, 0);
  };
  add(); // brings with it what is there once
  const { memory } = engine.instance.exports;
  const [before, given] = [written(memory), memory.buffer.byteLength];
  for (let n = 0; n < 100; n++) add();
  const files = 1e6;
  assert.equal(engine.ask(frame(Query.totals)).x, 101 * batch.reduce((sum, size) => sum + size, 0));
  const each = (written(memory) - before) / files;
  t.diagnostic(`${each.toFixed(1)} bytes a file, of ${((memory.buffer.byteLength - given) / files).toFixed(1)} that the module took`);
  assert.ok(each <= 32, `${each} bytes a file`);
});

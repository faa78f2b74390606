import assert from "node:assert/strict";
import { test } from "node:test";
import { fileOf, options, store, uploader } from "./testing.js";

/** Counts how often a file is read and cut, which a browser answers each time. */
function counted(file: File): { file: File; reads: () => number; cuts: () => number } {
  let [reads, cuts] = [0, 0];
  const { arrayBuffer, slice } = Blob.prototype;
  file.arrayBuffer = () => (reads++, arrayBuffer.call(file));
  file.slice = (...args) => (cuts++, slice.apply(file, args));
  return { file, reads: () => reads, cuts: () => cuts };
}

for (const [way, more] of [["PutObject", {}], ["a form", { formBelow: 1 << 20 }]] as const) {
  test(`small: a file is read once and never cut, as ${way}`, async () => {
    const up = uploader(options(more));
    for (const size of [1, 64 << 10]) {
      const small = counted(fileOf(`of${size}`, size));
      const { checksum } = await up.upload(small.file);
      assert.ok(checksum, "it has a checksum");
      assert.deepEqual([small.reads(), small.cuts()], [1, 0], `${size} bytes`);
    }
    const larger = counted(fileOf("larger", (64 << 10) + 1));
    await up.upload(larger.file);
    assert.equal(larger.reads(), 0, "a larger file is never read whole");
  });
}

test("small: a file that has another length by now is not sent", async () => {
  const up = uploader(options());
  const file = fileOf("grown", 100);
  file.arrayBuffer = () => Promise.resolve(new ArrayBuffer(101));
  await assert.rejects(async () => void (await up.upload(file)), { code: "SourceUnreadable" });
  assert.equal(store.requests.length, 0);
});

test("small: a file that could not be read is read again by a retry", async () => {
  const up = uploader(options());
  const file = fileOf("back", 100);
  const { arrayBuffer } = Blob.prototype;
  file.arrayBuffer = () => Promise.reject(new DOMException("gone", "NotReadableError"));
  const task = up.upload(file);
  await assert.rejects(async () => void (await task), { code: "SourceUnreadable" });
  file.arrayBuffer = () => arrayBuffer.call(file);
  task.retry();
  assert.equal((await task).size, 100);
});

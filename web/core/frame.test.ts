import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeFrames, encodeFrame, type Frame } from "./frame.js";

interface Golden extends Omit<Frame, "body"> {
  name: string;
  body: string | null;
  bytes: string;
}

const golden = JSON.parse(readFileSync("wire/testdata/frames.json", "utf8")) as Golden[];

function frameOf({ name: _, bytes: __, body, ...rest }: Golden): Frame {
  return { ...rest, body: body === null ? undefined : Uint8Array.from(Buffer.from(body, "hex")) };
}

for (const g of golden) {
  test(`frame: ${g.name}: the bytes are Go's`, () => {
    assert.equal(Buffer.from(encodeFrame(frameOf(g))).toString("hex"), g.bytes);
  });
  test(`frame: ${g.name}: Go's bytes are read`, () => {
    assert.deepEqual(decodeFrames(Uint8Array.from(Buffer.from(g.bytes, "hex"))), [frameOf(g)]);
  });
}

test("frame: several in a row come back in order", () => {
  const frames = golden.map(frameOf);
  assert.deepEqual(decodeFrames(Uint8Array.from(frames.flatMap((f) => [...encodeFrame(f)]))), frames);
});

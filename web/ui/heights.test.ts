import assert from "node:assert/strict";
import { test } from "node:test";
import { Heights } from "./heights.js";

/** A small generator of numbers, the same in every run (mulberry32). */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function sum(heights: readonly number[]): number {
  return heights.reduce((a, b) => a + b, 0);
}

test("sums and rows agree with a plain list, whatever is done", () => {
  const next = random(7);
  const heights = new Heights();
  let plain: number[] = [];
  for (let i = 0; i < 5000; i++) {
    const height = Math.floor(next() * 120);
    const what = next();
    if (what < 0.6) {
      heights.push(height);
      plain.push(height);
    } else if (what < 0.999) {
      const row = Math.floor(next() * plain.length);
      assert.equal(heights.set(row, height), plain.length === 0 ? 0 : height - (plain[row] ?? 0));
      if (row < plain.length) plain[row] = height;
    } else {
      heights.clear();
      plain = [];
    }
    if (i % 50 !== 0) continue;
    assert.equal(heights.length, plain.length);
    assert.equal(heights.total, sum(plain));
    const row = Math.floor(next() * (plain.length + 1));
    assert.equal(heights.offset(row), sum(plain.slice(0, row)));
    const offset = next() * sum(plain);
    const found = heights.rowAt(offset);
    if (plain.length > 0) {
      assert.ok(sum(plain.slice(0, found)) <= offset, `row ${found} begins after ${offset}`);
      assert.ok(sum(plain.slice(0, found + 1)) > offset || found === plain.length - 1, `row ${found} ends before ${offset}`);
    }
  }
});

test("an offset outside the list is its first or last row", () => {
  const heights = new Heights();
  assert.equal(heights.rowAt(10), 0);
  for (let i = 0; i < 3; i++) heights.push(10);
  assert.equal(heights.rowAt(-5), 0);
  assert.equal(heights.rowAt(10), 1);
  assert.equal(heights.rowAt(29.9), 2);
  assert.equal(heights.rowAt(1e9), 2);
});

test("a row outside the list has no height and cannot be set", () => {
  const heights = new Heights();
  heights.push(10);
  assert.equal(heights.at(1), 0);
  assert.equal(heights.set(1, 5), 0);
  assert.equal(heights.total, 10);
});

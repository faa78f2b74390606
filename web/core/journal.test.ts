import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryJournal } from "./journal.js";
import { channelLocks } from "./locks.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (record: Uint8Array | undefined): string | undefined => record && new TextDecoder().decode(record);

test("memoryJournal: keeps what is saved and appended, in order, by name", async () => {
  const journal = memoryJournal();
  assert.deepEqual(await journal.load("a"), {});
  await Promise.all([
    journal.save("a", bytes("old")), journal.append("a", bytes("er")), journal.save("a", bytes("one ")),
    journal.append("a", bytes("two ")), journal.append("a", bytes("three")),
  ]);
  assert.deepEqual(await journal.load("b"), {});
  await journal.save("b", bytes(""));
  assert.equal(text(await journal.read("a")), "one two three");
  assert.deepEqual((await journal.list()).sort(), ["a", "b"]);
  journal.unlock("a");
  journal.unlock("b");
  const again = await journal.load("a");
  assert.equal(again !== "locked" && text(again.record), "one two three");
  assert.deepEqual(await journal.load("b"), { record: new Uint8Array(0) });
  await journal.forget("a");
  assert.deepEqual(await journal.list(), ["b"]);
  assert.deepEqual(await journal.load("a"), {});
});

test("memoryJournal: bytes are taken when asked, whatever becomes of them", async () => {
  const journal = memoryJournal();
  await journal.load("a");
  const buffer = bytes("one");
  const saved = journal.save("a", buffer);
  buffer.fill(0);
  await saved;
  const read = await journal.read("a");
  read?.fill(0);
  assert.equal(text(await journal.read("a")), "one");
});

test("memoryJournal: a name is open once", async () => {
  const journal = memoryJournal();
  assert.deepEqual(await Promise.all([journal.load("a"), journal.load("a"), journal.load("b")]), [{}, "locked", {}]);
  journal.unlock("a");
  assert.deepEqual(await journal.load("a"), {});
  await journal.forget("a");
  assert.deepEqual(await journal.load("a"), {});
});

test("memoryJournal: what is not open, or was never saved, is not written", async () => {
  const journal = memoryJournal();
  const failed = { code: "StorageFailed" };
  await assert.rejects(journal.save("a", bytes("x")), failed);
  await assert.rejects(journal.append("a", bytes("x")), failed);
  await assert.rejects(journal.forget("a"), failed);
  await assert.rejects(journal.setAside("a"), failed);
  await journal.load("a");
  await assert.rejects(journal.append("a", bytes("x")), failed);
  await journal.save("a", bytes("x"));
  await journal.setAside("a");
  assert.equal(await journal.read("a"), undefined);
  await assert.rejects(journal.append("a", bytes("x")), failed);
  assert.deepEqual(await journal.list(), []);
  await journal.save("a", bytes("y"));
  assert.equal(text(await journal.read("a")), "y");
});

test("channelLocks: one of many has a name, and another once it is given up", async () => {
  const tabs = Array.from({ length: 5 }, () => channelLocks("test"));
  try {
    const first = await Promise.all(tabs.map((tab) => tab.take("a")));
    assert.equal(first.filter((taken) => taken).length, 1, String(first));
    const holder = first.indexOf(true);
    assert.deepEqual(await Promise.all(tabs.map((tab) => tab.take("a"))), tabs.map(() => false));
    assert.equal(await tabs[(holder + 1) % 5]?.take("b"), true);
    tabs[holder]?.release("a");
    assert.equal(await tabs[(holder + 2) % 5]?.take("a"), true);
    tabs[(holder + 2) % 5]?.close();
    assert.equal(await tabs[holder]?.take("a"), true);
  } finally {
    for (const tab of tabs) tab.close();
  }
});

test("channelLocks: of two that ask one after the other, while neither has it, one has it", async () => {
  for (const delay of [0, 100, 200, 300]) {
    const [one, two] = [channelLocks(`test ${delay}`), channelLocks(`test ${delay}`)];
    const first = one.take("a");
    await new Promise((resolve) => setTimeout(resolve, delay));
    const both = [await two.take("a"), await first];
    assert.equal(both.filter((taken) => taken).length, 1, `${delay} ms: ${both}`);
    one.close();
    two.close();
  }
});

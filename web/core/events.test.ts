import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { events } from "./events.js";
import { decodeFrames, encodeFrame, type Frame } from "./frame.js";
import { Cause } from "./transport.js";

interface Golden extends Omit<Frame, "body"> {
  name: string;
  body: string | null;
  bytes: string;
}

const golden = (file: string): Golden[] => JSON.parse(readFileSync(`wire/testdata/${file}.json`, "utf8")) as Golden[];
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

/** What this side says of each event of wire/testdata/events.json; a Go test holds the engine's side to the same. */
const said: Record<string, Frame> = {
  "added": events.added([5, 0, -1], "high"),
  "described": events.described(
    7, [["key", "u/a.mov"], ["metadata.source.name", "x"], ["ifNoneMatch", "*"]],
    { name: "a/a.mov", size: 2 ** 40, modified: 1_700_000_000_123, print: "00112233445566ff" }, "rename",
  ),
  "undescribed": events.undescribed(7, Cause.refused),
  "sent": events.sent(3, 2 ** 33),
  "answered": events.answered(
    3, { kind: "answered", status: 200, headers: [["etag", '"e"']], body: new TextEncoder().encode("<xml/>") }, bytesOf("01020304"),
  ),
  "answered, no digest": events.answered(3, { kind: "answered", status: 503, headers: [], body: new TextEncoder().encode("<xml/>") }),
  "broke": events.broke(3, Cause.unreachable),
  "refreshFailed": events.plain("refreshFailed"),
  "expire": events.plain("expire"),
  "cancel": events.of("cancel", 7),
  "tick": events.plain("tick"),
  "hashed": events.hashed(3, bytesOf("09080706")),
  "signed": events.signed(3, bytesOf("09080706")),
  "signed, no signature": events.signed(3, undefined),
  "loaded": events.loaded(7, bytesOf("8942")),
  "loaded, nothing there": events.loaded(7, undefined),
  "loaded, locked": events.loaded(7, undefined, Cause.locked),
  "saved": events.saved(7, Cause.storage),
  "pause": events.of("pause", 7),
  "resume": events.of("resume", 7),
  "retry": events.of("retry", 7),
  "prioritize": events.prioritize(7, "low"),
  "pauseAll": events.ofAll("pauseAll"),
  "resumeAll": events.ofAll("resumeAll"),
  "retryAll": events.ofAll("retryAll"),
  "cancelAll": events.ofAll("cancelAll"),
  "offline": events.plain("offline"),
  "online": events.plain("online"),
  "resolve": events.resolve(7, "replace"),
  "sweep": events.sweep("u/42/", 1_700_000_000_123, ["U1", "U2"]),
  "abandon": events.abandon("00ff", bytesOf("8942")),
};

test("events: every event's bytes are those that the engine reads", () => {
  for (const { name, bytes } of golden("events")) {
    if (name === "read" || name === "clock") continue; // not made here
    const frame = said[name];
    assert.ok(frame, `nothing is said of ${name}`);
    assert.equal(Buffer.from(encodeFrame(frame)).toString("hex"), bytes, name);
  }
});

test("events: every action's bytes are read as the engine means them", () => {
  for (const { name, bytes, body, ...rest } of golden("actions")) {
    assert.deepEqual(decodeFrames(bytesOf(bytes)), [{ ...rest, body: body === null ? undefined : bytesOf(body) }], name);
  }
});

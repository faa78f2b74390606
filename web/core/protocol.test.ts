import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { uploaderShape } from "./config.js";
import { describe } from "./describe.js";
import { hints } from "./error.js";
import { maxFrameBytes, stepBytes } from "./module.js";
import {
  Action, Algorithm, cellStates, conflicts, Event, isEnded, maxConnections, maxFiles, maxSinglePut, noFile, priorities, Query, reasons, states,
} from "./protocol.js";
import { Cause, maxAnswerBytes } from "./transport.js";

const names = JSON.parse(readFileSync("wire/testdata/names.json", "utf8")) as Record<string, unknown>;

test("protocol: the numbers are the engine's", () => {
  assert.deepEqual({ ...Event }, names["events"]);
  assert.deepEqual({ ...Action }, names["actions"]);
  assert.deepEqual({ ...Query }, names["queries"]);
  assert.deepEqual({ ...Cause }, names["causes"]);
  assert.deepEqual({ ...Algorithm }, names["algorithms"]);
  assert.deepEqual([...states], names["states"]);
  assert.deepEqual([...priorities], names["priorities"]);
  assert.deepEqual([...conflicts], names["conflicts"]);
  assert.deepEqual([...reasons], names["reasons"]);
  assert.deepEqual([...cellStates], names["cellStates"]);
});

test("protocol: the limits are the engine's", () => {
  const { maxDigests: _, ...limits } = names["limits"] as Record<string, number>;
  assert.deepEqual({ maxFiles, maxConnections, maxSinglePut, noFile, maxFrameBytes, maxAnswerBytes, stepBytes }, limits);
});

test("protocol: the states from done on are final", () => {
  assert.deepEqual(states.filter(isEnded), states.slice(states.indexOf("done")));
});

test("protocol: the options that cross are those that the engine takes", () => {
  const crossing = (shape: Readonly<Record<string, string>>): string[] =>
    Object.keys(shape).filter((name) => !["other", "function", "signal"].includes(shape[name] ?? ""));
  assert.deepEqual(crossing(uploaderShape).sort(), Object.keys(names["configOptions"] as object).sort());
  const object = Object.keys(names["objectOptions"] as object).filter((n) => n !== "key" && !n.startsWith("checksum"));
  assert.deepEqual(crossing(describe.shape).sort(), object.map((n) => n.split(".")[0]).sort());
});

test("error: every code of the engine has a hint", () => {
  for (const code of names["codes"] as string[]) assert.ok(hints[code], `no hint for ${code}`);
});

test("error: every hint is a sentence that says what to do", () => {
  for (const [code, hint] of Object.entries(hints)) {
    assert.match(hint, /^[A-Z].*\.$/, code);
    assert.doesNotMatch(hint, /!|—/, code);
  }
});

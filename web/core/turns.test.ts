import assert from "node:assert/strict";
import { test } from "node:test";
import { Alarm } from "./alarm.js";
import type { Facts } from "./error.js";
import { events } from "./events.js";
import { frame, int64, type Frame } from "./frame.js";
import type { Engine, Step } from "./module.js";
import { Action, Event } from "./protocol.js";
import { later } from "./testing.js";
import { Turns, type TurnHost } from "./turns.js";

interface Stage {
  turns: Turns;
  /** What the engine was told, a list for each step. */
  told: Frame[][];
  /** What was carried out, and what else the host heard. */
  heard: string[];
  /** What the next steps answer. */
  answers: Partial<Step>[];
}

function stage(more: Partial<TurnHost> = {}): Stage {
  const told: Frame[][] = [];
  const heard: string[] = [];
  const answers: Partial<Step>[] = [];
  const turns = new Turns({
    act: (action) => void heard.push(`act ${action.kind}`),
    refused: (event, why) => void heard.push(`refused ${event?.kind} ${why.code}`),
    progressed: () => void heard.push("progressed"),
    wake: (at) => void (at !== undefined && heard.push(`wake ${at}`)),
    broke: (why: Facts) => void heard.push(`broke ${why.code}`),
    ...more,
  });
  const engine = {
    step: (_now: Frame, list: readonly Frame[]): Step => {
      told.push([...list]);
      return { actions: [], refused: new Map(), wake: undefined, ...answers.shift() };
    },
  } as unknown as Engine;
  turns.begin(engine, []);
  told.length = 0;
  return { turns, told, heard, answers };
}

const asked = (kind: number): Frame => frame(kind);

test("turns: many calls are one turn, files come first, then bytes, then the rest in order", async () => {
  const { turns, told } = stage();
  turns.push(events.of("cancel", 0));
  for (const [size, priority] of [[1, "normal"], [2, "normal"], [3, "high"], [4, "normal"]] as const) turns.add(size, priority);
  turns.push(events.plain("tick"));
  turns.sent(9, 100);
  assert.deepEqual(turns.pending, { files: 4, size: 10 });
  await later(0);
  assert.equal(told.length, 1);
  const [step = []] = told;
  assert.deepEqual(step.map(({ kind }) => kind), [Event.added, Event.added, Event.added, Event.sent, Event.cancel, Event.tick]);
  assert.deepEqual(step.slice(0, 3).map(({ a, body }) => [a, int64(body, 0), (body?.length ?? 0) / 8]), [[0, 1, 2], [1, 3, 1], [0, 4, 1]]);
  assert.deepEqual(turns.pending, { files: 0, size: 0 });
});

test("turns: very many files are told in bounded events", async () => {
  const { turns, told } = stage();
  for (let i = 0; i < 40_000; i++) turns.add(i, "normal");
  await later(0);
  assert.deepEqual(told[0]?.map(({ body }) => (body?.length ?? 0) / 8), [16_384, 16_384, 7232]);
});

test("turns: actions are carried out in order, also those that come meanwhile, and those after one that fails", async () => {
  const done: number[] = [];
  const failures: unknown[] = [];
  Object.assign(globalThis, { reportError: (error: unknown) => void failures.push(error) });
  let inside: (() => void) | undefined;
  const { turns, answers } = stage({
    act: ({ kind }) => {
      done.push(kind);
      inside?.();
      inside = undefined;
      if (kind === Action.send) throw new Error("oops");
    },
  });
  answers.push({ actions: [asked(Action.send), asked(Action.describe), asked(Action.refresh)] }, { actions: [asked(Action.hash), asked(Action.refresh)] });
  inside = () => {
    turns.tell(events.plain("expire"));
    turns.act(); // it is acting already
    turns.drop(Action.refresh);
  };
  turns.turn();
  assert.deepEqual(done, [Action.send, Action.describe, Action.hash]);
  assert.equal(failures.length, 1);
  Reflect.deleteProperty(globalThis, "reportError");
});

test("turns: a refusal comes back to who told, and others go to the host", () => {
  const { turns, answers, heard } = stage();
  const no = (code: string): Frame => frame(Action.refused, { fields: [["code", code]] });
  answers.push({ refused: new Map([[0, no("First")], [1, no("Last")]]), wake: 5 });
  turns.push(events.of("pause", 3));
  assert.equal(turns.tell(events.plain("expire"))?.code, "Last");
  assert.deepEqual(heard, ["wake 5", `refused ${Event.pause} First`]);
});

test("turns: an engine that stops is told once, and asked no more", async () => {
  const { turns, told, heard, answers } = stage();
  answers.push({ get actions(): Frame[] { throw new WebAssembly.RuntimeError("unreachable"); } });
  assert.equal(turns.tell(events.plain("tick"))?.code, "EngineStopped");
  turns.push(events.plain("tick"));
  turns.turn();
  await later(0);
  assert.equal(told.length, 1);
  assert.deepEqual(heard, ["broke EngineStopped"]);
  assert.equal(turns.ask(frame(1)), undefined);
  assert.equal(turns.tell(events.plain("tick"))?.code, "EngineStopped");
});

test("alarm: rings when it was last set, once, and not when it was unset", async () => {
  let rang = 0;
  const alarm = new Alarm(() => rang++, () => undefined);
  alarm.set(performance.now() + 5);
  alarm.set(performance.now() + 20);
  await later(10);
  assert.equal(rang, 0);
  await later(40);
  assert.equal(rang, 1);
  alarm.set(performance.now() + 5);
  alarm.set(undefined);
  await later(20);
  assert.equal(rang, 1);
  alarm.set(performance.now() - 1000);
  await later(10);
  assert.equal(rang, 2);
  alarm.set(2 ** 50); // longer than a timer can be
  await later(10);
  assert.equal(rang, 2);
  alarm.set(undefined);
});

test("alarm: of a page that nobody sees is kept by the worker, too", async () => {
  let rang = 0;
  const helped: { millis: number; woken: () => void }[] = [];
  let stopped = 0;
  const alarm = new Alarm(() => rang++, (millis, woken) => {
    helped.push({ millis, woken });
    return () => stopped++;
  });
  const page = { hidden: false };
  Object.assign(globalThis, { document: page });
  const at = performance.now() + 60_000;
  alarm.set(at);
  assert.equal(helped.length, 0);
  page.hidden = true;
  alarm.again();
  assert.equal(helped.length, 1);
  assert.ok(Math.abs((helped[0]?.millis ?? 0) - 60_000) < 100);
  helped[0]?.woken();
  assert.deepEqual([rang, stopped], [1, 1]);
  alarm.set(at);
  alarm.set(undefined);
  assert.equal(stopped, 2);
  Reflect.deleteProperty(globalThis, "document");
});

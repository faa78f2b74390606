import assert from "node:assert/strict";
import { test } from "node:test";
import { clock } from "./clock.js";
import { events } from "./events.js";
import type { Frame } from "./frame.js";
import type { Engine, Step } from "./module.js";
import { Event } from "./protocol.js";
import { Turns } from "./turns.js";

const day = 86_400_000;
const noon = Date.parse("2026-11-25T12:00:00Z");
const truth = new Date(noon).toUTCString();

/** Runs work at noon on a computer whose clock is off by so much, and forgets what was learned: the clock is one for all. */
function onComputer(off: number, work: () => void): void {
  const { now } = Date;
  Date.now = () => noon + off;
  try {
    work();
  } finally {
    clock.learn(new Date(noon + off).toUTCString());
    Date.now = now;
  }
}

test("clock: it goes by those who gave credentials, whether ours is ahead or behind", () => {
  for (const off of [day, -day, 20 * 60_000, -20 * 60_000, 30_000, -30_000]) {
    onComputer(off, () => {
      clock.learn(truth);
      assert.equal(clock.skew, -off);
      assert.equal(clock.now(), noon);
    });
  }
});

test("clock: a little, or what is no date, changes nothing", () => {
  onComputer(29_999, () => {
    for (const date of [truth, null, "", "soon", "Thu, 01 Jan 1970 00:00:00 GMT"]) {
      clock.learn(date);
      assert.equal(clock.skew, 0, String(date));
    }
  });
});

test("clock: one that is set right under way is believed again", () => {
  onComputer(day, () => {
    clock.learn(truth);
    assert.equal(clock.skew, -day);
  });
  onComputer(0, () => {
    clock.learn(truth);
    assert.equal(clock.skew, 0);
  });
});

test("clock: the engine is told before anything else of the turn, and once", () => onComputer(day, () => {
  const told: (readonly Frame[])[] = [];
  const turns = (more: object): Turns => {
    const made = new Turns({ act: () => {}, refused: () => {}, progressed: () => {}, wake: () => {}, broke: () => {}, ...more });
    made.begin({ step: (_: Frame, list: readonly Frame[]): Step => {
      told.push([...list]);
      return { actions: [], refused: new Map(), wake: undefined };
    } } as unknown as Engine, []);
    return made;
  };
  const ours = turns({});
  const another = turns({ wall: () => 0 }); // whose driver has a clock of its own
  told.length = 0;
  clock.learn(truth);
  ours.tell(events.plain("tick"));
  ours.tell(events.plain("tick"));
  another.tell(events.plain("tick"));
  assert.deepEqual(told.map((list) => list.map(({ kind }) => kind)), [[Event.clock, Event.tick], [Event.tick], [Event.tick]]);
  assert.equal(told[0]?.[0]?.y, noon);
}));

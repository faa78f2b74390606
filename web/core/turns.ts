/**
 * Takes turns with the engine: gives it what has happened since the last turn,
 * and has what it asks for carried out, in order, one turn for many calls.
 */
import type { Priority } from "./api.js";
import { clock } from "./clock.js";
import type { Facts } from "./error.js";
import { events } from "./events.js";
import { frame, type Frame } from "./frame.js";
import type { Engine } from "./module.js";
import { Event, refusal } from "./protocol.js";

/** Who carries out what the engine asks for. */
export interface TurnHost {
  act(action: Frame): void;
  /** The engine did not take an event, which is its driver's mistake. */
  refused(event: Frame | undefined, why: Facts): void;
  /** Bytes that were sent have been counted. */
  progressed(): void;
  /** The engine wants the event tick at that reading of performance.now(), or not at all. */
  wake(at: number | undefined): void;
  /** There will be no engine, or is none any more. */
  broke(why: Facts): void;
  /** The clock on the wall, in milliseconds since 1970, where it is not this machine's. */
  wall?(): number;
}

/** Files told to the engine by one event. */
const maxAdded = 1 << 14;

/** The kind of no action. */
const nothing = 0;

/** How often bytes sent are reported to the engine, in milliseconds. */
const progressMillis = 50;

/** Files of one priority that the engine does not know yet. */
interface Added {
  readonly priority: Priority;
  readonly sizes: number[];
}

export class Turns {
  readonly #host: TurnHost;
  #engine: Engine | undefined;
  #broken: Facts | undefined;
  #added: Added[] = [];
  /** How many files, and bytes, those are. */
  #pending = { files: 0, size: 0 };
  #events: Frame[] = [];
  #sent = new Map<number, number>();
  #actions: Frame[] = [];
  /** What is being carried out. */
  #batch: Frame[] = [];
  #acting = false;
  #scheduled = false;
  /** Of the clock, as the engine was told it; what the store teaches it besides is its own. */
  #skew = 0;
  #progressTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: TurnHost) {
    this.#host = host;
  }

  /** The engine is there. First is what it is told before anything else that happened since. */
  begin(engine: Engine, first: readonly Frame[]): void {
    this.#engine = engine;
    this.#events.unshift(...first);
    this.turn();
  }

  /** There is no engine, or no longer one: nothing goes on. */
  break(why: Facts): void {
    this.#broken ??= why;
    this.#host.wake(undefined);
    this.#host.broke(this.#broken);
  }

  /** Why there is no engine, and will be none. */
  get broken(): Facts | undefined {
    return this.#broken;
  }

  /** The engine is there and runs. */
  get running(): boolean {
    return this.#engine !== undefined && !this.#broken;
  }

  /** Files that the engine does not know yet, and their bytes. */
  get pending(): Readonly<{ files: number; size: number }> {
    return this.#pending;
  }

  /** A file gets the next number, in order. */
  add(size: number, priority: Priority): void {
    let last = this.#added.at(-1);
    if (!last || last.priority !== priority || last.sizes.length === maxAdded) {
      last = { priority, sizes: [] };
      this.#added.push(last);
    }
    last.sizes.push(size);
    this.#pending.files++;
    this.#pending.size += size;
    this.schedule();
  }

  /** Something has happened; it is told with the next turn. */
  push(event: Frame): void {
    this.#events.push(event);
    this.schedule();
  }

  /** Something has happened that nothing waits for; it is told with the next turn, or a while later. */
  later(event: Frame): void {
    this.#events.push(event);
    this.#soon();
  }

  /** Bytes sent, kept for a while, since some browsers report every 8 KiB. */
  sent(request: number, bytes: number): void {
    this.#sent.set(request, bytes);
    this.#soon();
  }

  #soon(): void {
    this.#progressTimer ??= setTimeout(() => {
      this.#progressTimer = undefined;
      this.turn();
    }, progressMillis);
  }

  ask(query: Frame): Frame | undefined {
    return this.#broken ? undefined : this.#engine?.ask(query);
  }

  /** Plans a turn for when the page's own script has finished. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.turn();
    });
  }

  turn(): void {
    if (!this.running) return;
    this.#step();
    this.act();
  }

  /** Tells the engine event now, after all that has happened; returns what is wrong with it. Then call act. */
  tell(event: Frame): Facts | undefined {
    return this.running ? this.#step(event) : this.#broken;
  }

  /** Forgets actions of kind that are not carried out yet. */
  drop(kind: number): void {
    for (const action of [...this.#batch, ...this.#actions]) if (action.kind === kind) action.kind = nothing;
  }

  /** Carries out what was asked for, in order, also what comes while it does so. */
  act(): void {
    if (this.#acting) return;
    this.#acting = true;
    while (this.#actions.length > 0) {
      this.#batch = this.#actions;
      this.#actions = [];
      for (const action of this.#batch) {
        try {
          if (action.kind !== nothing) this.#host.act(action);
        } catch (error) {
          reportError(error); // the others have to be carried out all the same
        }
      }
    }
    this.#batch = [];
    this.#acting = false;
  }

  #step(last?: Frame): Facts | undefined {
    const engine = this.#engine;
    if (!engine) return this.#broken;
    const told: Frame[] = this.#added.map(({ sizes, priority }) => events.added(sizes, priority));
    for (const [request, bytes] of this.#sent) told.push(events.sent(request, bytes));
    for (const event of this.#events) told.push(event);
    if (last) told.push(last);
    if (clock.skew !== this.#skew && !this.#host.wall) {
      this.#skew = clock.skew;
      told.unshift(frame(Event.clock, { y: clock.now() }));
    }
    const moved = this.#sent.size > 0;
    this.#added = [];
    this.#pending = { files: 0, size: 0 };
    this.#events = [];
    this.#sent.clear();
    try {
      const now = frame(Event.now, { x: Math.round(performance.now()), y: this.#host.wall?.() ?? Date.now() });
      const { actions, refused, wake } = engine.step(now, told);
      for (const action of actions) this.#actions.push(action);
      this.#host.wake(wake);
      const of = last && refused.get(told.length - 1);
      for (const [i, why] of refused) if (why !== of) this.#host.refused(told[i], refusal(why) ?? { code: "EngineRefused" });
      if (moved) this.#host.progressed();
      return of && refusal(of);
    } catch (cause) {
      // The module has trapped, and with it all that it knew: nothing can go on.
      this.break({ code: "EngineStopped", text: String(cause) });
      return this.#broken;
    }
  }
}

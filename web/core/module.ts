/**
 * The engine behind its module: frames go in and come out. One instance is one
 * session; the compiled module is shared by all sessions of a page.
 */
import { decodeFrames, encodeFrame, frame, type Frame } from "./frame.js";
import { loadModule, startInstance, type Instance } from "./instance.js";
import { Action } from "./protocol.js";

/** A running engine. Frames go in and come out; memory stays behind this door. */
export interface Engine {
  /** What it is an instance of, for a worker that computes digests. */
  readonly module: WebAssembly.Module;
  /** Its own instance, in which digests can be computed where there is no worker. */
  readonly instance: Instance;
  open(options: Frame): Frame | undefined;
  /** Gives the engine events, in order; returns what it asks for, and what it refused. */
  step(now: Frame, events: readonly Frame[]): Step;
  ask(query: Frame): Frame;
}

export interface Step {
  actions: Frame[];
  /** The refusals, by the index of their event. */
  refused: Map<number, Frame>;
  /** When the engine wants the event tick, on the clock that it is given; undefined when only an event can move it. */
  wake: number | undefined;
}

/** wire.StepBytes: what a step returns at least when it has more to say. */
export const stepBytes = 32 << 10;

/** How much goes in at once: bytes that the page of shared memory need not grow for, events that a uint16 can count. */
const maxStepBytes = 256 << 10;
const maxStepEvents = 4096;

/** wire.MaxFrameBytes. */
export const maxFrameBytes = 4 << 20;

/** Starts an engine from the module at source. */
export async function loadEngine(source: string | URL | WebAssembly.Module): Promise<Engine> {
  return startEngine(await loadModule(source));
}

/** Starts an engine from a compiled module, synchronously. */
export function startEngine(module: WebAssembly.Module): Engine {
  const instance = startInstance(module);
  const { exports, write } = instance;
  const read = (length: number): Frame[] => decodeFrames(instance.view(length));
  return {
    module,
    instance,
    open: (options) => read(exports.open(write(encodeFrame(options))))[0],
    step: (now, events) => {
      const step: Step = { actions: [], refused: new Map(), wake: undefined };
      const clocks = encodeFrame(now);
      let first = 0;
      let pieces: Uint8Array[] = [];
      let bytes = 0;
      const take = (answers: readonly Frame[]): void => {
        for (const answer of answers) {
          if (answer.kind === Action.refused) step.refused.set(first + answer.b, answer);
          else if (answer.kind === Action.wake) step.wake = answer.x;
          else step.actions.push(answer);
        }
      };
      const flush = (next: number): void => {
        step.wake = undefined;
        let length = exports.step(write(clocks, ...pieces));
        take(read(length));
        while (length >= stepBytes) {
          length = exports.step(write(clocks));
          take(read(length));
        }
        first = next;
        pieces = [];
        bytes = 0;
      };
      events.forEach((event, i) => {
        const piece = encodeFrame(event);
        if (piece.length > maxFrameBytes) {
          if (pieces.length > 0) flush(i);
          first = i + 1;
          step.refused.set(i, frame(Action.refused, { fields: [["code", "OptionInvalid"], ["text", "more than 4 MiB of options"]] }));
          return;
        }
        if (pieces.length === maxStepEvents || bytes + piece.length > maxStepBytes) flush(i);
        pieces.push(piece);
        bytes += piece.length;
      });
      flush(events.length);
      return step;
    },
    ask: (query) => {
      const [answer] = read(exports.ask(write(encodeFrame(query))));
      if (!answer) throw new Error("the engine did not answer");
      return answer;
    },
  };
}

/**
 * Loads the engine's WebAssembly module and calls its exports. One instance is
 * one session; the compiled module is shared by all sessions of a page.
 */
import { decodeFrames, encodeFrame, frame, type Frame } from "./frame.js";
import { Action } from "./protocol.js";

/** A running engine. Frames go in and come out; memory stays behind this door. */
export interface Engine {
  open(options: Frame): Frame | undefined;
  /** Gives the engine events, in order; returns what it asks for, and what it refused. */
  step(now: Frame, events: readonly Frame[]): Step;
  ask(query: Frame): Frame;
}

export interface Step {
  actions: Frame[];
  /** The refusals, by the index of their event. */
  refused: Map<number, Frame>;
}

interface Exports {
  memory: WebAssembly.Memory;
  _initialize?: () => void;
  page(n: number): number;
  open(n: number): number;
  step(n: number): number;
  ask(n: number): number;
}

/** What a step returns at least when it has more to say. */
const more = 32 << 10;

/** How much goes in at once: bytes that the page of shared memory need not grow for, events that a uint16 can count. */
const maxStepBytes = 256 << 10;
const maxStepEvents = 4096;

/** wire.MaxFrameBytes. */
const maxFrameBytes = 4 << 20;

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/** Starts an engine from the module at source. */
export async function loadEngine(source: string | URL | WebAssembly.Module): Promise<Engine> {
  if (source instanceof WebAssembly.Module) return startEngine(source);
  const url = String(source);
  let module = compiled.get(url);
  if (!module) {
    module = compile(url);
    compiled.set(url, module);
    module.catch(() => compiled.delete(url));
  }
  return startEngine(await module);
}

async function compile(url: string): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: HTTP status ${response.status}`);
  // Streaming wants the right media type, which not every static host knows.
  if (response.headers.get("content-type")?.startsWith("application/wasm")) {
    return WebAssembly.compileStreaming(response);
  }
  return WebAssembly.compile(await response.arrayBuffer());
}

/** Starts an engine from a compiled module, synchronously. */
export function startEngine(module: WebAssembly.Module): Engine {
  let memory: WebAssembly.Memory | undefined;
  const known = system(() => {
    if (!memory) throw new Error("the engine has no memory yet");
    return memory;
  });
  const calls: Record<string, WebAssembly.ImportValue> = {};
  for (const { name } of WebAssembly.Module.imports(module)) calls[name] = known[name] ?? noFile;
  const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: calls });
  const exports = instance.exports as unknown as Exports;
  memory = exports.memory;
  exports._initialize?.();

  const write = (...pieces: readonly Uint8Array[]): number => {
    const length = pieces.reduce((all, piece) => all + piece.length, 0);
    let at = exports.page(length);
    if (at === 0) throw new RangeError("too much for the engine at once");
    for (const piece of pieces) {
      new Uint8Array(exports.memory.buffer, at, piece.length).set(piece);
      at += piece.length;
    }
    return length;
  };
  const read = (length: number): Frame[] =>
    decodeFrames(new Uint8Array(exports.memory.buffer, exports.page(0), length));

  return {
    open: (options) => read(exports.open(write(encodeFrame(options))))[0],
    step: (now, events) => {
      const step: Step = { actions: [], refused: new Map() };
      const clocks = encodeFrame(now);
      let first = 0;
      let pieces: Uint8Array[] = [];
      let bytes = 0;
      const flush = (next: number): void => {
        let length = exports.step(write(clocks, ...pieces));
        for (const answer of read(length)) {
          if (answer.kind === Action.refused) step.refused.set(first + answer.b, answer);
          else step.actions.push(answer);
        }
        while (length >= more) {
          length = exports.step(write(clocks));
          for (const action of read(length)) step.actions.push(action);
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

/** Any other call is about files, of which there are none: WASI's errno "badf". */
const noFile = (): number => 8;

/**
 * The few system calls that the Go runtime makes: clocks for its scheduler,
 * random bytes for its hash seeds, and standard error for a crash report.
 * The engine itself calls none.
 */
function system(memory: () => WebAssembly.Memory): Record<string, (...args: number[]) => number> {
  const view = (): DataView => new DataView(memory().buffer);
  let crash = "";
  const none = (count: number, size: number): number => {
    view().setUint32(count, 0, true);
    view().setUint32(size, 0, true);
    return 0;
  };
  return {
    args_get: () => 0,
    environ_get: () => 0,
    sched_yield: () => 0,
    poll_oneoff: () => 0,
    args_sizes_get: (count = 0, size = 0) => none(count, size),
    environ_sizes_get: (count = 0, size = 0) => none(count, size),
    clock_time_get: (clock = 0, _precision = 0, at = 0) => {
      const now = clock === 0 ? Date.now() : performance.now();
      view().setBigUint64(at, BigInt(Math.round(now * 1e6)), true);
      return 0;
    },
    random_get: (at = 0, length = 0) => {
      crypto.getRandomValues(new Uint8Array(memory().buffer, at, length));
      return 0;
    },
    fd_write: (_fd = 0, vectors = 0, count = 0, written = 0) => {
      let length = 0;
      for (let i = 0; i < count; i++) {
        const at = view().getUint32(vectors + 8 * i, true);
        const n = view().getUint32(vectors + 8 * i + 4, true);
        if (crash.length < 4096) crash += new TextDecoder().decode(new Uint8Array(memory().buffer, at, n));
        length += n;
      }
      view().setUint32(written, length, true);
      return 0;
    },
    proc_exit: (code = 0) => {
      throw new Error(`the engine stopped with code ${code}: ${crash}`);
    },
  };
}

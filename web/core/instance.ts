/**
 * One instance of the engine's WebAssembly module, and the page of memory that
 * it shares with its host: where frames go through, and, for digests, a file's
 * bytes, piece by piece.
 */

export interface Exports {
  memory: WebAssembly.Memory;
  _initialize?: () => void;
  page(n: number): number;
  open(n: number): number;
  step(n: number): number;
  ask(n: number): number;
  hash(algorithm: number): number;
  update(digest: number, n: number): number;
  digest(digest: number): number;
}

export interface Instance {
  readonly exports: Exports;
  /** Puts pieces into the page, one after the other, and returns their length. */
  write(...pieces: readonly Uint8Array[]): number;
  /** The first bytes of the page: a view that is good until the next call. */
  view(length: number): Uint8Array;
}

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/** The compiled module at source; of one address it is compiled once a page. */
export async function loadModule(source: string | URL | WebAssembly.Module): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  const url = String(source);
  let module = compiled.get(url);
  if (!module) {
    module = compile(url);
    compiled.set(url, module);
    module.catch(() => compiled.delete(url));
  }
  return module;
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

/** Starts an instance, synchronously. */
export function startInstance(module: WebAssembly.Module): Instance {
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
  return {
    exports,
    write: (...pieces) => {
      const length = pieces.reduce((all, piece) => all + piece.length, 0);
      let at = exports.page(length);
      if (at === 0) throw new RangeError("too much for the engine at once");
      for (const piece of pieces) {
        new Uint8Array(exports.memory.buffer, at, piece.length).set(piece);
        at += piece.length;
      }
      return length;
    },
    view: (length) => new Uint8Array(exports.memory.buffer, exports.page(0), length),
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

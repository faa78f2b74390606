/** Watches what is done with keys and workers. It is loaded before web/core, which takes the platform as it finds it. */

/** The keys that were imported by this page, and whether each was asked for to be extractable. */
export const keys: { key: CryptoKey; extractable: boolean }[] = [];
/** Workers that sign, in order of starting, and the kinds of what each was told. */
export const vaults: { worker: Worker; told: unknown[] }[] = [];
/** The memory of every engine. */
export const memories: WebAssembly.Memory[] = [];
/** How many steps all engines have taken. */
export const steps = { taken: 0 };

if ("SubtleCrypto" in globalThis) { // a page that is no secure context has none
  const { importKey } = SubtleCrypto.prototype;
  Object.defineProperty(SubtleCrypto.prototype, "importKey", {
    configurable: true, writable: true,
    async value(this: SubtleCrypto, ...given: unknown[]): Promise<CryptoKey> {
      const key = await (Reflect.apply(importKey, this, given) as Promise<CryptoKey>);
      keys.push({ key, extractable: given[3] === true });
      return key;
    },
  });
}

const NativeWorker = Worker;
const { postMessage } = NativeWorker.prototype;
globalThis.Worker = class extends NativeWorker {
  constructor(source: string | URL, options?: WorkerOptions) {
    super(source, options);
    if (options?.name === "bucketline vault") vaults.push({ worker: this, told: [] });
  }
};
globalThis.Worker.prototype.postMessage = function (this: Worker, ...given: unknown[]): void {
  vaults.find(({ worker }) => worker === this)?.told.push(given[0]);
  Reflect.apply(postMessage, this, given);
};

WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(target, given: [WebAssembly.Module, WebAssembly.Imports]) {
    const instance = new target(...given);
    const { memory, step } = instance.exports;
    if (memory instanceof WebAssembly.Memory) memories.push(memory);
    if (typeof step !== "function") return instance;
    const counted = (n: number): unknown => {
      steps.taken++;
      return (step as (n: number) => unknown)(n);
    };
    return { exports: { ...instance.exports, step: counted } };
  },
});

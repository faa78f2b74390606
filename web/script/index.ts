/**
 * bucketline as one script, for pages that load no modules: bucketline.min.js
 * gives the page a global `bucketline`, with the engine and the worker inside.
 */
import type { Uploader, UploaderOptions } from "../core/api.js";
import { engineModule } from "../core/packed.js";
import { createUploader as create } from "../core/session.js";

export * from "../core/index.js";

/** bucketline-worker.js as text, put in by tools/build. */
declare const bucketlineWorker: string;

let worker: string | undefined;

/** An address of the worker's script. A page whose CSP forbids workers from blob: hashes on its own thread. */
function workerScript(): string {
  worker ??= URL.createObjectURL(new Blob([bucketlineWorker], { type: "text/javascript" }));
  return worker;
}

/** As createUploader of the module, but that nothing need lie beside the script. */
export function createUploader(options: UploaderOptions): Uploader {
  return create({ ...options, wasm: options.wasm ?? engineModule(), worker: options.worker ?? workerScript() });
}

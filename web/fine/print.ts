/** A fingerprint of a file's content, to know it again by when an upload goes on in another page. */
import { digestOf, hex, sampleOf } from "../core/digest.js";
import { startInstance, type Instance } from "../core/instance.js";
import { Algorithm } from "../core/protocol.js";
import { engineModule } from "./module.js";

let instance: Instance | undefined;

/** Rejects when the file cannot be read. */
export async function fingerprint(file: Blob): Promise<string> {
  instance ??= startInstance(engineModule());
  return hex(await digestOf(instance, Algorithm.CRC64NVME, sampleOf(file), { aborted: false }));
}

/** Digests: of what is sent, for its signature, and of a file's content, to know it again by in another page. */
import { digestOf, hex, sampleOf } from "../core/digest.js";
import { startInstance, type Instance } from "../core/instance.js";
import { engineModule } from "../core/packed.js";
import { Algorithm } from "../core/protocol.js";

let instance: Instance | undefined;

/** Bytes up to which the browser's own digest is asked for, which wants all of them in memory. */
const wholeBytes = 64 * 2 ** 20;

/** The SHA-256 of bytes in hex digits, computed beside the page's own thread where the browser does it. Rejects when they cannot be read. */
export async function payloadHash(bytes: Blob): Promise<string> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined; // in secure contexts only
  if (subtle && bytes.size <= wholeBytes) return hex(new Uint8Array(await subtle.digest("SHA-256", await bytes.arrayBuffer())));
  instance ??= startInstance(engineModule());
  return hex(await digestOf(instance, Algorithm.SHA256, bytes, { aborted: false }));
}

/** Rejects when the file cannot be read. */
export async function fingerprint(file: Blob): Promise<string> {
  instance ??= startInstance(engineModule());
  return hex(await digestOf(instance, Algorithm.CRC64NVME, sampleOf(file), { aborted: false }));
}

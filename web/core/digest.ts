/** Digests of a file's bytes, computed by the engine's module piece by piece, wherever an instance of it runs. */
import type { Instance } from "./instance.js";

/** Bytes that are read at once, of which the next are read while these are hashed. */
const readBytes = 1 << 20;

/** Bytes that go through the page at once: they stay in the processor's cache, and the page stays small. */
const pageBytes = 256 << 10;

/** Whoever wants a digest, and may not want it any more. */
export interface Wanted {
  readonly aborted: boolean;
}

/**
 * The digest of bytes by algorithm, an s3.Algorithm. Rejects as reading bytes
 * does, with a RangeError for what the module does not compute, and with an
 * AbortError soon after it is not wanted any more. Several may be on their way
 * in one instance: each waits for its own bytes.
 */
export async function digestOf(instance: Instance, algorithm: number, bytes: Blob, wanted: Wanted): Promise<Uint8Array> {
  const { exports } = instance;
  const digest = exports.hash(algorithm);
  if (digest === 0) throw new RangeError(`no digest by algorithm ${algorithm} now`);
  let ended: Uint8Array | undefined;
  try {
    let next = read(bytes, 0);
    for (let at = 0; at < bytes.size; ) {
      const piece = await next;
      if (wanted.aborted) throw new DOMException("the digest is not wanted any more", "AbortError");
      if (piece.length === 0) throw new DOMException("the file has become shorter", "NotReadableError");
      at += piece.length;
      next = read(bytes, at);
      for (let i = 0; i < piece.length; i += pageBytes) {
        const n = instance.write(piece.subarray(i, i + pageBytes));
        if (exports.update(digest, n) === 0) throw new Error("the module has lost a digest");
      }
    }
  } finally {
    ended = instance.view(exports.digest(digest)).slice();
  }
  return ended;
}

/**
 * The digest by algorithm of pieces, one after the other, at once: they are
 * small, and there are few. Throws a RangeError as digestOf rejects with one.
 */
export function digestNow(instance: Instance, algorithm: number, pieces: readonly Uint8Array[]): Uint8Array {
  const { exports } = instance;
  const digest = exports.hash(algorithm);
  if (digest === 0) throw new RangeError(`no digest by algorithm ${algorithm} now`);
  for (const piece of pieces) exports.update(digest, instance.write(piece));
  return instance.view(exports.digest(digest)).slice();
}

function read(bytes: Blob, at: number): Promise<Uint8Array> {
  if (at >= bytes.size) return Promise.resolve(new Uint8Array());
  const reading = bytes.slice(at, at + readBytes).arrayBuffer().then((buffer) => new Uint8Array(buffer));
  reading.catch(() => undefined); // it is awaited later, or not at all
  return reading;
}

/** Bytes that a fingerprint looks at in each of three places. */
const sampleBytes = 4096;

/**
 * What a fingerprint is the CRC64NVME of: the first 4 KiB of a file, the 4 KiB
 * from size/2 - 2 KiB (rounded down) and the last 4 KiB, one after the other;
 * all of it when it has 12 KiB or less. Every driver of the engine looks at the
 * same bytes, so that an upload begun here can be finished by another.
 */
export function sampleOf(file: Blob): Blob {
  const { size } = file;
  return size <= 3 * sampleBytes ? file : new Blob(places(size).map((at) => file.slice(at, at + sampleBytes)));
}

/** The same of a file that is in memory, in pieces. */
export function piecesOf(file: Uint8Array): Uint8Array[] {
  return file.length <= 3 * sampleBytes ? [file] : places(file.length).map((at) => file.subarray(at, at + sampleBytes));
}

/** Where the three places are in more than 12 KiB. */
function places(size: number): number[] {
  return [0, Math.floor(size / 2) - sampleBytes / 2, size - sampleBytes];
}

/** Bytes in lower-case hex digits. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

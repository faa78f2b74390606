/** The engine's module as text, for scripts that carry it inside themselves. */

/** Characters from " " to "~" without the two that a string would escape. */
const alphabet = Array.from({ length: 95 }, (_, i) => i + 32).filter((code) => code !== 34 && code !== 92);

/** How many of them stand for a byte by themselves; the rest begin a pair. tools/build/packed.go has the same number. */
export const singles = 91;

/** The bytes of text: 512 hex digits that list all bytes, the most frequent first, then the packed ones. */
export function unpack(text: string): Uint8Array<ArrayBuffer> {
  const bytes = Array.from({ length: 256 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
  const place = new Uint8Array(128);
  alphabet.forEach((code, i) => (place[code] = i));
  const out = new Uint8Array(text.length - 512);
  let length = 0;
  for (let at = 512; at < text.length; at++) {
    let index = place[text.charCodeAt(at)] ?? 0;
    if (index >= singles) index = singles + (index - singles) * alphabet.length + (place[text.charCodeAt(++at)] ?? 0);
    out[length++] = bytes[index] ?? 0;
  }
  return out.slice(0, length);
}

/**
 * The module as printable ASCII, put in by tools/build (see packed.go there): the
 * first 512 characters say which byte each one stands for, the last two of them
 * that the next one names a rarer byte.
 */
declare const bucketlineModule: string;

let compiled: WebAssembly.Module | undefined;

/** The compiled module. It is compiled when it is first asked for, synchronously, and once a page. */
export function engineModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(unpack(bucketlineModule));
  return compiled;
}

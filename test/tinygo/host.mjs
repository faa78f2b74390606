// Runs the module behind a pipe. A request is a letter, a length of four bytes,
// little-endian, and so many bytes for the page; an answer is a letter, a length
// and what the module left there. "n" begins a new instance, "o", "s" and "a"
// call open, step and ask, "p" asks for a page of a length alone, and "h" for the
// digest of all but the first byte, which is the algorithm. The letter of an
// answer is "=", or "!" before the text of what was thrown.
import { readFileSync, readSync, writeSync } from "node:fs";

const [, , path] = process.argv;
const module = new WebAssembly.Module(readFileSync(path));
const imports = WebAssembly.Module.imports(module);
if (imports.length > 0) throw new Error(`the module wants imports: ${JSON.stringify(imports)}`);

const names = { o: "open", s: "step", a: "ask" };
let exports;

function put(input) {
  const at = exports.page(input.length) >>> 0;
  if (at === 0) throw new Error(`no page of ${input.length} bytes`);
  new Uint8Array(exports.memory.buffer, at, input.length).set(input);
  return input.length;
}

const get = (length) => new Uint8Array(exports.memory.buffer, exports.page(0) >>> 0, length >>> 0).slice();

/** Hashes in two pieces. */
function digest(algorithm, input) {
  const number = exports.hash(algorithm);
  const half = input.length >> 1;
  exports.update(number, put(input.subarray(0, half)));
  exports.update(number, put(input.subarray(half)));
  return get(exports.digest(number));
}

function call(letter, input) {
  if (letter === "n") {
    exports = new WebAssembly.Instance(module, {}).exports;
    exports._initialize();
    return new Uint8Array();
  }
  if (letter === "p") return new Uint8Array([exports.page(input.length) === 0 ? 0 : 1]);
  if (letter === "h") return digest(input[0], input.subarray(1));
  return get(exports[names[letter]](put(input)));
}

/** Returns the next length bytes, and undefined at the end. */
function take(length) {
  const bytes = Buffer.alloc(length);
  for (let got = 0; got < length; ) {
    const n = readSync(0, bytes, got, length - got, null);
    if (n === 0) return undefined;
    got += n;
  }
  return bytes;
}

function give(letter, bytes) {
  const answer = Buffer.concat([Buffer.from(letter), Buffer.alloc(4), bytes]);
  answer.writeUInt32LE(bytes.length, 1);
  for (let given = 0; given < answer.length; ) given += writeSync(1, answer, given);
}

for (let head = take(5); head; head = take(5)) {
  const input = take(head.readUInt32LE(1));
  try {
    give("=", call(String.fromCharCode(head[0]), input));
  } catch (error) {
    give("!", Buffer.from(String(error)));
  }
}

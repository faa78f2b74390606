/**
 * Frames of the WebAssembly boundary: the twin of package wire, whose
 * package comment says how a frame lies in memory. wire/testdata holds the
 * golden bytes that both are tested against.
 */

export type Field = readonly [name: string, value: string];

export interface Frame {
  kind: number;
  a: number;
  b: number;
  file: number;
  request: number;
  x: number;
  y: number;
  fields: readonly Field[];
  body: Uint8Array | undefined;
}

const headBytes = 40;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A frame of kind with the given parts; what is not given is zero or empty. */
export function frame(kind: number, parts: Partial<Frame> = {}): Frame {
  return { kind, a: 0, b: 0, file: 0, request: 0, x: 0, y: 0, fields: [], body: undefined, ...parts };
}

/** The bytes of f. */
export function encodeFrame(f: Frame): Uint8Array {
  const fields = f.fields.map(([name, value]) => [encoder.encode(name), encoder.encode(value)] as const);
  let length = headBytes + (f.body?.length ?? 0);
  for (const [name, value] of fields) length += 8 + name.length + value.length;
  length += -length & 7;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint8(4, f.kind);
  view.setUint8(5, f.a);
  view.setUint16(6, f.b, true);
  view.setUint32(8, f.file, true);
  view.setUint32(12, f.request, true);
  view.setBigInt64(16, BigInt(f.x), true);
  view.setBigInt64(24, BigInt(f.y), true);
  view.setUint32(32, fields.length, true);
  view.setUint32(36, f.body ? f.body.length + 1 : 0, true);
  let at = headBytes;
  for (const [name, value] of fields) {
    view.setUint32(at, name.length, true);
    view.setUint32(at + 4, value.length, true);
    bytes.set(name, at + 8);
    bytes.set(value, at + 8 + name.length);
    at += 8 + name.length + value.length;
  }
  if (f.body) bytes.set(f.body, at);
  return bytes;
}

/** Reads the frames of bytes; everything in them is copied. */
export function decodeFrames(bytes: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 0; start < bytes.length; start += view.getUint32(start, true)) {
    const body = view.getUint32(start + 36, true);
    const fields: Field[] = [];
    let at = start + headBytes;
    for (let n = view.getUint32(start + 32, true); n > 0; n--) {
      const name = at + 8;
      const value = name + view.getUint32(at, true);
      const end = value + view.getUint32(at + 4, true);
      fields.push([decoder.decode(bytes.subarray(name, value)), decoder.decode(bytes.subarray(value, end))]);
      at = end;
    }
    frames.push({
      kind: view.getUint8(start + 4),
      a: view.getUint8(start + 5),
      b: view.getUint16(start + 6, true),
      file: view.getUint32(start + 8, true),
      request: view.getUint32(start + 12, true),
      x: Number(view.getBigInt64(start + 16, true)),
      y: Number(view.getBigInt64(start + 24, true)),
      fields,
      body: body > 0 ? bytes.slice(at, at + body - 1) : undefined,
    });
  }
  return frames;
}

/** The value of the field called name. */
export function field(f: Frame, name: string): string | undefined {
  return f.fields.find(([n]) => n === name)?.[1];
}

/** int64 number i of a body. */
export function int64(body: Uint8Array | undefined, i: number): number {
  if (!body) return 0;
  return Number(new DataView(body.buffer, body.byteOffset).getBigInt64(8 * i, true));
}

/** The bytes of numbers as int64 each. */
export function int64s(numbers: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * numbers.length));
  numbers.forEach((n, i) => view.setBigInt64(8 * i, BigInt(n), true));
  return new Uint8Array(view.buffer);
}

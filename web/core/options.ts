/** Checked readers of what a page gives us. Values that S3 judges go to the engine as text. */

import type { Field } from "./frame.js";

type Kind = "text" | "size" | "count" | "boolean" | "time" | "map" | "signal" | "function" | "other";

export type Shape = Readonly<Record<string, Kind>>;

/**
 * Checks that options has no property that shape does not know, and none of a
 * wrong type. Throws a TypeError that names the option, and the known one that
 * is nearest to it.
 */
export function check(what: string, options: unknown, shape: Shape): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`${what}: expected an object with options, got ${name(options)}`);
  }
  for (const [key, value] of Object.entries(options)) {
    const kind = Object.hasOwn(shape, key) ? shape[key] : undefined;
    if (!kind) throw new TypeError(`${what}: unknown option ${quoted(key)}${suggest(key, Object.keys(shape))}`);
    if (value !== undefined && !fits(value, kind)) {
      throw new TypeError(`${what}: option "${key}" must be ${expected[kind]}, ${unlike(value, kind)}`);
    }
  }
}

/** The name of an option; not what is too long for one, and may be a secret that got into the wrong place. */
function quoted(key: string): string {
  return key.length <= 32 ? `"${key}"` : `of ${key.length} characters`;
}

const expected: Record<Kind, string> = {
  text: "a string of whole characters",
  size: "a whole number from 0 to 2^53",
  count: "a whole number from 1 to 2^53",
  boolean: "true or false",
  time: "a Date, or an ISO 8601 string with its time zone",
  map: "a plain object of strings",
  signal: "an AbortSignal",
  function: "a function",
  other: "of another type",
};

function fits(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case "text": return typeof value === "string" && isWellFormed(value);
    case "size": return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
    case "count": return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
    case "boolean": return typeof value === "boolean";
    case "time": return isTime(value);
    case "map": return isStringMap(value);
    case "signal": return value instanceof AbortSignal;
    case "function": return typeof value === "function";
    case "other": return true;
  }
}

/** A plain object: a Map, say, has no properties, and would be dropped without a word. */
function isStringMap(value: unknown): value is Record<string, string> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    (prototype === null || Object.getPrototypeOf(prototype) === null) &&
    Object.entries(value).every(([k, v]) => isWellFormed(k) && typeof v === "string" && isWellFormed(v))
  );
}

/** Text without half of a surrogate pair: UTF-8 has no bytes for it, so two such texts would become the same. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** A point in time, whichever zone the reader is in. The engine reads the text more strictly. */
function isTime(value: unknown): boolean {
  if (value instanceof Date) return !Number.isNaN(value.getTime());
  return typeof value === "string" && /T.*(?:Z|[+-]\d\d:?\d\d)$/i.test(value) && !Number.isNaN(Date.parse(value));
}

/** How a value is unlike what its kind must be, in words that show nothing of it. */
function unlike(value: unknown, kind: Kind): string {
  if (kind === "time" && value instanceof Date) return "not an invalid Date";
  if (typeof value === "string" && (kind === "text" || kind === "time")) return "which this text is not";
  if (kind === "map" && name(value) === "an object") return "which this object is not";
  return `not ${name(value)}`;
}

/** The type of a value, in words that show nothing of it. */
function name(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : typeof value === "undefined" ? "undefined" : `a ${typeof value}`;
}

function suggest(key: string, known: readonly string[]): string {
  const nearest = nearestName(key, known);
  return nearest ? `; did you mean "${nearest}"?` : `; known are ${known.join(", ")}`;
}

/** The known name that key is the beginning of, or that takes the fewest edits to reach, if they are few. */
export function nearestName(key: string, known: readonly string[]): string | undefined {
  const longer = known.find((name) => key.length > 2 && name.toLowerCase().startsWith(key.toLowerCase()));
  if (longer) return longer;
  let best: string | undefined;
  let least = Math.max(2, Math.ceil(key.length / 3)) + 1;
  for (const candidate of known) {
    const edits = distance(key.toLowerCase(), candidate.toLowerCase());
    if (edits < least) {
      least = edits;
      best = candidate;
    }
  }
  return best;
}

/** How many letters must be put in, left out or changed to make b of a. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The fields that tell the engine of options: text as it is, the rest in decimal, as true or false, as ISO 8601. */
export function toFields(options: Record<string, unknown>, shape: Shape): Field[] {
  const fields: Field[] = [];
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue;
    switch (shape[key]) {
      case "text": case "size": case "count": case "boolean":
        fields.push([key, String(value)]);
        break;
      case "time":
        fields.push([key, isoTime(value)]);
        break;
      case "map":
        if (isStringMap(value)) for (const [k, v] of Object.entries(value)) fields.push([`${key}.${k}`, v]);
        break;
      default:
    }
  }
  return fields;
}

/** A checked time as ISO 8601. */
function isoTime(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value);
}

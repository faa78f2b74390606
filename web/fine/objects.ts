/** Plain things about values, as Fine Uploader tells them apart. */

export type Dictionary = Record<string, unknown>;

export function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

export function isFunction(value: unknown): value is (...args: unknown[]) => unknown {
  return typeof value === "function";
}

export function isString(value: unknown): value is string {
  return kindOf(value) === "String";
}

/** An object that was written as one: not a DOM node, a date, an array or a function. */
export function isObject(value: unknown): value is Dictionary {
  return typeof value === "object" && value !== null && !("nodeType" in value) && kindOf(value) === "Object";
}

/** Copies second's own properties onto first, plain objects within them property by property where nested is set. */
export function extend<T extends object, U extends object>(first: T, second: U, nested = false): T & U {
  const target = first as Dictionary;
  for (const [name, value] of Object.entries(second)) {
    if (name === "__proto__") continue;
    if (nested && isObject(value)) {
      const inner = target[name];
      target[name] = extend(isObject(inner) ? inner : {}, value, true);
    } else target[name] = value;
  }
  return target as T & U;
}

/** A copy whose plain objects are its own. */
export function copyOf<T>(value: T): T {
  return isObject(value) ? (extend({}, value, true) as T) : value;
}

/** What Object has at the end of a dotted path. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : String(value);
}

/** The extension of a name, without its dot; undefined when it has none. */
export function extensionOf(name: string): string | undefined {
  const dot = name.lastIndexOf(".") + 1;
  return dot > 0 ? name.slice(dot) : undefined;
}

/** The last segment of a path in either notation. */
export function fileNameOf(path: string): string {
  return path.replace(/^.*[/\\]/, "");
}

/** A random UUID of version 4, also in pages that the browser does not call secure. */
export function uniqueId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Puts each value in place of the next {}. */
export function format(template: string, ...values: unknown[]): string {
  let next = 0;
  return template.replace(/\{\}/g, (hole) => (next < values.length ? textOf(values[next++]) : hole));
}

/** Puts values in place of their names in braces. */
export function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (hole, name: string) => values[name] ?? hole);
}

/** A size for people: base 1000, one decimal, at least 0.1. */
export function sizeText(bytes: number, symbols: readonly string[]): string {
  let step = -1;
  let size = bytes;
  do {
    size /= 1000;
    step++;
  } while (size > 999 && step < symbols.length - 1);
  return (size === 0 ? "0" : Math.max(size, 0.1).toFixed(1)) + (symbols[step] ?? "");
}

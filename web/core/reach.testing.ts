/** Looks for a text in all that script can reach from some objects, for tests that it is not there. */

/** How many objects are looked at, the nearest first: some getters of browsers make a new one each time. */
const maxObjects = 300_000;

/**
 * Where needle is, as the paths that lead there: in strings, names, bytes,
 * Maps and Sets, own and inherited properties, and in what getters return.
 * needle may be given in two halves, so that this search's own caller does not
 * hold what it looks for.
 */
export function reaches(roots: object, ...needle: string[]): string[] {
  const text = needle.join("");
  const bytes = new TextEncoder().encode(text);
  const found: string[] = [];
  const seen = new Set<object>();
  const todo: { value: unknown; path: string }[] = [{ value: roots, path: "" }];
  for (const { value, path } of todo) { // which grows
    if (seen.size === maxObjects) break;
    if (typeof value === "string" && value.includes(text)) found.push(path);
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) continue;
    seen.add(value);
    if (hasBytes(value, bytes)) found.push(path);
    for (const [name, inner] of parts(value)) {
      if (name.includes(text)) found.push(`${path}.(name)`);
      todo.push({ value: inner, path: `${path}.${name}` });
    }
  }
  return found;
}

function* parts(value: object): Generator<[string, unknown]> {
  for (let owner: object | null = value; owner; owner = Object.getPrototypeOf(owner) as object | null) {
    for (const key of Reflect.ownKeys(owner)) {
      const property = Reflect.getOwnPropertyDescriptor(owner, key);
      if (!property) continue;
      const name = String(key);
      if (property.get) {
        try {
          yield [name, Reflect.apply(property.get, value, [])];
        } catch {
          // It is a getter of something else.
        }
      } else yield [name, property.value];
    }
  }
  // By its tag, since it may be one of another realm's, such as a frame's; the prototypes have that tag too.
  const tag = Object.prototype.toString.call(value);
  if (value === Map.prototype || value === Set.prototype) return;
  try {
    if (tag === "[object Map]") {
      for (const [key, inner] of [...(value as Map<unknown, unknown>)]) yield* [["(key)", key], ["(value)", inner]] as [string, unknown][];
    }
    if (tag === "[object Set]") for (const inner of [...(value as Set<unknown>)]) yield ["(member)", inner];
  } catch {
    // It only says that it is one.
  }
}

function hasBytes(value: object, bytes: Uint8Array): boolean {
  const view = value instanceof ArrayBuffer ? new Uint8Array(value)
    : ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : undefined;
  if (!view) return false;
  const [first = 0] = bytes;
  for (let at = view.indexOf(first); at >= 0; at = view.indexOf(first, at + 1)) {
    if (bytes.every((byte, i) => view[at + i] === byte)) return true;
  }
  return false;
}

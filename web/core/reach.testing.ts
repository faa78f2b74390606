/** Looks for a text in all that script can reach from some objects, for tests that it is not there. */

/** How many objects are looked at, and how many steps from the first. */
const maxObjects = 500_000;
const maxDepth = 60;

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
  const todo: { value: unknown; path: string; depth: number }[] = [{ value: roots, path: "", depth: 0 }];
  while (todo.length > 0 && seen.size < maxObjects) {
    const next = todo.pop();
    if (!next) break;
    const { value, path, depth } = next;
    if (typeof value === "string" && value.includes(text)) found.push(path);
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value) || depth > maxDepth) continue;
    seen.add(value);
    if (hasBytes(value, bytes)) found.push(path);
    for (const [name, inner] of parts(value)) {
      if (name.includes(text)) found.push(`${path}.(name)`);
      todo.push({ value: inner, path: `${path}.${name}`, depth: depth + 1 });
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
  if (value instanceof Map) for (const [key, inner] of value) yield* [["(key)", key], ["(value)", inner]] as [string, unknown][];
  if (value instanceof Set) for (const inner of value) yield ["(member)", inner];
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

/** What to upload: what was chosen in an input, or bytes made here. */
export type Source =
  /** All that was chosen, or the one with this name. */
  | { input: string; name?: string }
  /** The same bytes as package harness makes from seed. */
  | { seed: number; size: number; type?: string; name?: string };

export function contents(source: Source): (File | Blob)[] {
  if (!("input" in source)) return [made(source)];
  const input = document.getElementById(source.input);
  if (!(input instanceof HTMLInputElement)) throw new Error(`harness: there is no input ${source.input}`);
  return [...(input.files ?? [])].filter((file) => source.name === undefined || file.name === source.name);
}

function made({ seed, size, type = "", name }: { seed: number; size: number; type?: string; name?: string }): File | Blob {
  const words = new Uint32Array(Math.ceil(size / 4));
  let word = seed;
  for (let i = 0; i < words.length; i++) {
    word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
    words[i] = word;
  }
  const bytes = new Uint8Array(words.buffer, 0, size);
  return name === undefined ? new Blob([bytes], { type }) : new File([bytes], name, { type });
}

/**
 * Walks what was dropped: files, and folders to their last leaf. It reads a
 * folder only when its files are asked for, and goes on past what it cannot
 * read.
 */

/** A file with its path below what was dropped, or what stands in its way. */
export type Found = { readonly file: File; readonly path: string } | { readonly skipped: string };

/** The parts of the File and Directory Entries API that are used. */
export interface Entry {
  readonly isDirectory: boolean;
  readonly name: string;
  file?(resolve: (file: File) => void, reject: (reason: unknown) => void): void;
  createReader?(): { readEntries(resolve: (entries: Entry[]) => void, reject: (reason: unknown) => void): void };
}

/** Folders in folders: no real tree is deeper, and what is cannot be a tree. */
export const maxDepth = 200;

export async function* walk(entries: readonly Entry[]): AsyncGenerator<Found> {
  for (const entry of entries) yield* walkEntry(entry, "", 0);
}

async function* walkEntry(entry: Entry, below: string, depth: number): AsyncGenerator<Found> {
  const path = below + entry.name;
  if (!entry.isDirectory) {
    yield await open(entry, path);
    return;
  }
  if (depth === maxDepth) {
    yield { skipped: path };
    return;
  }
  const reader = entry.createReader?.();
  for (;;) {
    // A folder comes in pieces, of 100 entries in Chromium; an empty one is the end.
    const entries = await new Promise<Entry[] | undefined>((resolve) => {
      if (reader) reader.readEntries(resolve, () => resolve(undefined));
      else resolve(undefined);
    });
    if (!entries) yield { skipped: path };
    if (!entries || entries.length === 0) return;
    for (const inner of entries) yield* walkEntry(inner, `${path}/`, depth + 1);
  }
}

function open(entry: Entry, path: string): Promise<Found> {
  return new Promise((resolve) => {
    const unreadable = (): void => resolve({ skipped: path });
    if (!entry.file) unreadable();
    else entry.file((file) => resolve({ file, path }), unreadable);
  });
}

/**
 * Gives a file its path, as <input webkitdirectory> does: what was dropped or
 * walked comes without, and whoever makes a key of it looks there.
 */
export function withPath(file: File, path: string): File {
  if (path !== file.name && file.webkitRelativePath === "") {
    Object.defineProperty(file, "webkitRelativePath", { value: path, configurable: true });
  }
  return file;
}

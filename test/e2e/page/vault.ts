/**
 * What a test does with the vault. Unlike harness.ts it keeps nothing that it is
 * given, so that whatever is found of a secret is web/core's.
 */
import { keys, memories, steps, vaults } from "./vaultwatch.js"; // first, before web/core
import { createUploader, type Uploader, type UploaderEvent, type UploaderOptions, type UploadTask } from "../../../web/core/index.js";
import { reaches } from "../../../web/core/reach.testing.js";
import { contents, type Source } from "./source.js";

let up: Uploader | undefined;
let tasks: UploadTask[] = [];
let events: UploaderEvent[] = [];
let errors: unknown[] = [];

const present = (): Uploader => {
  if (!up) throw new Error("vault: there is no uploader");
  return up;
};

const failing = (f: () => void): unknown => {
  try {
    f();
    return undefined;
  } catch (error) {
    errors.push(error);
    return (error as { code?: unknown }).code ?? String(error);
  }
};

const vault = {
  create(options: UploaderOptions): unknown {
    up?.close();
    [up, tasks, events, errors] = [undefined, [], [], []];
    return failing(() => {
      up = createUploader(options);
      up.listen((event) => events.push(event));
    });
  },
  setCredentials: (credentials: never): unknown => failing(() => present().setCredentials(credentials)),

  upload(wishes: { source: Source; key: string }[]): void {
    for (const { source, key } of wishes) {
      for (const file of contents(source)) {
        const task = present().upload(file, { key });
        task.catch((error: unknown) => errors.push(error));
        tasks.push(task);
      }
    }
  },
  states: (): string[] => tasks.map(({ state }) => state),
  error: (): string => String(tasks.find(({ error }) => error)?.error?.message ?? ""),
  count: (type: UploaderEvent["type"]): number => events.filter((event) => event.type === type).length,
  /** Status of every answer that is no success. */
  refused: (): number[] => events.flatMap((event) => (event.type === "response" && (event.status < 200 || event.status > 299) ? [event.status] : [])),
  /** What was warned of. */
  warnings: (): string[] => events.flatMap((event) => (event.type === "warning" ? [event.error.code] : [])),
  stored: (): number => present().totals().acknowledged,
  presigned: (key: string): Promise<string> => present().presignedURL(key, 60),

  /** Where the needle, given in two halves, is: in all that script can reach, and in the memory of engines. */
  reaches: (one: string, two: string): string[] => [
    ...reaches({ up, tasks, events, errors, vault }, one, two), ...reaches({ window }, one, two),
  ],
  inMemory(one: string, two: string): boolean {
    const needle = new TextEncoder().encode(one + two);
    return memories.some(({ buffer }) => {
      const memory = new Uint8Array(buffer);
      const [first = 0] = needle;
      for (let at = memory.indexOf(first); at >= 0; at = memory.indexOf(first, at + 1)) {
        if (needle.every((byte, i) => memory[at + i] === byte)) return true;
      }
      return false;
    });
  },
  memories: (): number => memories.length,
  told: (): string[][] => vaults.map(({ told }) => told.map((message) => String((message as { kind: unknown }).kind))),
  /** Where the needle is in what workers were told. */
  wasTold: (one: string, two: string): string[] => reaches({ told: vaults.map(({ told }) => told) }, one, two),

  /** What is wrong with the keys of this page: nothing, if none can be read back. */
  async readable(): Promise<string[]> {
    const wrong = keys.length === 0 ? ["there are none"] : [];
    for (const { key, extractable } of keys) {
      if (extractable || key.extractable) wrong.push("one is extractable");
      for (const format of ["raw", "jwk"] as const) {
        await crypto.subtle.exportKey(format, key).then(() => wrong.push(`one is exported as ${format}`), () => undefined);
      }
    }
    return wrong;
  },

  /** How long many small files take, from choosing them to the last answer, and what it took. */
  async race(options: UploaderOptions, prefix: string, files: number, size: number): Promise<Record<string, number>> {
    const racer = createUploader(options);
    await racer.ready;
    const bytes = new Uint8Array(size);
    const messages = (): number => vaults.reduce((all, { told }) => all + told.length, 0);
    const before = { steps: steps.taken, messages: messages() };
    const begun = performance.now();
    const all = Array.from({ length: files }, (_, i) => racer.upload(new Blob([bytes]), { key: `${prefix}${i}` }));
    await Promise.all(all);
    const millis = performance.now() - begun;
    const ran = { millis, steps: steps.taken - before.steps, messages: messages() - before.messages };
    racer.close();
    vaults.length = 0;
    return ran;
  },

  /** Ends the last worker that signs, as a browser does that runs out of memory: nobody is told. */
  kill: (): void => vaults.at(-1)?.worker.terminate(),
};

declare global {
  interface Window {
    vault: typeof vault;
  }
}
window.vault = vault;

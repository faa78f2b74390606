import type { Journal } from "../../../web/core/journal.js";
import { memoryJournal, openJournal } from "../../../web/core/journal.js";
import { channelLocks } from "../../../web/core/locks.js";
import { describeError, type Failure } from "./failure.js";

/** What a step gives; of load, no record and locked are two things. */
interface Outcome {
  record?: number[];
  locked?: boolean;
  names?: string[];
  error?: Failure;
}

const open = new Map<string, Journal>();

async function outcome(work: (journal: Journal) => Promise<Outcome | void>, which: string): Promise<Outcome> {
  try {
    const journal = open.get(which);
    if (!journal) throw new Error(`harness: there is no journal ${which}`);
    return (await work(journal)) ?? {};
  } catch (error) {
    return { error: describeError(error) };
  }
}

const numbers = (record: Uint8Array | undefined): Outcome => (record ? { record: [...record] } : {});

/**
 * Journals by the name that a test gives each. Those of
 * kind "web" and "channel" are on the same records; those of kind "uploader" on
 * what the page's uploaders write; those of kind "channel" lock without Web Locks.
 */
export const journals = {
  async open(which: string, kind: "web" | "channel" | "memory" | "uploader"): Promise<Outcome> {
    try {
      open.get(which)?.close();
      open.set(which, kind === "memory" ? memoryJournal()
        : kind === "uploader" ? await openJournal()
        : kind === "channel" ? await openJournal("harness", channelLocks("harness")) : await openJournal("harness"));
      return {};
    } catch (error) {
      return { error: describeError(error) };
    }
  },
  load: (which: string, name: string): Promise<Outcome> =>
    outcome(async (journal) => {
      const loaded = await journal.load(name);
      return loaded === "locked" ? { locked: true } : numbers(loaded.record);
    }, which),
  save: (which: string, name: string, record: number[]): Promise<Outcome> =>
    outcome((journal) => journal.save(name, new Uint8Array(record)), which),
  append: (which: string, name: string, more: number[]): Promise<Outcome> =>
    outcome((journal) => journal.append(name, new Uint8Array(more)), which),
  /** Appends count times length bytes, each time the count so far, one after the other. Returns what fails. */
  async appendMany(which: string, name: string, count: number, length: number): Promise<string> {
    const { error } = await outcome(async (journal) => {
      for (let i = 0; i < count; i++) await journal.append(name, new Uint8Array(length).fill(i));
    }, which);
    return error?.message ?? "";
  },
  forget: (which: string, name: string): Promise<Outcome> => outcome((journal) => journal.forget(name), which),
  unlock: (which: string, name: string): Promise<Outcome> => outcome(async (journal) => journal.unlock(name), which),
  setAside: (which: string, name: string): Promise<Outcome> => outcome((journal) => journal.setAside(name), which),
  read: (which: string, name: string): Promise<Outcome> => outcome(async (journal) => numbers(await journal.read(name)), which),
  list: (which: string): Promise<Outcome> => outcome(async (journal) => ({ names: await journal.list() }), which),
};

/**
 * What survives a reload: one record for each upload that has begun, by name.
 * What is in a record, and when it is written or dropped, the engine decides;
 * where it lies is decided here, in IndexedDB or in this page's memory.
 *
 * Names are the engine's. Two journals of the same name see the same records,
 * whichever tabs they are in, and never have the same record open.
 */
import { BucketlineError } from "./error.js";
import { openLocks, type Locks } from "./locks.js";
import { memoryShelf, openShelf, type Shelf } from "./shelf.js";

/**
 * What is asked about one name happens in the order in which it is asked.
 * Rejections are {@link BucketlineError}s: StorageFull where the browser gives
 * no more room, else StorageFailed; the record is then as it was.
 */
export interface Journal {
  /**
   * Opens record name for this journal alone and reads it; without a record
   * there is nothing in the answer, and the name is open all the same. "locked":
   * another tab, or another user in this one, has it open.
   */
  load(name: string): Promise<{ record?: Uint8Array } | "locked">;
  /** Replaces the record of a name that is open: a crash leaves the old one or the new one. */
  save(name: string, record: Uint8Array): Promise<void>;
  /** Adds to the end of a record that is open and was saved once. */
  append(name: string, more: Uint8Array): Promise<void>;
  /** Deletes the record, if there is one, and gives the name up. */
  forget(name: string): Promise<void>;
  /** Gives the name up, after what was asked before, and leaves the record. */
  unlock(name: string): void;
  /** Moves a damaged record out of the way, in place of one that was moved before, and leaves the name open. */
  setAside(name: string): Promise<void>;
  /** The names of all records, open or not. */
  list(): Promise<string[]>;
  /** Reads a record that need not be open, to show it. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Gives all names up. */
  close(): void;
}

/**
 * Opens the journal called name in IndexedDB. It rejects with StorageUnavailable
 * where the browser keeps nothing, in some private windows and sandboxed frames:
 * {@link memoryJournal} then does, until the page is left.
 */
export async function openJournal(name = "bucketline", locks = openLocks(name)): Promise<Journal> {
  try {
    return journalOf(await openShelf(name), locks);
  } catch (cause) {
    locks.close();
    throw new BucketlineError("the journal", { code: "StorageUnavailable", text: String(cause) }, { cause });
  }
}

/** A journal that lasts as long as the page, and that nobody else sees. */
export function memoryJournal(): Journal {
  const taken = new Set<string>();
  return journalOf(memoryShelf(), {
    take: async (name) => !taken.has(name) && !!taken.add(name),
    release: (name) => void taken.delete(name),
    close: () => taken.clear(),
  });
}

function journalOf(shelf: Shelf, locks: Locks): Journal {
  /** The number of the next frame of each record that is open. */
  const open = new Map<string, number>();
  /** The last thing asked about each name, while it is under way. */
  const last = new Map<string, Promise<unknown>>();
  const inTurn = <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const done = (last.get(name) ?? Promise.resolve()).then(work).catch((cause: unknown) => { throw failure(cause); });
    const ended = done.then(() => undefined, () => undefined).then(() => {
      if (last.get(name) === ended) last.delete(name);
    });
    last.set(name, ended);
    return done;
  };
  const next = (name: string): number => {
    const at = open.get(name);
    if (at === undefined) throw new Error("the record is not open");
    return at;
  };
  const put = (name: string, bytes: Uint8Array, place: (next: number) => number): Promise<void> => {
    // Now, since the caller may reuse the memory; and by itself, since a browser stores all of what a view is of.
    const frame = bytes.slice();
    return inTurn(name, async () => {
      const at = place(next(name));
      await shelf.put(name, at, frame);
      open.set(name, at + 1);
    });
  };
  const giveUp = (name: string): void => {
    if (open.delete(name)) locks.release(name);
  };
  return {
    load: (name) => inTurn(name, async () => {
      if (open.has(name) || !(await locks.take(name))) return "locked";
      open.set(name, 0);
      try {
        const frames = await shelf.read(name);
        open.set(name, frames.length);
        return frames.length > 0 ? { record: joined(frames) } : {};
      } catch (cause) {
        giveUp(name);
        throw cause;
      }
    }),
    save: (name, record) => put(name, record, () => 0),
    append: (name, more) => put(name, more, (at) => {
      if (at === 0) throw new Error("there is no record to append to");
      return at;
    }),
    forget: (name) => inTurn(name, async () => {
      next(name);
      await shelf.drop(name);
      giveUp(name);
    }),
    unlock: (name) => void inTurn(name, async () => giveUp(name)),
    setAside: (name) => inTurn(name, async () => {
      next(name);
      await shelf.setAside(name);
      open.set(name, 0);
    }),
    list: () => shelf.list().catch((cause: unknown) => { throw failure(cause); }),
    read: (name) => inTurn(name, async () => {
      const frames = await shelf.read(name);
      return frames.length > 0 ? joined(frames) : undefined;
    }),
    close: () => {
      open.clear();
      locks.close();
      shelf.close();
    },
  };
}

function failure(cause: unknown): BucketlineError {
  const full = cause instanceof Error && cause.name === "QuotaExceededError";
  return new BucketlineError("the journal", { code: full ? "StorageFull" : "StorageFailed", text: String(cause) }, { cause });
}

function joined(frames: Uint8Array[]): Uint8Array {
  const record = new Uint8Array(frames.reduce((length, frame) => length + frame.length, 0));
  let at = 0;
  for (const frame of frames) {
    record.set(frame, at);
    at += frame.length;
  }
  return record;
}

/**
 * Where a journal keeps bytes: a record is frames in order, numbered from 0. In
 * IndexedDB, where it lasts, or in memory. Both know nothing of who may write.
 */
export interface Shelf {
  /** The frames of a record; none when there is no record. */
  read(name: string): Promise<Uint8Array[]>;
  /** Puts frame number at and keeps it; number 0 takes the place of the whole record. All of it is on disk then, or nothing. */
  put(name: string, at: number, frame: Uint8Array): Promise<void>;
  drop(name: string): Promise<void>;
  /** Keeps a record where read does not find it, in place of the one of that name that is there. */
  setAside(name: string): Promise<void>;
  list(): Promise<string[]>;
  close(): void;
}

/** How many frames of a record are read: more than the engine ever writes. */
const maxFrames = 30_000;

/** The version of the database. Version 1 had a store "records". */
const version = 2;

/** Frames by [record, number], and records that were set aside by name. */
const frames = "frames", aside = "aside";

/** All frames of a record: numbers sort before arrays. */
const all = (name: string): IDBKeyRange => IDBKeyRange.bound([name], [name, []]);

/** Opens the database called name; rejects where the browser has none for this page. */
export async function openShelf(name: string): Promise<Shelf> {
  let opened: Promise<IDBDatabase> | undefined;
  let closed = false;
  const connect = (): Promise<IDBDatabase> => {
    if (closed) return Promise.reject(new Error("the journal is closed"));
    opened ??= openDatabase(name, () => (opened = undefined)).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  const underWay = new Set<IDBTransaction>();
  let here = Promise.resolve();
  const run = async <T>(
    mode: IDBTransactionMode, work: (transaction: IDBTransaction) => IDBRequest<T> | undefined,
  ): Promise<T | undefined> => {
    await here;
    const database = await connect();
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction([frames, aside], mode, { durability: "strict" });
      underWay.add(transaction);
      transaction.onabort = () => {
        // Ended by leave, it is tried again when the page is back.
        if (underWay.delete(transaction)) reject(transaction.error ?? new Error("the record is gone, or the browser gave up"));
        else resolve(run(mode, work));
      };
      try {
        const request = work(transaction);
        transaction.oncomplete = () => {
          underWay.delete(transaction);
          resolve(request?.result);
        };
      } catch (error) {
        reject(error);
        transaction.abort(); // else what was asked before the failure is carried out
      }
    });
  };
  // WebKit keeps a page that was left, with its transactions, and those of the next page wait for them for ever.
  const leave = (): void => {
    here = new Promise((back) => globalThis.addEventListener("pageshow", () => back(), { once: true }));
    for (const transaction of [...underWay]) {
      try {
        transaction.abort();
        underWay.delete(transaction);
      } catch {
        // It is at its end already.
      }
    }
  };
  globalThis.addEventListener?.("pagehide", leave);
  await connect();

  return {
    read: async (record) => (await run("readonly", (t) => t.objectStore(frames).getAll(all(record), maxFrames)) ?? []).filter(isBytes),
    put: async (record, at, frame) => {
      await run("readwrite", (t) => {
        const store = t.objectStore(frames);
        if (at === 0) {
          store.delete(all(record));
          return store.put(frame, [record, at]);
        }
        // Site data may have been cleared, which locks survive: no record is to begin in its middle.
        const first = store.getKey([record, 0]);
        first.onsuccess = () => void (first.result === undefined ? t.abort() : store.put(frame, [record, at]));
        return undefined;
      });
    },
    drop: async (record) => void await run("readwrite", (t) => t.objectStore(frames).delete(all(record))),
    setAside: async (record) => {
      await run("readwrite", (t) => {
        const request = t.objectStore(frames).getAll(all(record), maxFrames);
        request.onsuccess = () => {
          if (request.result.length > 0) t.objectStore(aside).put(request.result, record);
          t.objectStore(frames).delete(all(record));
        };
        return undefined;
      });
    },
    list: async () => {
      const names: string[] = [];
      await run("readonly", (t) => {
        const request = t.objectStore(frames).openKeyCursor();
        request.onsuccess = () => {
          const record: unknown = Array.isArray(request.result?.key) ? request.result.key[0] : undefined;
          if (typeof record !== "string") return;
          names.push(record);
          request.result?.continue([record, []]);
        };
        return undefined;
      });
      return names;
    },
    close: () => {
      closed = true;
      globalThis.removeEventListener?.("pagehide", leave);
      void opened?.then((database) => database.close(), () => undefined);
    },
  };
}

/** gone is called when the browser takes the connection away: the next use opens another. */
function openDatabase(name: string, gone: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name, version);
    let late = false;
    opening.onupgradeneeded = () => {
      const database = opening.result;
      for (const store of [...database.objectStoreNames]) database.deleteObjectStore(store);
      database.createObjectStore(frames);
      database.createObjectStore(aside);
    };
    opening.onblocked = () => {
      late = true;
      reject(new Error("another tab keeps an older journal open"));
    };
    opening.onerror = () => reject(opening.error ?? new Error("the browser gave no reason"));
    opening.onsuccess = () => {
      const database = opening.result;
      const leave = (): void => {
        gone();
        database.close();
      };
      // Another tab's newer version waits for this connection: let it go.
      database.onversionchange = leave;
      // The browser ends connections that idle in the background, and when its data is cleared.
      database.onclose = leave;
      if (late) database.close();
      else resolve(database);
    };
  });
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

export function memoryShelf(): Shelf {
  const records = new Map<string, Uint8Array[]>();
  return {
    read: async (name) => records.get(name) ?? [],
    put: async (name, at, frame) => {
      if (at === 0) records.set(name, []);
      records.get(name)?.push(frame);
    },
    drop: async (name) => void records.delete(name),
    // Nobody could look at it later.
    setAside: async (name) => void records.delete(name),
    list: async () => [...records.keys()],
    close: () => records.clear(),
  };
}

/**
 * What survives a reload: opaque records, by name, in IndexedDB. What is in
 * them, and when they are kept or dropped, the engine decides.
 */

export interface Journal {
  /** Every record, by name. */
  load(): Promise<Map<string, Uint8Array>>;
  /** Puts or replaces a record; it is on disk, as far as the browser says so, when this resolves. */
  save(name: string, record: Uint8Array): Promise<void>;
  forget(name: string): Promise<void>;
  close(): void;
}

const store = "records";

/** Opens the journal called name, or rejects where the browser keeps nothing (some private windows). */
export async function openJournal(name = "bucketline"): Promise<Journal> {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(store);
  const database = await settle(opening);
  // Another tab's newer version waits for this connection: let it go.
  database.onversionchange = () => database.close();

  const write = (change: (records: IDBObjectStore) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      const transaction = database.transaction(store, "readwrite", { durability: "strict" });
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error("the journal could not be written"));
      change(transaction.objectStore(store));
    });

  return {
    load: async () => {
      const records = database.transaction(store).objectStore(store);
      const [keys, values] = await Promise.all([settle(records.getAllKeys()), settle(records.getAll())]);
      const loaded = new Map<string, Uint8Array>();
      keys.forEach((key, i) => {
        const value: unknown = values[i];
        if (typeof key === "string" && value instanceof Uint8Array) loaded.set(key, value);
      });
      return loaded;
    },
    save: (key, record) => write((records) => void records.put(record, key)),
    forget: (key) => write((records) => void records.delete(key)),
    close: () => database.close(),
  };
}

function settle<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the journal could not be read"));
  });
}

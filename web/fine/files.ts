/** What is known of each file that was added, and where it stands. */
import { QqError } from "./error.js";
import { status, type Status } from "./status.js";

export interface FileRecord {
  id: number;
  name: string;
  originalName: string;
  uuid: string;
  /** In bytes; -1 when nobody knows. */
  size: number;
  status: Status;
  file?: unknown;
  batchId?: string;
  parentId?: number;
  proxyGroupId?: string;
}

export interface NewFile {
  name: string;
  uuid: string;
  size: number;
  file?: unknown;
  batchId?: string;
  parentId?: number;
  proxyGroupId?: string;
  status?: Status;
}

export interface Filter {
  id?: number | number[];
  uuid?: string | string[];
  status?: Status | Status[];
}

/** Files is the list of all that was added, by id from 0. */
export class Files {
  readonly #moved: (id: number, before: Status | null, after: Status) => void;
  #records: FileRecord[] = [];
  #byUuid = new Map<string, number>();
  #counts = new Map<Status, number>();

  /** moved is told of every change, after it. */
  constructor(moved: (id: number, before: Status | null, after: Status) => void) {
    this.#moved = moved;
  }

  add(spec: NewFile): number {
    const id = this.#records.length;
    const { name, uuid, size } = spec;
    const record: FileRecord = {
      id, name, originalName: name, uuid, size, status: spec.status ?? status.SUBMITTING, file: spec.file,
    };
    if (spec.batchId !== undefined) record.batchId = spec.batchId;
    if (spec.parentId !== undefined) record.parentId = spec.parentId;
    if (spec.proxyGroupId !== undefined) record.proxyGroupId = spec.proxyGroupId;
    this.#records.push(record);
    this.#byUuid.set(uuid, id);
    this.#count(record.status, 1);
    this.#moved(id, null, record.status);
    return id;
  }

  find(id: number): FileRecord | undefined {
    return this.#records[id];
  }

  /** Throws a TypeError for an id that there is not. */
  get(id: number): FileRecord {
    const record = this.#records[id];
    if (!record) throw new TypeError(`there is no file with id ${String(id)}`);
    return record;
  }

  get all(): readonly FileRecord[] {
    return this.#records;
  }

  byUuid(uuid: string): FileRecord | undefined {
    const id = this.#byUuid.get(uuid);
    return id === undefined ? undefined : this.#records[id];
  }

  /** Copies of all records; with a filter the records themselves: one for one id or UUID, else a list. */
  select(filter?: Filter): FileRecord | FileRecord[] | undefined {
    if (!filter) return this.#records.map((record) => ({ ...record }));
    if (this.#records.length === 0) return [];
    const list = <T>(wanted: T[], of: (value: T) => FileRecord | undefined): FileRecord[] =>
      wanted.map(of).filter((record) => record !== undefined);
    const { id, uuid, status: wanted } = filter;
    if (id !== undefined) return Array.isArray(id) ? list(id, (one) => this.#records[one]) : this.#records[id];
    if (uuid !== undefined) return Array.isArray(uuid) ? list(uuid, (one) => this.byUuid(one)) : this.byUuid(uuid);
    if (wanted === undefined) return this.#records.map((record) => ({ ...record }));
    const statuses = Array.isArray(wanted) ? wanted : [wanted];
    return this.#records.filter((record) => statuses.includes(record.status));
  }

  /** How many files stand where any of these says. */
  count(...wanted: readonly Status[]): number {
    return wanted.reduce((sum, one) => sum + (this.#counts.get(one) ?? 0), 0);
  }

  move(id: number, to: Status): void {
    const record = this.get(id);
    const before = record.status;
    record.status = to;
    this.#count(before, -1);
    this.#count(to, 1);
    this.#moved(id, before, to);
  }

  setUuid(id: number, uuid: string): void {
    const record = this.get(id);
    this.#byUuid.delete(record.uuid);
    record.uuid = uuid;
    this.#byUuid.set(uuid, id);
  }

  reset(): void {
    this.#records = [];
    this.#byUuid.clear();
    this.#counts.clear();
  }

  #count(of: Status, by: number): void {
    this.#counts.set(of, (this.#counts.get(of) ?? 0) + by);
  }
}

/** Checks that setStatus may move a file there. */
export function checkSettable(to: string): asserts to is "deleted" | "delete failed" {
  if (to !== status.DELETED && to !== status.DELETE_FAILED) {
    throw new QqError(`setStatus takes "${status.DELETED}" and "${status.DELETE_FAILED}", not "${to}"`);
  }
}

/** What a page adds becomes files with ids, looked at one after the other. */
import type { Hub } from "./hub.js";
import { kindOf, uniqueId, type Dictionary } from "./objects.js";
import type { Validation } from "./options.js";
import { isThenable, when } from "./promise.js";
import { status } from "./status.js";
import { inspect, type Candidate } from "./validate.js";

/** One thing that was added. */
interface Item extends Candidate {
  /** The button that it came by, with what it says about files. */
  buttonId: string | undefined;
}

export interface IntakeHost {
  readonly hub: Hub;
  /** What a button says about files that come by it, and its element. */
  button(id: string | undefined): { validation: Validation; element: HTMLElement | null | undefined };
  /** A file has an id, and what is asked of it before may use it. */
  added(id: number, item: { file: Blob; name: string; params: Dictionary | undefined; endpoint: string | undefined; buttonId: string | undefined }): void;
  /** A file is accepted. */
  accepted(id: number): void;
  /** Further records for copies of an image, and whether it is uploaded itself; undefined: there are none. */
  expand(file: Blob, name: string, uuid: string, batchId: string): { ids: number[]; original: boolean; group: string } | undefined;
  /** Files that wait for uploadStoredFiles, whose batch further ones join. */
  storedBatch(): string | undefined;
}

/** How long files are looked at before the page may do something else, in milliseconds. */
const sliceMillis = 10;

interface Pending extends Item {
  id: number;
}

/** Files of one call, in order. */
interface Batch {
  items: Pending[];
  next: number;
}

export class Intake {
  readonly #host: IntakeHost;
  readonly #channel = new MessageChannel();
  #due: (() => void)[] = [];
  #idle: (() => void)[] = [];
  #batches = 0;
  #epoch = 0;

  constructor(host: IntakeHost) {
    this.#host = host;
    this.#channel.port1.onmessage = () => this.#work();
  }

  /** Files are still being looked at. */
  get busy(): boolean {
    return this.#batches > 0;
  }

  /** Calls back once when nothing is being looked at any more. */
  whenIdle(then: () => void): void {
    this.#idle.push(then);
  }

  #batchEnded(): void {
    this.#batches--;
    if (this.#batches > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const then of idle) then();
  }

  /** Everything that is being looked at is forgotten. */
  reset(): void {
    this.#epoch++;
    this.#batches = 0;
    this.#due = [];
    this.#idle = [];
  }

  /** Adds what data has of files. */
  add(data: unknown, params: Dictionary | undefined, endpoint: string | undefined, buttonId?: string): void {
    if (!data) return;
    const { hub } = this.#host;
    const items: Item[] = [];
    this.#collect(data, items, buttonId);
    if (items.length === 0) {
      hub.itemError("noFilesError");
      return;
    }
    const batchId = this.#host.storedBatch() ?? uniqueId();
    const pending: Pending[] = [];
    for (const item of items) this.#record(item, batchId, params, endpoint, pending);
    const { element } = this.#host.button(items[0]?.buttonId);
    const batch: Batch = { items: pending, next: 0 };
    const epoch = this.#epoch;
    const reject = (): void => {
      for (const { id } of pending) hub.files.move(id, status.REJECTED);
    };
    this.#batches++;
    const answer = hub.call("onValidateBatch", pending.map(({ name, size }) => ({ name, size })), element);
    const decide = (allowed: unknown): void => {
      if (epoch !== this.#epoch) return;
      if (allowed === false) reject();
      else if (this.#tooMany(pending.length)) {
        reject();
      } else {
        this.#look(batch, epoch);
        return;
      }
      this.#batchEnded();
    };
    when(answer, decide, () => decide(false));
  }

  #tooMany(added: number): boolean {
    const { hub } = this.#host;
    const { itemLimit } = hub.options.validation;
    if (itemLimit <= 0 || hub.accepted() <= itemLimit || added === 0) return false;
    hub.itemError("tooManyItemsError", null);
    return true;
  }

  #record(item: Item, batchId: string, params: Dictionary | undefined, endpoint: string | undefined, pending: Pending[]): void {
    const { hub } = this.#host;
    const { name, size, file } = item;
    const uuid = uniqueId();
    const more = this.#host.expand(file, name, uuid, batchId);
    const list = (id: number): void => {
      const record = hub.files.get(id);
      const blob = record.file instanceof Blob ? record.file : file;
      this.#host.added(id, { file: blob, name: record.name, params, endpoint, buttonId: item.buttonId });
      pending.push({ ...item, id }); // a copy is looked at as its original is
    };
    for (const id of more?.ids ?? []) list(id);
    const own = hub.files.add({ name, uuid, size, file, batchId, ...(more ? { proxyGroupId: more.group } : {}) });
    if (more && !more.original) hub.files.move(own, status.REJECTED); // it is listed, and stays here
    else list(own);
  }

  /** Looks at the next file of batch, and goes on with the one after it in a task of its own. */
  #look(batch: Batch, epoch: number): void {
    const item = batch.items[batch.next++];
    if (epoch !== this.#epoch) return;
    if (!item) {
      this.#batchEnded();
      return;
    }
    this.#judge(item, (accepted) => {
      if (epoch !== this.#epoch) return;
      const { validation } = this.#host.button(item.buttonId);
      if (!accepted && validation.stopOnFirstInvalidFile) {
        for (const { id } of batch.items.slice(batch.next)) this.#host.hub.files.move(id, status.REJECTED);
        batch.next = batch.items.length;
      }
      if (batch.next === batch.items.length) this.#batchEnded();
      else this.#later(() => this.#look(batch, epoch));
    });
  }

  #judge(item: Pending, done: (accepted: boolean) => void): void {
    const { hub } = this.#host;
    const { validation, element } = this.#host.button(item.buttonId);
    const { id } = item;
    const reject = (): void => {
      if (hub.files.find(id)?.status === status.SUBMITTING) hub.files.move(id, status.REJECTED);
      done(false);
    };
    const submit = (): void => {
      const { name } = hub.files.get(id);
      checked(hub.call("onSubmit", id, name), () => {
        if (hub.files.find(id)?.status !== status.SUBMITTING) {
          done(true); // it was dropped meanwhile
          return;
        }
        hub.files.move(id, status.SUBMITTED);
        hub.call("onSubmitted", id, hub.files.get(id).name);
        this.#host.accepted(id);
        done(true);
      }, reject);
    };
    checked(hub.call("onValidate", { name: item.name, size: item.size }, element), () => {
      inspect(item, validation, (code) => {
        if (code === undefined) {
          submit();
          return;
        }
        hub.itemError(code, item.name);
        reject();
      });
    }, reject);
  }

  #later(work: () => void): void {
    this.#due.push(work);
    if (this.#due.length === 1) this.#channel.port2.postMessage(0);
  }

  /** As many files as fit into a moment, and the rest in the next task. */
  #work(): void {
    const until = performance.now() + sliceMillis;
    do {
      const work = this.#due.shift();
      if (!work) return;
      work();
    } while (performance.now() < until);
    if (this.#due.length > 0) this.#channel.port2.postMessage(0);
  }

  #collect(data: unknown, items: Item[], buttonId: string | undefined): void {
    const { hub } = this.#host;
    const kind = kindOf(data);
    if (kind === "File") {
      const file = data as File & { qqButtonId?: string };
      items.push({ name: file.name, size: file.size, file, blob: false, buttonId: file.qqButtonId ?? buttonId });
    } else if (kind === "Blob") {
      const file = data as Blob;
      items.push({ name: hub.options.blobs.defaultName, size: file.size, file, blob: true, buttonId });
    } else if (kind === "HTMLCanvasElement") {
      this.#canvas({ canvas: data, name: `${hub.options.blobs.defaultName}.png` }, items, buttonId);
    } else if (kind === "FileList" || Array.isArray(data)) {
      for (const one of Array.from(data as ArrayLike<unknown>)) this.#collect(one, items, buttonId);
    } else if (typeof data === "object" && data !== null) this.#collectFrom(data as Dictionary, items, buttonId);
    else hub.log(`This is no file: ${kind}`, "error");
  }

  #collectFrom(data: Dictionary, items: Item[], buttonId: string | undefined): void {
    const { hub } = this.#host;
    const { blob, canvas, name, tagName, type, files } = data;
    if (isInput(tagName, type) && files) this.#collect(Array.from(files as ArrayLike<unknown>), items, buttonId);
    else if (blob && (kindOf(blob) === "Blob" || kindOf(blob) === "File")) {
      const file = blob as Blob;
      const own = typeof name === "string" && name ? name : hub.options.blobs.defaultName;
      items.push({ name: own, size: file.size, file, blob: true, buttonId });
    } else if (canvas && kindOf(canvas) === "HTMLCanvasElement") this.#canvas(data, items, buttonId);
    else hub.log(`This is no file: ${kindOf(data)}`, "error");
  }

  #canvas({ canvas, name, type, quality }: Dictionary, items: Item[], buttonId: string | undefined): void {
    const wanted = typeof type === "string" && type ? type : "image/png";
    const file = canvasBlob(canvas as HTMLCanvasElement, wanted, typeof quality === "number" ? quality / 100 : undefined);
    const own = typeof name === "string" && name ? name : `${this.#host.hub.options.blobs.defaultName}.png`;
    items.push({ name: own, size: file.size, file, blob: true, buttonId });
  }
}

function isInput(tagName: unknown, type: unknown): boolean {
  return String(tagName).toLowerCase() === "input" && String(type).toLowerCase() === "file";
}

/** A canvas as a file, at once. quality is 0 to 1. */
export function canvasBlob(canvas: HTMLCanvasElement, type: string, quality: number | undefined): Blob {
  const [head = "", data = ""] = canvas.toDataURL(type, quality).split(",");
  const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
  return new Blob([bytes], { type: /^data:([^;]*)/.exec(head)?.[1] ?? type });
}

/** Goes on after a callback that may say no: by false, or by a promise that is rejected or resolves to false. */
export function checked(answer: unknown, yes: () => void, no: () => void): void {
  if (isThenable(answer)) answer.then((value) => (value === false ? no() : yes()), no);
  else if (answer === false) no();
  else yes();
}


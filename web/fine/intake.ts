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
  /** A file is accepted: tell says so to the page. */
  accepted(id: number, tell: () => void): void;
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
  /** Calls that are being looked at, and files that wait for onSubmit. */
  #open = 0;
  #epoch = 0;

  constructor(host: IntakeHost) {
    this.#host = host;
    this.#channel.port1.onmessage = () => this.#work();
  }

  /** Files are still being looked at. */
  get busy(): boolean {
    return this.#open > 0;
  }

  /** Calls back once when nothing is being looked at any more. */
  whenIdle(then: () => void): void {
    this.#idle.push(then);
  }

  #closed(): void {
    this.#open--;
    if (this.#open > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const then of idle) then();
  }

  /** Everything that is being looked at is forgotten. */
  reset(): void {
    this.#epoch++;
    this.#open = 0;
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
    this.#open++;
    const answer = hub.call("onValidateBatch", pending.map(({ name, size }) => ({ name, size })), element);
    const decide = (allowed: unknown): void => {
      if (epoch !== this.#epoch) return;
      if (allowed !== false && !this.#tooMany(pending.length)) {
        this.#look(batch, epoch);
        return;
      }
      const netItems = hub.accepted();
      reject();
      if (allowed !== false) hub.itemError("tooManyItemsError", null, { netItems });
      this.#closed();
    };
    when(answer, decide, () => decide(false));
  }

  #tooMany(added: number): boolean {
    const { hub } = this.#host;
    const { itemLimit } = hub.options.validation;
    return itemLimit > 0 && hub.accepted() > itemLimit && added > 0;
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
    const scales = hub.options.scaling.sizes.length > 0; // then every file is one of a group
    const group = more?.group ?? (scales ? uniqueId() : undefined);
    const own = hub.files.add({ name, uuid, size, file, batchId, ...(group === undefined ? {} : { proxyGroupId: group }) });
    if (more && !more.original) hub.files.move(own, status.REJECTED); // it is listed, and stays here
    else list(own);
  }

  /** Looks at the next file of batch, and goes on with the one after it in a task of its own. */
  #look(batch: Batch, epoch: number): void {
    const item = batch.items[batch.next++];
    if (epoch !== this.#epoch) return;
    if (!item) {
      this.#closed();
      return;
    }
    this.#judge(item, (accepted) => {
      if (epoch !== this.#epoch) return;
      const { validation } = this.#host.button(item.buttonId);
      if (!accepted && validation.stopOnFirstInvalidFile) {
        for (const { id } of batch.items.slice(batch.next)) this.#host.hub.files.move(id, status.REJECTED);
        batch.next = batch.items.length;
      }
      if (batch.next === batch.items.length) this.#closed();
      else this.#later(() => this.#look(batch, epoch));
    });
  }

  /** Has the page submit a file, or not; the next one does not wait for its word. */
  #submit(id: number): void {
    const { hub } = this.#host;
    const { name } = hub.files.get(id);
    const epoch = this.#epoch;
    const decide = (allowed: boolean, said?: unknown): void => {
      if (epoch !== this.#epoch) return;
      if (hub.files.find(id)?.status === status.SUBMITTING) { // else it was dropped meanwhile
        hub.files.move(id, allowed ? status.SUBMITTED : status.REJECTED);
        if (allowed) this.#host.accepted(id, () => hub.call("onSubmitted", id, hub.files.get(id).name, said));
      }
      this.#closed();
    };
    this.#open++;
    checked(hub.call("onSubmit", id, name), (said) => decide(true, said), () => decide(false));
  }

  #judge(item: Pending, done: (accepted: boolean) => void): void {
    const { hub } = this.#host;
    const { validation, element } = this.#host.button(item.buttonId);
    const { id } = item;
    const reject = (): void => {
      if (hub.files.find(id)?.status === status.SUBMITTING) hub.files.move(id, status.REJECTED);
      done(false);
    };
    checked(hub.call("onValidate", { name: item.name, size: item.size }, element), () => {
      inspect(item, validation, (code) => {
        if (code === undefined) {
          this.#submit(id);
          done(true);
          return;
        }
        hub.itemError(code, item.name, { rules: validation });
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
export function checked(answer: unknown, yes: (said: unknown) => void, no: () => void): void {
  if (isThenable(answer)) answer.then((said) => (said === false ? no() : yes(said)), no);
  else if (answer === false) no();
  else yes(answer);
}


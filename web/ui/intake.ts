/** How files come in: by drop and paste anywhere in the page, and from the two file inputs. */
import { accepts } from "./accept.js";
import { walk, withPath, type Entry, type Found } from "./walk.js";

/** What an intake asks of the element it works for. */
export interface IntakeHost extends HTMLElement {
  readonly accept: string;
  readonly multiple: boolean;
  readonly directory: boolean;
  /** Files can be taken now. */
  readonly ready: boolean;
  /** One file, in order. */
  take(file: File, path: string): void;
  /** What was left out of one drop or choice. */
  leaveOut(skipped: readonly string[], unwanted: readonly string[]): void;
  drag(over: boolean): void;
}

/** After so many files the page gets a moment for itself. */
const burst = 100;

/** Safari tells nothing when a drag leaves the window; silence for so many milliseconds tells it. */
const dragSilenceMillis = 1000;

export class Intake {
  readonly #host: IntakeHost;
  #listening: AbortController | undefined;
  #dragTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: IntakeHost) {
    this.#host = host;
  }

  /** Listens to the whole document, until stop. What another element has taken already is left to it. */
  start(): void {
    this.stop();
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const document = this.#host.ownerDocument;
    document.addEventListener("dragenter", (event) => this.#dragged(event), { signal });
    document.addEventListener("dragover", (event) => this.#dragged(event), { signal });
    document.addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) this.#dragEnds();
    }, { signal });
    document.addEventListener("drop", (event) => this.#dropped(event), { signal });
    document.addEventListener("paste", (event) => this.#pasted(event), { signal });
  }

  stop(): void {
    this.#listening?.abort();
    this.#dragEnds();
  }

  /** Takes what an input holds, and empties it so that the same file can be chosen again. */
  chosen(input: HTMLInputElement): void {
    const files = [...(input.files ?? [])];
    input.value = "";
    void this.#takeAll(files.map((file) => ({ file, path: file.webkitRelativePath || file.name })));
  }

  #dragged(event: DragEvent): void {
    if (event.defaultPrevented || !this.#host.ready || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    this.#host.drag(true);
    clearTimeout(this.#dragTimer);
    this.#dragTimer = setTimeout(() => this.#dragEnds(), dragSilenceMillis);
  }

  #dragEnds(): void {
    clearTimeout(this.#dragTimer);
    this.#host.drag(false);
  }

  #dropped(event: DragEvent): void {
    const data = event.dataTransfer;
    if (event.defaultPrevented || !this.#host.ready || !data?.types.includes("Files")) return;
    event.preventDefault();
    this.#dragEnds();
    // The items are gone after this turn: ask for all of them now.
    const found: (Entry | Found)[] = [];
    for (const item of data.items) {
      if (item.kind !== "file") continue;
      const entry: Entry | null = item.webkitGetAsEntry?.() ?? null;
      const file = entry ? null : item.getAsFile();
      if (entry) found.push(entry);
      else if (file) found.push({ file, path: file.name });
    }
    void this.#takeAll(this.#resolve(found));
  }

  #pasted(event: ClipboardEvent): void {
    const files = [...(event.clipboardData?.files ?? [])];
    if (event.defaultPrevented || !this.#host.ready || files.length === 0 || isEditable(event)) return;
    event.preventDefault();
    void this.#takeAll(files.map((file) => ({ file, path: file.name })));
  }

  async *#resolve(found: readonly (Entry | Found)[]): AsyncGenerator<Found> {
    for (const one of found) {
      if (!("name" in one)) yield one;
      else if (one.isDirectory && !this.#host.directory) yield { skipped: one.name };
      else yield* walk([one]);
    }
  }

  async #takeAll(all: Iterable<Found> | AsyncIterable<Found>): Promise<void> {
    const skipped: string[] = [];
    const unwanted: string[] = [];
    let taken = 0;
    for await (const found of all) {
      if ("skipped" in found) {
        skipped.push(found.skipped);
        continue;
      }
      if (!accepts(this.#host.accept, found.file)) {
        unwanted.push(found.path);
        continue;
      }
      if (taken > 0 && !this.#host.multiple) break;
      this.#host.take(withPath(found.file, found.path), found.path);
      if (++taken % burst === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    this.#host.leaveOut(skipped, unwanted);
  }
}

/** Whether an event goes to a field that somebody writes in. */
function isEditable(event: Event): boolean {
  const [target] = event.composedPath();
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement;
}

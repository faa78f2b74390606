/** Files and folders that are dropped onto elements of the page. */

export interface DropCallbacks {
  dragEnter?: (event: DragEvent) => void;
  dragLeave?: (event: DragEvent) => void;
  /** The dropped folders are being read. */
  processingDroppedFiles?: () => void;
  processingDroppedFilesComplete?: (files: File[], target: EventTarget | null) => void;
  dropError?: (code: string, data: unknown) => void;
  dropLog?: (message: string, level?: string) => void;
}

export interface DropOptions {
  dropZoneElements?: HTMLElement[];
  allowMultipleItems?: boolean;
  classes?: { dropActive?: string | null };
  callbacks?: DropCallbacks;
}

/** A file of a dropped folder knows where it lay in it, and every file where it was dropped. */
type Dropped = File & { qqPath?: string; qqDropTarget?: EventTarget | null };

export class DragAndDrop {
  readonly #callbacks: DropCallbacks;
  readonly #multiple: boolean;
  readonly #active: string | undefined;
  readonly #zones = new Map<HTMLElement, () => void>();
  readonly #unguard: () => void;

  constructor(options: DropOptions = {}) {
    this.#callbacks = options.callbacks ?? {};
    this.#multiple = options.allowMultipleItems ?? true;
    this.#active = options.classes?.dropActive ?? undefined;
    for (const zone of options.dropZoneElements ?? []) this.setupExtraDropzone(zone);
    // A file dropped beside a zone would be opened in place of the page.
    const guard = (event: DragEvent): void => {
      const inside = [...this.#zones.keys()].some((zone) => event.target instanceof Node && zone.contains(event.target));
      if (!inside && hasFiles(event) && this.#zones.size > 0) event.preventDefault();
    };
    document.addEventListener("dragover", guard);
    document.addEventListener("drop", guard);
    this.#unguard = () => {
      document.removeEventListener("dragover", guard);
      document.removeEventListener("drop", guard);
    };
  }

  setupExtraDropzone(zone: HTMLElement): void {
    if (this.#zones.has(zone)) return;
    const { dragEnter, dragLeave } = this.#callbacks;
    const light = (on: boolean): void => {
      if (this.#active) zone.classList.toggle(this.#active, on);
    };
    const listeners: Record<string, (event: DragEvent) => void> = {
      dragover: (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        event.stopPropagation();
        if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
      },
      dragenter: (event) => {
        if (!hasFiles(event)) return;
        event.stopPropagation();
        light(true);
        dragEnter?.(event);
      },
      dragleave: (event) => {
        const to = event.relatedTarget;
        if (!hasFiles(event) || (to instanceof Node && zone.contains(to))) return;
        light(false);
        dragLeave?.(event);
      },
      drop: (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        event.stopPropagation();
        light(false);
        this.#dropped(event, zone);
      },
    };
    for (const [type, listener] of Object.entries(listeners)) zone.addEventListener(type, listener as (event: Event) => void);
    this.#zones.set(zone, () => {
      for (const [type, listener] of Object.entries(listeners)) zone.removeEventListener(type, listener as (event: Event) => void);
    });
  }

  removeDropzone(zone: HTMLElement): void {
    this.#zones.get(zone)?.();
    this.#zones.delete(zone);
  }

  dispose(): void {
    for (const zone of [...this.#zones.keys()]) this.removeDropzone(zone);
    this.#unguard();
  }

  #dropped({ dataTransfer, target }: DragEvent, zone: HTMLElement): void {
    const { processingDroppedFiles, processingDroppedFilesComplete, dropError, dropLog } = this.#callbacks;
    if (!dataTransfer) return;
    processingDroppedFiles?.();
    dataTransfer.dropEffect = "copy";
    // Entries are good only as long as the event.
    const entries = Array.from(dataTransfer.items).filter(({ kind }) => kind === "file").map((item) => item.webkitGetAsEntry?.() ?? null);
    const plain = Array.from(dataTransfer.files);
    if (plain.length > 1 && !this.#multiple) {
      processingDroppedFilesComplete?.([], target);
      dropError?.("tooManyFilesError", "");
      return;
    }
    const done = (files: Dropped[]): void => {
      for (const file of files) file.qqDropTarget = zone;
      processingDroppedFilesComplete?.(files, target);
    };
    if (entries.every((entry) => entry === null || !entry.isDirectory)) {
      done(plain);
      return;
    }
    const found: Dropped[] = [];
    const walkAll = async (): Promise<void> => {
      for (const entry of entries) if (entry) await walk(entry, found);
    };
    walkAll().then(() => done(found), (error: unknown) => {
      dropLog?.(`A dropped folder could not be read: ${String(error)}`, "error");
      done(found);
    });
  }
}

function hasFiles({ dataTransfer }: DragEvent): boolean {
  return !!dataTransfer && Array.from(dataTransfer.types).includes("Files");
}

async function walk(entry: FileSystemEntry, found: Dropped[]): Promise<void> {
  if (entry.isFile) {
    const file: Dropped = await new Promise((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    const folder = entry.fullPath.replace(/^\//, "").slice(0, -entry.name.length);
    if (folder) file.qqPath = folder;
    found.push(file);
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const some: FileSystemEntry[] = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return; // browsers give a hundred at a time
    for (const one of some) await walk(one, found);
  }
}

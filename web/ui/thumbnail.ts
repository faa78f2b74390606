/** Small pictures of images, decoded and scaled off the main thread, for the rows on screen. */

/** Twice the 40 px that they are shown at, for screens with small pixels. */
const sidePixels = 80;

/** A larger file, in bytes, keeps its letters: decoding it could take all the memory there is. */
const maxFileBytes = 40e6;

/** Pictures kept after they scrolled away. */
const maxKept = 300;

/** Decoders at work at once. */
const maxAtOnce = 2;

export class Thumbnails {
  /** By task ID, the least recently shown first; undefined is one that is wanted or cannot be made. */
  readonly #kept = new Map<number, HTMLCanvasElement | undefined>();
  readonly #wanted: { id: number; file: Blob }[] = [];
  readonly #made: () => void;
  #working = 0;

  /** made is called when a picture is ready. */
  constructor(made: () => void) {
    this.#made = made;
  }

  /** The picture of a file, if there is one already; otherwise it will be made. */
  of(id: number, file: Blob): HTMLCanvasElement | undefined {
    if (!file.type.startsWith("image/") || file.size > maxFileBytes || file.size === 0) return undefined;
    if (this.#kept.has(id)) {
      const canvas = this.#kept.get(id);
      this.#kept.delete(id);
      this.#kept.set(id, canvas);
      return canvas;
    }
    this.#kept.set(id, undefined);
    this.#wanted.push({ id, file });
    // What scrolled by long ago is not wanted any more, and asked for again if it is.
    while (this.#wanted.length > maxKept / 10) this.#kept.delete(this.#wanted.shift()?.id ?? id);
    this.#work();
    return undefined;
  }

  forget(): void {
    this.#kept.clear();
    this.#wanted.length = 0;
  }

  #work(): void {
    while (this.#working < maxAtOnce) {
      const next = this.#wanted.pop(); // the last one asked for is the one on screen
      if (!next) return;
      this.#working++;
      void this.#make(next.id, next.file).finally(() => {
        this.#working--;
        this.#work();
      });
    }
  }

  async #make(id: number, file: Blob): Promise<void> {
    let bitmap: ImageBitmap;
    try {
      bitmap = await createImageBitmap(file, { resizeWidth: sidePixels, resizeQuality: "medium" });
    } catch {
      return; // not an image, or of a kind that this browser does not know: the letters stay
    }
    if (!this.#kept.has(id)) {
      bitmap.close();
      return;
    }
    const canvas = document.createElement("canvas");
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.getContext("bitmaprenderer")?.transferFromImageBitmap(bitmap);
    this.#kept.set(id, canvas);
    for (const old of this.#kept.keys()) {
      if (this.#kept.size <= maxKept) break;
      this.#kept.delete(old);
    }
    this.#made();
  }
}

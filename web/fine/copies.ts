/** Smaller copies of an image, which are files of their own: listed at once, drawn when their turn comes. */
import type { Hub } from "./hub.js";
import { isImage } from "./images.js";
import { uniqueId, type Dictionary } from "./objects.js";
import type { ScaledSize } from "./options.js";
import { copyName, scale, sizesOf, typeOf } from "./scaling.js";

interface Copy {
  readonly original: Blob;
  readonly size: ScaledSize;
  readonly type: string;
  /** The copies of one image are drawn one after the other. */
  readonly group: string;
}

export class Copies {
  readonly #hub: Hub;
  readonly #copies = new Map<number, Copy>();
  readonly #params = new Map<number, Dictionary>();
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  /** Lists the copies of file, if the options want any; returns their ids. */
  expand(file: Blob, name: string, uuid: string, batchId: string): { ids: number[]; original: boolean; group: string } | undefined {
    const { files, options } = this.#hub;
    const { scaling } = options;
    const sizes = sizesOf(scaling.sizes);
    if (sizes.length === 0 || !isImage(file)) return undefined;
    const group = uniqueId();
    const parentId = files.all.length + sizes.length; // the original comes after its copies
    const ids = sizes.map((size) => {
      const type = typeOf(file, size.type ?? scaling.defaultType);
      const own = uniqueId();
      const params: Dictionary = { qqparentuuid: uuid, qqparentsize: file.size, [String(options.request.uuidName)]: own };
      const id = files.all.length;
      this.#copies.set(id, { original: file, size, type, group });
      this.#params.set(id, params);
      return files.add({
        name: copyName(name, size.name, file.type, type), uuid: own, size: -1, file, batchId, proxyGroupId: group,
        parentId,
      });
    });
    if (scaling.sendOriginal) this.#params.set(parentId, { [String(options.request.uuidName)]: uuid });
    return { ids, original: scaling.sendOriginal, group };
  }

  has(id: number): boolean {
    return this.#copies.has(id);
  }

  /** It is a copy, or is sent after its copies. */
  grouped(id: number): boolean {
    return this.#params.has(id);
  }

  /** What goes along with a copy, and with an original that has copies. */
  params(id: number): Dictionary {
    return this.#params.get(id) ?? {};
  }

  /** Draws a copy, after those of its image that were asked for before. Rejects when it cannot be drawn. */
  draw(id: number): Promise<Blob> {
    const copy = this.#copies.get(id);
    if (!copy) return Promise.reject(new Error("this is no copy"));
    const { scaling } = this.#hub.options;
    const { defaultQuality, orient, includeExif, customResizer } = scaling;
    const { original, size, type, group } = copy;
    const drawing = (this.#last.get(group) ?? Promise.resolve()).then(() =>
      scale(original, { maxSize: size.maxSize, type, quality: defaultQuality, orient, includeExif, customResizer }));
    this.#last.set(group, drawing.catch(() => undefined));
    return drawing;
  }

  /** Settles when the copies of a group that were asked for are drawn. */
  async turn(group: string): Promise<void> {
    await this.#last.get(group);
  }

  reset(): void {
    this.#copies.clear();
    this.#params.clear();
    this.#last.clear();
  }
}

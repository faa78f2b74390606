/** Draws images smaller: by createImageBitmap, which knows how a camera was held, and pica, which does it well. */
import { isObject, type Dictionary } from "./objects.js";
import { exifOf, flat, withExif } from "./exif.js";
import type { ScaledSize } from "./options.js";
import { isThenable } from "./promise.js";
import { resize } from "./resize.js";

export interface ScaleOptions {
  maxSize: number;
  /** The media type of the result; the image's own, where a canvas can write it. */
  type?: string | null;
  /** 1 to 100. */
  quality?: number;
  orient?: boolean;
  includeExif?: boolean;
  customResizer?: ((about: Dictionary) => unknown) | null;
}

/** What a canvas can be saved as. */
const written = ["image/jpeg", "image/png", "image/webp"];

/** A smaller copy of file, or one of the same size if it is small already. Rejects for what is no image. */
export async function scale(file: Blob, options: ScaleOptions): Promise<Blob> {
  const { maxSize, quality, orient = true, includeExif = false } = options;
  if (!(maxSize > 0)) throw new TypeError("scaleImage: maxSize must be a number of pixels");
  const type = typeOf(file, options.type);
  const canvas = await drawn(file, maxSize, orient, options.customResizer ?? undefined);
  const scaled = await new Promise<Blob>((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the image is too large to draw"))), type, quality === undefined ? undefined : quality / 100);
  });
  if (!includeExif || scaled.type !== "image/jpeg") return scaled;
  const exif = exifOf(new Uint8Array(await file.arrayBuffer()), orient);
  return exif ? withExif(scaled, exif) : scaled;
}

/** The media type of a copy of file. */
export function typeOf(file: Blob, wanted: string | null | undefined): string {
  if (wanted) return wanted;
  return written.includes(file.type) ? file.type : "image/png";
}

/** A canvas with the image, neither side longer than maxSize. */
export async function drawn(file: Blob, maxSize: number, orient: boolean, custom?: (about: Dictionary) => unknown): Promise<HTMLCanvasElement> {
  const bitmap = await createImageBitmap(orient ? file : await flat(file)); // browsers turn it as its camera says
  try {
    const source = canvasOf(bitmap.width, bitmap.height);
    source.getContext("2d")?.drawImage(bitmap, 0, 0);
    const target = canvasOf(...within(bitmap.width, bitmap.height, maxSize));
    if (custom) {
      const { width, height } = target;
      const done = custom({ blob: file, height, width, image: source, sourceCanvas: source, targetCanvas: target });
      if (isThenable(done)) await new Promise((resolve, reject) => done.then(resolve, reject));
      return target;
    }
    if (target.width === source.width && target.height === source.height) return source;
    await resize(source, target);
    return target;
  } finally {
    bitmap.close();
  }
}

/** The size of an image that is to be no wider and no higher than most, in whole pixels of which there is one at least. */
function within(width: number, height: number, most: number): [width: number, height: number] {
  if (width <= most && height <= most) return [width, height];
  if (width >= height) return [Math.floor(most), Math.max(Math.floor((height * most) / width), 1)];
  return [Math.max(Math.floor((width * most) / height), 1), Math.floor(most)];
}

function canvasOf(width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

/** The sizes of the option scaling.sizes, the smallest first. Throws nothing: what is no size is left out. */
export function sizesOf(sizes: readonly unknown[]): ScaledSize[] {
  return sizes.filter((size): size is ScaledSize & Dictionary => isObject(size) && Number(size["maxSize"]) > 0)
    .sort((a, b) => a.maxSize - b.maxSize);
}

const extensions: Readonly<Record<string, string>> = { "image/jpeg": "jpeg", "image/png": "png", "image/webp": "webp" };

/** The name of a copy: "base (sizeName).ext", with the extension of its type where that is another one. */
export function copyName(name: string, sizeName: string | undefined, from: string, to: string): string {
  const dot = name.lastIndexOf(".");
  const base = dot > 0 ? name.slice(0, dot) : name;
  const own = dot > 0 ? name.slice(dot + 1) : "";
  const extension = from === to ? own : (extensions[to] ?? to.split("/")[1] ?? own);
  return `${base}${sizeName ? ` (${sizeName})` : ""}${extension ? `.${extension}` : ""}`;
}

/** Puts an image into an element: a picture element by its address, a canvas by drawing. */
export async function show(canvas: HTMLCanvasElement, into: HTMLElement): Promise<void> {
  if (into instanceof HTMLCanvasElement) {
    into.width = canvas.width;
    into.height = canvas.height;
    into.getContext("2d")?.drawImage(canvas, 0, 0);
  } else if (into instanceof HTMLImageElement) await load(into, canvas.toDataURL("image/png"), false);
  else throw new Error("a thumbnail goes into an img or a canvas");
}

/** Draws an image into a canvas that is to be no larger than most. */
export function showWithin(image: HTMLImageElement, most: number, into: HTMLElement): void {
  if (!(into instanceof HTMLCanvasElement)) throw new Error("a thumbnail goes into an img or a canvas");
  [into.width, into.height] = within(image.naturalWidth, image.naturalHeight, most);
  into.getContext("2d")?.drawImage(image, 0, 0, into.width, into.height);
}

/** Has an img show what lies at url. */
export function load(image: HTMLImageElement, url: string, foreign: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    image.onload = () => resolve();
    image.onerror = () => reject(new Error("the image cannot be shown"));
    if (foreign) image.crossOrigin = "anonymous";
    image.src = url;
  });
}


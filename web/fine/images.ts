/** Looks at images, and draws them smaller. */

/** What browsers show in a page. */
const shown = ["image/jpeg", "image/gif", "image/png", "image/bmp", "image/webp", "image/avif", "image/svg+xml", "image/tiff"];

/** Whether a file says that it is an image that can be looked at. */
export function isImage(file: Blob): boolean {
  return shown.includes(file.type.toLowerCase());
}

/** The size of an image in pixels, or undefined of what cannot be read as one. */
export function measure(file: Blob, done: (image: { width: number; height: number } | undefined) => void): void {
  if (!isImage(file)) {
    done(undefined);
    return;
  }
  createImageBitmap(file, { imageOrientation: "from-image" }).then((bitmap) => {
    const { width, height } = bitmap;
    bitmap.close();
    done({ width, height });
  }, () => done(undefined));
}

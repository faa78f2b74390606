/** What a camera wrote into a JPEG, moved from one file into another. */

const startOfImage = 0xffd8;
const app1 = 0xffe1;
const startOfScan = 0xffda;
const orientationTag = 0x0112;

/**
 * The EXIF segment of a JPEG, marker included; undefined where there is none.
 * upright: its orientation is set to the normal one, since the pixels were turned.
 * Exif 2.32, section 4.7.2 (structure of the APP1 segment); TIFF 6.0, section 2.
 */
export function exifOf(jpeg: Uint8Array, upright: boolean): Uint8Array<ArrayBuffer> | undefined {
  const found = find(jpeg);
  if (!found) return undefined;
  const segment = jpeg.slice(...found);
  if (upright) setUpright(segment);
  return segment;
}

/** The same image, of which nobody is told how the camera was held: canvases draw it as it lies. */
export async function flat(image: Blob): Promise<Blob> {
  const bytes = new Uint8Array(await image.arrayBuffer());
  const [start, end] = find(bytes) ?? [0, 0];
  const segment = bytes.slice(start, end);
  setUpright(segment);
  return new Blob([bytes.subarray(0, start), segment, bytes.subarray(end)], { type: image.type });
}

/** Where the EXIF segment of a JPEG begins and ends. */
function find(jpeg: Uint8Array): [start: number, end: number] | undefined {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  if (jpeg.length < 4 || view.getUint16(0) !== startOfImage) return undefined;
  for (let at = 2; at + 4 <= jpeg.length; ) {
    const marker = view.getUint16(at);
    const length = view.getUint16(at + 2);
    if (marker === startOfScan || marker < 0xff00 || length < 2 || at + 2 + length > jpeg.length) return undefined;
    if (marker === app1 && length >= 16 && String.fromCharCode(...jpeg.subarray(at + 4, at + 10)) === "Exif\0\0") {
      return [at, at + 2 + length];
    }
    at += 2 + length;
  }
  return undefined;
}

/** Sets the orientation in the first directory of a segment to 1, if it has one. */
function setUpright(segment: Uint8Array<ArrayBuffer>): void {
  if (segment.length < 18) return;
  const tiff = new DataView(segment.buffer, 10);
  const little = tiff.getUint16(0) === 0x4949;
  const directory = tiff.getUint32(4, little);
  if (directory + 2 > tiff.byteLength) return;
  const entries = tiff.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > tiff.byteLength) return;
    if (tiff.getUint16(entry, little) === orientationTag) tiff.setUint16(entry + 8, 1, little);
  }
}

/** jpeg with that segment right after its beginning. */
export function withExif(jpeg: Blob, segment: Uint8Array<ArrayBuffer>): Blob {
  return new Blob([jpeg.slice(0, 2), segment, jpeg.slice(2)], { type: jpeg.type });
}

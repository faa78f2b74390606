/** What a file must be like to be accepted, beside what the page itself says. */
import type { Validation } from "./options.js";
import { measure } from "./images.js";

export interface Candidate {
  name: string;
  size: number;
  file: Blob;
  /** It came as a Blob or a canvas, and has no extension of its own choosing. */
  blob: boolean;
}

/** Calls done with the code of the message that says what is wrong, or with nothing. */
export function inspect(candidate: Candidate, rules: Validation, done: (code: string | undefined) => void): void {
  const { name, size, file, blob } = candidate;
  if (!blob && !allowed(name, rules.allowedExtensions)) done("typeError");
  else if (!rules.allowEmpty && size === 0) done("emptyError");
  else if (size > 0 && rules.sizeLimit > 0 && size > rules.sizeLimit) done("sizeError");
  else if (size > 0 && size < rules.minSizeLimit) done("minSizeError");
  else if (!blob && limited(rules)) measure(file, (image) => done(image ? tooLarge(image, rules) : undefined));
  else done(undefined);
}

/** An extension is a regular expression, and may have several dots. */
export function allowed(name: string, extensions: readonly unknown[]): boolean {
  const known = extensions.filter((extension): extension is string => typeof extension === "string");
  if (known.length === 0) return true;
  return known.some((extension) => new RegExp(`\\.${extension}$`, "i").test(name));
}

function limited({ image }: Validation): boolean {
  return image.maxHeight > 0 || image.maxWidth > 0 || image.minHeight > 0 || image.minWidth > 0;
}

function tooLarge({ width, height }: { width: number; height: number }, { image }: Validation): string | undefined {
  if (image.maxHeight > 0 && height > image.maxHeight) return "maxHeightImageError";
  if (image.minHeight > 0 && height < image.minHeight) return "minHeightImageError";
  if (image.maxWidth > 0 && width > image.maxWidth) return "maxWidthImageError";
  if (image.minWidth > 0 && width < image.minWidth) return "minWidthImageError";
  return undefined;
}

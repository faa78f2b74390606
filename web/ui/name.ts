/** What a row shows of a file's name. */

/** The end of a name that stays when the middle is cut: the extension and a little of what stands before it. */
const tailLength = 10;

/** The longest extension that is one; what is longer is part of the name. */
const maxExtension = 6;

export interface NameParts {
  /** May be cut at its end. */
  readonly head: string;
  /** Stays whole. Empty when the name is short. */
  readonly tail: string;
}

/** Cuts a name in two such that no letter with its accents, and no emoji, is torn. */
export function nameParts(name: string): NameParts {
  const letters = graphemes(name);
  if (letters.length <= tailLength) return { head: name, tail: "" };
  return { head: letters.slice(0, -tailLength).join(""), tail: letters.slice(-tailLength).join("") };
}

/** The up to five capital letters that stand for a picture: the extension's, or fallback. */
export function typeLetters(name: string, fallback: string): string {
  const file = name.slice(name.lastIndexOf("/") + 1);
  const dot = file.lastIndexOf(".");
  const extension = dot > 0 ? file.slice(dot + 1) : "";
  if (!/^[\p{L}\p{N}]+$/u.test(extension) || extension.length > maxExtension) return fallback;
  return extension.toUpperCase().slice(0, 5);
}

/** Firefox has Intl.Segmenter since 125; before it, surrogates at least stay together. */
function graphemes(text: string): string[] {
  if (typeof Intl.Segmenter !== "function") return Array.from(text);
  return Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
}

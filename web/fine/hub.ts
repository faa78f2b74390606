/** What the parts of one uploader share. */
import type { Files } from "./files.js";
import type { Keys } from "./keys.js";
import type { Dictionary } from "./objects.js";
import type { Headers, Options, Validation } from "./options.js";
import type { PerFile } from "./values.js";

export type Level = "info" | "warn" | "error";

export interface Hub {
  readonly options: Options;
  readonly files: Files;
  readonly keys: Keys;
  readonly endpoints: PerFile<string>;
  readonly acl: PerFile<string>;
  readonly deletion: { params: PerFile<Dictionary>; endpoint: PerFile<string>; headers: PerFile<Headers> };
  readonly success: { params: PerFile<Dictionary>; endpoint: PerFile<string | null>; headers: PerFile<Headers> };
  /** Parameters of a file, with those of the form that is attached. */
  params(id: number): Dictionary;
  /** Calls the page's callback; what it throws is logged, and counts as nothing returned. */
  call(callback: string, ...args: unknown[]): unknown;
  log(text: string, level?: Level): void;
  /** Tells of a problem with a file that was not accepted, in the words of messages: by the rules of its button, if it came by one. */
  itemError(code: string, name?: string | null, about?: { rules?: Validation; netItems?: number }): void;
  /** How many files are accepted or pending. */
  accepted(): number;
}

/** Whether a callback's result lets things go on: false and a rejected promise do not. */
export function allows(value: unknown): boolean {
  return value !== false;
}

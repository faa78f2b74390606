/**
 * What the element says, as data: one table a language. A sentence names its
 * variable pieces in braces; a Plural has one sentence for each of the
 * language's plural categories (CLDR), chosen by n.
 */
import type { FileState, HoldReason } from "../core/api.js";
import type { News } from "./announcer.js";

export type Plural = { readonly other: string } & { readonly [category in Intl.LDMLPluralRule]?: string };

export interface Messages {
  /** BCP 47, such as "en" or "pt-BR": numbers, sizes and times are written its way. */
  readonly locale: string;

  readonly drop: {
    readonly label: string;
    readonly files: string;
    readonly folders: string;
    readonly file: string;
    readonly more: string;
    readonly release: string;
    readonly hint: string;
    /** {destination} */
    readonly hintTo: string;
    readonly chooseFiles: string;
    readonly chooseFile: string;
    readonly chooseFolder: string;
  };

  readonly banner: {
    readonly signIn: string;
    /** The first sentence, by the reason why requests are held. */
    readonly held: Readonly<Record<HoldReason, string>>;
    /** {n} files */
    readonly heldFiles: Plural;
    readonly refreshing: string;
    readonly offline: string;
    /** {n} files */
    readonly offlineFiles: Plural;
    /** {n} files */
    readonly conflicts: Plural;
    readonly conflictsChoice: string;
    readonly cors: string;
    readonly corsFiles: Plural;
    readonly unreachable: string;
    readonly unreachableFiles: Plural;
    readonly show: string;
    /** {n} entries that cannot be read */
    readonly skipped: Plural;
    /** {n} files that accept does not name */
    readonly unwanted: Plural;
    /** {names} */
    readonly skippedNames: string;
    readonly dismiss: string;
  };

  readonly summary: {
    readonly label: string;
    /** {stored} of {n} files */
    readonly stored: Plural;
    readonly allStored: Plural;
    /** {n} failed */
    readonly failed: Plural;
    /** {done} of {all} */
    readonly bytes: string;
    /** {speed} and {left} */
    readonly pace: string;
    readonly pauseAll: string;
    readonly resumeAll: string;
    readonly retryAll: string;
    readonly cancelAll: string;
  };

  readonly list: string;
  readonly states: Readonly<Record<FileState, string>>;
  /** After the state's word. {done} and {all}; when uploading {pieces}; when throttled {time} */
  readonly about: Readonly<Record<Exclude<FileState, "failed" | "cancelled">, string>>;
  /** Instead of about.throttled when its time has come. */
  readonly retryingNow: string;
  /** {n} parts */
  readonly partsInFlight: Plural;
  /** Read out for the part map. {percent}; {stored} of {n} parts */
  readonly progress: string;
  readonly partsStored: Plural;
  /** Instead of an extension. */
  readonly noExtension: string;

  /** Labels; {name} is the file's. */
  readonly actions: {
    readonly pause: string;
    readonly resume: string;
    readonly retry: string;
    readonly retryLabel: string;
    readonly skip: string;
    readonly skipLabel: string;
    readonly rename: string;
    readonly renameLabel: string;
    readonly replace: string;
    readonly replaceLabel: string;
    readonly cancel: string;
    readonly remove: string;
    readonly copyLink: string;
    readonly open: string;
    readonly openLabel: string;
    readonly undo: string;
    readonly undoLabel: string;
    readonly details: string;
    readonly detailsLabel: string;
    readonly copyDetails: string;
    readonly copied: string;
  };
  readonly details: {
    readonly code: string;
    readonly status: string;
    readonly request: string;
    readonly operation: string;
    readonly part: string;
    readonly advice: string;
  };

  /** One sentence for each code of an error or a warning, without the code; other is for those that are not here. */
  readonly errors: Readonly<Record<string, string>> & { readonly other: string };

  readonly left: {
    readonly moments: string;
    /** {time} */
    readonly about: string;
  };

  readonly news: Readonly<Record<News, Plural>>;
}

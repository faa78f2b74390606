import { version } from "./version.js";

/** What the drop-in throws. */
export class QqError extends Error {
  constructor(message: string) {
    super(`[Fine Uploader ${version}] ${message}`);
  }
}

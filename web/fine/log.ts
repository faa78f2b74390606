/** Says something in the browser's console, as Fine Uploader's pages expect it. */
import type { Level } from "./hub.js";
import { version } from "./version.js";

/** Says text; what is for information only where debug is set. */
export function say(text: string, level: Level, debug: boolean): void {
  if (level === "info" && !debug) return;
  write(`[Fine Uploader ${version}] ${text}`, level);
}

/** Puts a line into the console, as it is. */
export function write(line: string, level: Level = "info"): void {
  const { console } = globalThis;
  // Somebody's console may lack a level.
  const put = (level === "info" ? undefined : console[level]) ?? console["log"];
  put.call(console, line);
}

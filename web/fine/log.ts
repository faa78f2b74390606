/** Says something in the browser's console, as Fine Uploader's pages expect it. */
import type { Level } from "./hub.js";
import { version } from "./version.js";

/** Says text; what is for information only where debug is set. */
export function say(text: string, level: Level, debug: boolean): void {
  if (level === "info" && !debug) return;
  const { console } = globalThis;
  const line = `[Fine Uploader ${version}] ${text}`;
  // Somebody's console may lack a level.
  const write = console[level] ?? console["log"];
  write.call(console, line);
}

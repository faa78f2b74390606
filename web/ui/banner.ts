import type { HoldReason } from "../core/api.js";

/** What the banner is chosen from. */
export interface Situation {
  readonly held: HoldReason | undefined;
  /** Files that are not done, and wait while requests are held. */
  readonly waiting: number;
  /** New credentials are being asked for, and have been for how many milliseconds. */
  readonly refreshingFor: number | undefined;
  /** Failed files in the list, by their code. */
  readonly failed: ReadonlyMap<string, number>;
  /** What of a drop could not be read. */
  readonly skipped: readonly string[];
  /** What of it is of another kind than accept names. */
  readonly unwanted: readonly string[];
}

/** The one banner, the most urgent of all that could be shown. */
export type Banner =
  | { readonly kind: "signIn"; readonly reason: HoldReason; readonly files: number }
  | { readonly kind: "refreshing"; readonly files: number }
  | { readonly kind: "cors" | "unreachable"; readonly files: number }
  | { readonly kind: "skipped" | "unwanted"; readonly names: readonly string[] };

/** New credentials that come sooner than this, in milliseconds, are not worth a banner. */
export const patienceMillis = 1000;

/** The codes of a path that broke, but for CORS. */
const brokenPath = ["Unreachable", "Offline", "Timeout", "TLSRefused"];

export function chooseBanner(s: Situation): Banner | undefined {
  if (s.held && s.waiting > 0) {
    if (s.refreshingFor === undefined) return { kind: "signIn", reason: s.held, files: s.waiting };
    if (s.refreshingFor >= patienceMillis) return { kind: "refreshing", files: s.waiting };
  }
  const blocked = s.failed.get("CORSBlocked") ?? 0;
  if (blocked > 0) return { kind: "cors", files: blocked };
  const cut = brokenPath.reduce((sum, code) => sum + (s.failed.get(code) ?? 0), 0);
  if (cut > 0) return { kind: "unreachable", files: cut };
  if (s.skipped.length > 0) return { kind: "skipped", names: s.skipped };
  if (s.unwanted.length > 0) return { kind: "unwanted", names: s.unwanted };
  return undefined;
}

import type { BucketlineErrorLike, HoldReason } from "../core/api.js";

/** What the banner is chosen from. */
export interface Situation {
  readonly held: HoldReason | undefined;
  /** Files that are not done, and wait while requests are held. */
  readonly waiting: number;
  /** New credentials are being asked for, and have been for how many milliseconds. */
  readonly refreshingFor: number | undefined;
  /** The network is gone. */
  readonly offline: boolean;
  /** Files that wait for the user to say what to do about the object that is there already. */
  readonly conflicts: number;
  /** Failed files in the list, by their code. */
  readonly failed: ReadonlyMap<string, number>;
  /** What should be put right, the first first. */
  readonly warnings: readonly BucketlineErrorLike[];
  /** What of a drop could not be read. */
  readonly skipped: readonly string[];
  /** What of it is of another kind than accept names. */
  readonly unwanted: readonly string[];
}

/** The one banner, the most urgent of all that could be shown. */
export type Banner =
  | { readonly kind: "signIn"; readonly reason: HoldReason; readonly files: number }
  | { readonly kind: "refreshing" | "offline" | "conflict"; readonly files: number }
  | { readonly kind: "cors" | "unreachable"; readonly files: number }
  | { readonly kind: "warning"; readonly code: string; readonly hint: string }
  | { readonly kind: "skipped" | "unwanted"; readonly names: readonly string[] };

/** New credentials that come sooner than this, in milliseconds, are not worth a banner. */
export const patienceMillis = 1000;

/** The codes of a path that broke, but for CORS. */
const brokenPath = ["Unreachable", "Offline", "Timeout", "Stalled", "TLSRefused"];

export function chooseBanner(s: Situation): Banner | undefined {
  if (s.offline && s.waiting > 0) return { kind: "offline", files: s.waiting };
  if (s.held && s.waiting > 0) {
    if (s.refreshingFor === undefined) return { kind: "signIn", reason: s.held, files: s.waiting };
    if (s.refreshingFor >= patienceMillis) return { kind: "refreshing", files: s.waiting };
  }
  const blocked = s.failed.get("CORSBlocked") ?? 0;
  if (blocked > 0) return { kind: "cors", files: blocked };
  const cut = brokenPath.reduce((sum, code) => sum + (s.failed.get(code) ?? 0), 0);
  if (cut > 0) return { kind: "unreachable", files: cut };
  if (s.conflicts > 0) return { kind: "conflict", files: s.conflicts };
  const [warning] = s.warnings;
  if (warning) return { kind: "warning", code: warning.code, hint: warning.hint };
  if (s.skipped.length > 0) return { kind: "skipped", names: s.skipped };
  if (s.unwanted.length > 0) return { kind: "unwanted", names: s.unwanted };
  return undefined;
}

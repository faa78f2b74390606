/** The numbers that the engine and this side share; wire/testdata/names.json holds them to the engine's. */
import type { Cell, ChecksumAlgorithm, ConflictChoice, FileState, HoldReason, Priority, RefreshReason } from "./api.js";
import type { Facts } from "./error.js";
import { field, type Frame } from "./frame.js";

/** Those of streams are not made here. */
export const Event = {
  added: 1, described: 2, undescribed: 3, sent: 4, answered: 5, broke: 6, credentials: 7, refreshFailed: 8,
  expire: 9, cancel: 10, tick: 11, hashed: 12, loaded: 14, saved: 15, pause: 16, resume: 17, retry: 18,
  prioritize: 19, pauseAll: 20, resumeAll: 21, retryAll: 22, cancelAll: 23, offline: 24, online: 25, clock: 26,
  resolve: 27, sweep: 28, abandon: 29, signed: 30, now: 255,
} as const;

export const Action = {
  describe: 1, send: 2, breakOff: 3, refresh: 4, noteState: 5, notePart: 6, noteHold: 7, noteRelease: 8,
  noteOrphan: 9, hash: 10, load: 12, save: 13, append: 14, forget: 15, unlock: 16, noteRetry: 17,
  noteWarning: 18, noteResumed: 19, noteAll: 20, noteSwept: 21, noteSweepEnd: 22, sign: 23, wake: 253, refused: 254,
} as const;

export const Query = {
  totals: 1, file: 2, cells: 3, life: 4, objectURL: 5, presign: 6, record: 9,
  policyFields: 10, signPolicy: 11, unsigned: 12, finishPresign: 13, signAgain: 14,
} as const;

export const Algorithm = {
  CRC32: 1, CRC32C: 2, CRC64NVME: 3, SHA1: 4, SHA256: 5, MD5: 6,
} as const satisfies Record<ChecksumAlgorithm | "MD5", number>;

export const states = [
  "queued", "hashing", "uploading", "holding", "offline", "throttled", "paused", "conflict", "completing",
  "done", "skipped", "failed", "cancelled",
] as const satisfies readonly FileState[];

export const reasons = ["absent", "expired", "invalidated", "refused", "refreshFailed", "expiring", "signingFailed"] as const satisfies readonly RefreshReason[];

export const priorities = ["normal", "high", "low"] as const satisfies readonly Priority[];

export const conflicts = ["fail", "ask", "skip", "rename", "replace"] as const satisfies readonly ConflictChoice[];

export const cellStates = ["empty", "inFlight", "stored", "held"] as const satisfies readonly Cell["state"][];

/** engine.NoFile. */
export const noFile = 2 ** 32 - 1;

/** queue.MaxFiles. */
export const maxFiles = 1 << 24;

/** engine.MaxConnections. */
export const maxConnections = 256;

/** s3.MaxSinglePut: bytes of a file that goes in one request. */
export const maxSinglePut = 5 * 2 ** 30;

export function stateOf(n: number): FileState {
  return states[n] ?? "failed";
}

/** The state is final, but for a retry. */
export function isEnded(state: FileState): boolean {
  return state === "done" || state === "skipped" || state === "failed" || state === "cancelled";
}

/** cred.Reason n, as what requests are held for; 0 means not held. */
export function holdReasonOf(n: number): HoldReason | undefined {
  const reason = refreshReasonOf(n);
  return reason === "expiring" ? undefined : reason;
}

/** cred.Reason n, as what credentials are asked for. */
export function refreshReasonOf(n: number): RefreshReason | undefined {
  return n === 0 ? undefined : reasons[n - 1];
}

/** What a frame of refusal says is wrong; undefined of any other frame. */
export function refusal(f: Frame): Facts | undefined {
  if (f.kind !== Action.refused) return undefined;
  const option = field(f, "option");
  const text = field(f, "text");
  return {
    code: field(f, "code") ?? "EngineRefused",
    status: f.x || undefined,
    requestId: field(f, "requestId"),
    text: option && text && !text.includes(option) ? `${option}: ${text}` : text,
  };
}

/** What the frame of an action with an engine.Error says went wrong. */
export function factsOf(action: Frame): Facts {
  return {
    code: field(action, "code") ?? "Unknown",
    status: action.x,
    part: action.b,
    parts: Number(field(action, "parts") ?? 0),
    operation: field(action, "operation"),
    requestId: field(action, "requestId"),
    text: field(action, "message"),
    doubt: field(action, "doubt") === "true",
  };
}

/** Where engine.wasm lies beside this module. */
export function defaultModule(): URL {
  return new URL("./engine.wasm", import.meta.url);
}

/** Where the worker's script lies beside this module. */
export function defaultWorker(): URL {
  return new URL("./bucketline-worker.js", import.meta.url);
}

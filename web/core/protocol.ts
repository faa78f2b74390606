/** The numbers that the engine and this side share; wire/testdata/names.json holds them to the engine's. */
import type { Cell, FileState, HoldReason } from "./api.js";
import type { Facts } from "./error.js";
import { field, type Frame } from "./frame.js";

export const Event = {
  added: 1, described: 2, undescribed: 3, sent: 4, answered: 5, broke: 6,
  credentials: 7, refreshFailed: 8, expire: 9, cancel: 10, now: 255,
} as const;

export const Action = {
  describe: 1, send: 2, breakOff: 3, refresh: 4, noteState: 5, notePart: 6,
  noteHold: 7, noteRelease: 8, noteOrphan: 9, refused: 254,
} as const;

export const Query = {
  totals: 1, file: 2, cells: 3, life: 4, objectURL: 5, presign: 6, webIdentity: 7, credentials: 8,
} as const;

export const states = ["queued", "uploading", "holding", "completing", "done", "failed", "cancelled"] as const satisfies readonly FileState[];

export const reasons = ["absent", "expired", "invalidated", "refused", "refreshFailed"] as const satisfies readonly HoldReason[];

export const cellStates = ["empty", "inFlight", "stored", "held"] as const satisfies readonly Cell["state"][];

export function stateOf(n: number): FileState {
  return states[n] ?? "failed";
}

/** cred.Reason n, of which 0 means not held. */
export function reasonOf(n: number): HoldReason | undefined {
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

/** Where engine.wasm lies beside this module. */
export function defaultModule(): URL {
  return new URL("./engine.wasm", import.meta.url);
}

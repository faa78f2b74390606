/** The frames of events, as wire.ReadEvent takes them. wire/testdata/events.json has the bytes of each. */
import type { ConflictChoice, Priority } from "./api.js";
import { frame, int64s, type Field, type Frame } from "./frame.js";
import { conflicts, Event, priorities } from "./protocol.js";
import type { Cause, Outcome } from "./transport.js";

/** What a file is now, for the journal to know it again by. Without a name it is not remembered. */
export interface Source {
  readonly name: string;
  readonly size: number;
  /** Milliseconds since 1970, 0 when nobody knows. */
  readonly modified: number;
  /** Its fingerprint: see sampleOf. */
  readonly print: string;
}

export const events = {
  added: (sizes: readonly number[], priority: Priority): Frame =>
    frame(Event.added, { a: priorities.indexOf(priority), body: int64s(sizes) }),

  described: (file: number, object: readonly Field[], source: Source, onConflict: ConflictChoice): Frame =>
    frame(Event.described, {
      file, a: conflicts.indexOf(onConflict), x: source.size, y: source.modified,
      fields: [...object, ["source.name", source.name], ["source.print", source.print]],
    }),

  undescribed: (file: number, cause: Cause): Frame => frame(Event.undescribed, { file, a: cause }),

  sent: (request: number, bytes: number): Frame => frame(Event.sent, { request, x: bytes }),

  answered: (request: number, answer: Extract<Outcome, { kind: "answered" }>, digest: Uint8Array = new Uint8Array()): Frame => {
    const body = new Uint8Array(digest.length + answer.body.length);
    body.set(digest);
    body.set(answer.body, digest.length);
    return frame(Event.answered, { request, a: digest.length, b: answer.status, fields: answer.headers, body });
  },

  broke: (request: number, cause: Cause): Frame => frame(Event.broke, { request, a: cause }),

  hashed: (request: number, digest: Uint8Array): Frame => frame(Event.hashed, { request, body: digest }),

  /** mac is undefined where there is no signature. */
  signed: (request: number, mac: Uint8Array | undefined): Frame => frame(Event.signed, { request, body: mac }),

  loaded: (file: number, record: Uint8Array | undefined, cause: Cause | 0 = 0): Frame =>
    frame(Event.loaded, { file, a: cause, body: record }),

  saved: (file: number, cause: Cause | 0 = 0): Frame => frame(Event.saved, { file, a: cause }),

  /** What people want with one file, or with all. */
  of: (kind: "cancel" | "pause" | "resume" | "retry", file: number): Frame => frame(Event[kind], { file }),
  ofAll: (kind: "cancelAll" | "pauseAll" | "resumeAll" | "retryAll"): Frame => frame(Event[kind]),

  /** What is said without more words. */
  plain: (kind: "refreshFailed" | "expire" | "tick" | "offline" | "online"): Frame => frame(Event[kind]),

  prioritize: (file: number, priority: Priority): Frame => frame(Event.prioritize, { file, a: priorities.indexOf(priority) }),

  resolve: (file: number, choice: ConflictChoice): Frame => frame(Event.resolve, { file, a: conflicts.indexOf(choice) }),

  /** before is in milliseconds since 1970; keep has upload IDs, which are printable. */
  sweep: (prefix: string, before: number, keep: readonly string[]): Frame =>
    frame(Event.sweep, { y: before, fields: [["prefix", prefix]], body: new TextEncoder().encode(keep.map((id) => `${id}\n`).join("")) }),

  abandon: (name: string, record: Uint8Array): Frame => frame(Event.abandon, { fields: [["name", name]], body: record }),
};

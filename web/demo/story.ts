/**
 * Tells what the browser just did: a line for each thing that happened, and one
 * for many requests of a kind. Only real operations are told, by their S3 names.
 */
import type { HoldReason, UploaderEvent } from "../core/api.js";

export interface Line {
  readonly id: number;
  readonly tone: "good" | "go" | "wait" | "bad";
  readonly title: string;
  readonly detail: string;
  /** The detail is the name of an operation, for a reader of code. */
  readonly isCode: boolean;
  /** When it began, in milliseconds since the story did. */
  readonly at: number;
}

/** Older lines are forgotten. */
export const maxLines = 60;

type RequestEvent = Extract<UploaderEvent, { type: "request" | "response" }>;

/** Requests of one operation, from the first one until the credentials change. */
interface Group {
  readonly line: number;
  readonly operation: string;
  /** Part numbers of what is under way, by request. */
  readonly inFlight: Map<number, number>;
  readonly files: Set<number>;
  stored: number;
  /** How many, by HTTP status. */
  readonly refused: Map<number, number>;
  broken: number;
  readonly at: number;
}

interface Hold {
  readonly line: number;
  readonly since: number;
  reason: HoldReason;
  files: number;
  asked: number;
  over: number | undefined;
}

export class Story {
  readonly #now: () => number;
  readonly #waiting: () => number;
  readonly #begun: number;
  #lines: (Line | Group | Hold)[] = [];
  #next = 0;
  /** Groups that further requests join, by operation. */
  readonly #open = new Map<string, Group>();
  /** Groups by request that is under way. */
  readonly #requests = new Map<number, Group>();
  #hold: Hold | undefined;

  /** now is in milliseconds; waiting is how many files wait for credentials at the moment. */
  constructor(now: () => number, waiting: () => number) {
    this.#now = now;
    this.#waiting = waiting;
    this.#begun = now();
  }

  /** Adds a line of the page's own. A code is the name of an operation. */
  note(title: string, detail: string | { code: string }, tone: Line["tone"] = "good"): void {
    const isCode = typeof detail !== "string";
    this.#add({ id: this.#next++, tone, title, detail: isCode ? detail.code : detail, isCode, at: this.#now() - this.#begun });
  }

  take(event: UploaderEvent): void {
    if (this.#hold) this.#hold.files = Math.max(this.#hold.files, this.#waiting());
    switch (event.type) {
      case "request": this.#requested(event); break;
      case "response": this.#responded(event); break;
      case "hold": this.#held(event.reason); break;
      case "refresh":
        if (this.#hold) this.#hold.asked++;
        break;
      case "release": this.#released(); break;
      case "orphan":
        this.note("Parts were left behind", "the bucket's lifecycle rule removes them", "bad");
        break;
      default:
    }
  }

  /** The lines as they stand, the oldest first. */
  lines(): Line[] {
    return this.#lines.map((line) => {
      if ("operation" in line) return groupLine(line, this.#begun);
      return "since" in line ? holdLine(line, this.#begun) : line;
    });
  }

  #add(line: Line | Group | Hold): void {
    this.#lines.push(line);
    if (this.#lines.length > maxLines) this.#lines.shift();
  }

  #requested({ id, operation, task, part }: RequestEvent): void {
    let group = this.#open.get(operation);
    if (!group) {
      group = {
        line: this.#next++, operation, inFlight: new Map(), files: new Set(), stored: 0, refused: new Map(), broken: 0,
        at: this.#now(),
      };
      this.#open.set(operation, group);
      this.#add(group);
    }
    group.inFlight.set(id, part);
    group.files.add(task.id);
    this.#requests.set(id, group);
  }

  #responded(event: RequestEvent): void {
    const group = this.#requests.get(event.id);
    if (!group || event.type !== "response") return;
    this.#requests.delete(event.id);
    group.inFlight.delete(event.id);
    if (event.status === 0) group.broken++;
    else if (event.status >= 300) group.refused.set(event.status, (group.refused.get(event.status) ?? 0) + 1);
    else group.stored++;
  }

  #held(reason: HoldReason): void {
    if (this.#hold) {
      this.#hold.reason = reason;
      return;
    }
    this.#open.clear();
    this.#hold = { line: this.#next++, since: this.#now(), reason, files: this.#waiting(), asked: 0, over: undefined };
    this.#add(this.#hold);
  }

  #released(): void {
    if (!this.#hold) return;
    this.#hold.over = this.#now();
    this.#hold = undefined;
  }
}

function groupLine(group: Group, begun: number): Line {
  const { stored, broken, inFlight } = group;
  const refused = [...group.refused.values()].reduce((sum, n) => sum + n, 0);
  const statuses = [...group.refused.keys()].join(", ");
  const words = operations[group.operation] ?? ((n) => `${n} done`);
  const title = [
    stored > 0 || (inFlight.size === 0 && refused + broken === 0) ? words(stored) : "",
    inFlight.size > 0 ? `${inFlight.size} in flight` : "",
    refused > 0 ? `${refused} refused (${statuses})` : "",
    broken > 0 ? `${broken} broken off` : "",
  ].filter(Boolean).join(", ");
  const parts = group.files.size === 1 ? ranges([...inFlight.values()].filter((part) => part > 0)) : "";
  const tone = refused > 0 ? "bad" : inFlight.size > 0 ? "go" : broken > 0 ? "wait" : "good";
  return { id: group.line, tone, title, detail: `${group.operation} ${parts}`.trim(), isCode: true, at: group.at - begun };
}

const operations: Readonly<Record<string, (n: number) => string>> = {
  PutObject: (n) => `${files(n)} stored`,
  UploadPart: (n) => (n === 1 ? "1 part stored" : `${n} parts stored`),
  CreateMultipartUpload: (n) => (n === 1 ? "Started a multipart upload" : `Started ${n} multipart uploads`),
  CompleteMultipartUpload: (n) => `Joined the parts of ${files(n)}`,
  AbortMultipartUpload: (n) => `Dropped the parts of ${files(n)}`,
};

function files(n: number): string {
  return n === 1 ? "1 file" : `${n} files`;
}

/** 21, 23, 25 … 28 */
export function ranges(numbers: readonly number[]): string {
  const sorted = [...numbers].sort((a, b) => a - b);
  const pieces: string[] = [];
  for (let i = 0; i < sorted.length; ) {
    let end = i;
    while (sorted[end + 1] === (sorted[end] ?? 0) + 1) end++;
    if (end - i >= 2) pieces.push(`${sorted[i]} … ${sorted[end]}`);
    else pieces.push(...sorted.slice(i, end + 1).map(String));
    i = end + 1;
  }
  return pieces.join(", ");
}

const reasons: Readonly<Record<HoldReason, string>> = {
  absent: "no credentials yet",
  expired: "credentials ran out",
  invalidated: "credentials were made to expire",
  refused: "the store refused the credentials",
  refreshFailed: "there were no new credentials",
};

function holdLine(hold: Hold, begun: number): Line {
  const times = ["", "; asked once", "; asked twice"][hold.asked] ?? `; asked ${hold.asked} times`;
  const detail = reasons[hold.reason] + times;
  const title = hold.over === undefined
    ? `Holding ${files(hold.files)}`
    : `Held ${files(hold.files)} for ${((hold.over - hold.since) / 1000).toFixed(1)} s`;
  return {
    id: hold.line, tone: hold.over === undefined ? "wait" : "good", title, detail, isCode: false, at: hold.since - begun,
  };
}

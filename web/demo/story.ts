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

/** A line that is told once. */
type Note = { -readonly [name in keyof Line]: Line[name] };

type RequestEvent = Extract<UploaderEvent, { type: "request" | "response" }>;

/** Requests of one operation, from the first one until the credentials change. */
interface Group {
  readonly line: number;
  readonly operation: string;
  /** How often what failed was put off, to be sent again. */
  retries: number;
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
  #lines: (Note | Group | Hold)[] = [];
  #next = 0;
  /** Groups that further requests join, by operation. */
  readonly #open = new Map<string, Group>();
  /** Groups by request that is under way. */
  readonly #requests = new Map<number, Group>();
  #hold: Hold | undefined;
  /** The line about files that go on where an earlier visit left them, while it is the last one. */
  #resumed: { line: Note; files: number; parts: number } | undefined;

  /** now is in milliseconds; waiting is how many files wait for credentials at the moment. */
  constructor(now: () => number, waiting: () => number) {
    this.#now = now;
    this.#waiting = waiting;
    this.#begun = now();
  }

  /** Adds a line of the page's own. A code is the name of an operation, or of an error. */
  note(title: string, detail: string | { code: string }, tone: Line["tone"] = "good"): void {
    this.#note(title, detail, tone);
  }

  #note(title: string, detail: string | { code: string }, tone: Line["tone"] = "good"): Note {
    const isCode = typeof detail !== "string";
    const line = { id: this.#next++, tone, title, detail: isCode ? detail.code : detail, isCode, at: this.#now() - this.#begun };
    this.#add(line);
    return line;
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
      case "credentials":
        if (event.shared) this.note("Another tab got new credentials", "this one need not ask");
        break;
      case "retry": this.#retries(event); break;
      case "resumed": this.#resumes(event.parts); break;
      case "conflict": this.note(`${event.task.name} has a name that is taken`, { code: event.error.code }, "wait"); break;
      case "offline": this.note("The network is gone", "nothing is lost, the requests wait", "wait"); break;
      case "online": this.note("The network is back", "the requests go on"); break;
      case "warning": this.note(event.error.code, event.error.hint, "wait"); break;
      case "all": this.note(`You ${done[event.action]} all files`, "at once, however many there are"); break;
      case "orphan":
        this.note("Parts were left behind", "the bucket's lifecycle rule removes them", "bad");
        break;
      default:
    }
  }

  /** What is put off is told with the requests of its kind, whose line says why. */
  #retries({ part, delay, error }: Extract<UploaderEvent, { type: "retry" }>): void {
    const group = error.operation === undefined ? undefined : this.#open.get(error.operation);
    if (group) {
      group.retries++;
      return;
    }
    const what = part > 0 ? `Part ${part} is sent` : "It is tried";
    this.note(`${what} again in ${(delay / 1000).toFixed(1)} s`, { code: error.code }, "wait");
  }

  #resumes(parts: number): void {
    const resumed = this.#resumed ?? { line: this.#note("", "an earlier visit stored them, and the store still has them"), files: 0, parts: 0 };
    this.#resumed = resumed;
    resumed.files++;
    resumed.parts += parts;
    resumed.line.title = `${files(resumed.files)} resumed, ${resumed.parts} parts need not be sent again`;
  }

  /** The lines as they stand, the oldest first. */
  lines(): Line[] {
    return this.#lines.map((line) => {
      if ("operation" in line) return groupLine(line, this.#begun);
      return "since" in line ? holdLine(line, this.#begun) : line;
    });
  }

  #add(line: Note | Group | Hold): void {
    this.#resumed = undefined;
    this.#lines.push(line);
    if (this.#lines.length > maxLines) this.#lines.shift();
  }

  #requested({ id, operation, task, part }: RequestEvent): void {
    let group = this.#open.get(operation);
    if (!group) {
      group = {
        line: this.#next++, operation, retries: 0, inFlight: new Map(), files: new Set(), stored: 0, refused: new Map(),
        broken: 0, at: this.#now(),
      };
      this.#open.set(operation, group);
      this.#add(group);
    }
    group.inFlight.set(id, part);
    if (task) group.files.add(task.id);
    this.#requests.set(id, group);
  }

  #responded(event: RequestEvent): void {
    const group = this.#requests.get(event.id);
    if (!group || event.type !== "response") return;
    this.#requests.delete(event.id);
    group.inFlight.delete(event.id);
    // That there is nothing is an answer to who asks what there is.
    if (event.status === 404 && looks.includes(event.operation)) group.stored++;
    else if (event.status === 0) group.broken++;
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
    group.retries > 0 ? `${group.retries} put off, to be sent again` : "",
  ].filter(Boolean).join(", ");
  const parts = group.files.size === 1 ? ranges([...inFlight.values()].filter((part) => part > 0)) : "";
  const given = refused + broken > group.retries; // something was refused for good
  const tone = refused > 0 && given ? "bad" : inFlight.size > 0 ? "go" : broken > 0 ? "wait" : "good";
  return { id: group.line, tone, title, detail: `${group.operation} ${parts}`.trim(), isCode: true, at: group.at - begun };
}

const looks = ["ListParts", "HeadObject"];

const done = { pause: "paused", resume: "resumed", retry: "retried", cancel: "cancelled" } as const;

const operations: Readonly<Record<string, (n: number) => string>> = {
  PutObject: (n) => `${files(n)} stored`,
  PostObject: (n) => `${files(n)} stored`,
  UploadPart: (n) => (n === 1 ? "1 part stored" : `${n} parts stored`),
  CreateMultipartUpload: (n) => (n === 1 ? "Started a multipart upload" : `Started ${n} multipart uploads`),
  CompleteMultipartUpload: (n) => `Joined the parts of ${files(n)}`,
  AbortMultipartUpload: (n) => `Dropped the parts of ${files(n)}`,
  ListParts: (n) => `Asked ${n === 1 ? "once" : `${n} times`} which parts are stored`,
  HeadObject: (n) => `Asked ${n === 1 ? "once" : `${n} times`} whether the object is there`,
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
  signingFailed: "the browser made no signatures",
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

/**
 * The module's memory while work goes on for long, and how fast it signs.
 * BUCKETLINE_SOAK is how many events there are, of all sessions together; make
 * memory has a million of them.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { events } from "./events.js";
import { encodeFrame, field, frame, int64s, type Frame } from "./frame.js";
import { startEngine, type Engine } from "./module.js";
import { Action, Algorithm, Event, maxConnections, Query } from "./protocol.js";
import { options } from "./testing.js";

const eventsWanted = Number(process.env["BUCKETLINE_SOAK"] ?? 10_000);
const long = eventsWanted >= 1_000_000;

/** How many sessions there are: in the long run so many that, with all connections, more than 1,500 uploads are under way. */
const sessions = long ? 13 : 1;

/** A file of three parts; its record stays in the table when it has ended. */
const fileBytes = 11 << 20;
const recordBytes = 32;

const settings: Frame = frame(0, {
  fields: [
    ["bucket", "photos"], ["region", "eu-west-1"], ["connections", String(maxConnections)], ["partSize", String(5 << 20)],
    ["multipartThreshold", String(5 << 20)],
  ],
});

const text = (body: string): Uint8Array => new TextEncoder().encode(body);

/** One session, whose store stores all it is sent. */
class Session {
  readonly engine: Engine;
  readonly live = new Set<number>();
  events = 0;
  files = 0;
  done = 0;
  most = 0;
  #now = 1;
  #next: Frame[] = [];
  #flying: Frame[] = [];

  constructor(module: WebAssembly.Module) {
    this.engine = startEngine(module);
    assert.equal(this.engine.open(settings), undefined);
    this.#next.push(frame(Event.credentials, {
      fields: [["accessKey", "AKID"], ["secretKey", "secret"], ["sessionToken", "token"], ["expiration", "2030-01-01T00:00:00Z"]],
    }));
    this.#add(2 * maxConnections);
  }

  #add(files: number): void {
    this.#next.push(frame(Event.added, { body: int64s(Array.from({ length: files }, () => fileBytes)) }));
    this.files += files;
  }

  /** What has happened is told, and done what is asked for. */
  turn(): void {
    const told = this.#next;
    this.#next = [];
    // Half of what is under way ends, the oldest first, and some of it badly.
    for (const sent of this.#flying.splice(0, Math.max(1, this.#flying.length >> 1))) told.push(...this.#answer(sent));
    this.#now += 20;
    const { actions, refused } = this.engine.step(frame(Event.now, { x: this.#now, y: 1_800_000_000_000 + this.#now }), told);
    assert.deepEqual([...refused.values()].map((f) => field(f, "text")), []);
    this.events += told.length;
    for (const action of actions) this.#take(action);
    this.most = Math.max(this.most, this.live.size);
  }

  #take(action: Frame): void {
    const { file, request } = action;
    switch (action.kind) {
      case Action.describe:
        this.#next.push(frame(Event.described, { file, fields: [["key", `u/42/${file} ü.bin`], ["contentType", "video/mp4"]] }));
        break;
      case Action.hash:
        this.#next.push(events.hashed(request, new Uint8Array(action.a === Algorithm.CRC64NVME ? 8 : 16)));
        break;
      case Action.send:
        this.#flying.push(action);
        break;
      case Action.noteState:
        if (action.a !== 9) break; // done
        this.done++;
        this.live.delete(file);
        this.#add(1);
        break;
      default:
    }
  }

  #answer({ request, file, b: part, y: length, a: digest, fields }: Frame): Frame[] {
    const headers: [string, string][] = [["etag", `"${request}"`], ["x-amz-request-id", "4442587FB7D0A2F9"]];
    const given = (body: string): Frame[] => [
      events.answered(request, { kind: "answered", status: 200, headers, body: text(body) }, new Uint8Array(digest ? 8 : 0)),
    ];
    switch (fields.find(([name]) => name === "operation")?.[1]) {
      case "CreateMultipartUpload":
        this.live.add(file);
        return given(`<InitiateMultipartUploadResult><UploadId>U${request}</UploadId></InitiateMultipartUploadResult>`);
      case "CompleteMultipartUpload":
        return given('<CompleteMultipartUploadResult><ETag>"x-3"</ETag></CompleteMultipartUploadResult>');
      default:
        if (request % 97 === 0 && part > 0) {
          return [events.answered(request, { kind: "answered", status: 503, headers, body: text("<Error><Code>SlowDown</Code></Error>") })];
        }
        return [events.sent(request, length >> 1), events.sent(request, length), ...given("")];
    }
  }
}

test("soak: memory stays as it is while uploads come and go", (t) => {
  const module = options().wasm as WebAssembly.Module;
  const all = Array.from({ length: sessions }, () => new Session(module));
  const told = (): number => all.reduce((sum, s) => sum + s.events, 0);
  const bytes = (): number => all.reduce((sum, s) => sum + s.engine.instance.exports.memory.buffer.byteLength, 0);
  const files = (): number => all.reduce((sum, s) => sum + s.files, 0);
  let early: { bytes: number; files: number } | undefined;
  while (told() < eventsWanted) {
    for (const session of all) session.turn();
    if (!early && told() > eventsWanted / 4) early = { bytes: bytes(), files: files() };
  }
  assert.ok(early);
  const live = all.reduce((sum, s) => sum + s.most, 0);
  const done = all.reduce((sum, s) => sum + s.done, 0);
  const mebibytes = (n: number): string => (n / 2 ** 20).toFixed(1);
  t.diagnostic(`${told()} events, ${files()} files, ${done} done, ${live} live at most: ${mebibytes(early.bytes)} MiB after a quarter, ${mebibytes(bytes())} at the end`);
  assert.ok(done > eventsWanted / 40, `only ${done} files came to their end`);
  if (long) assert.ok(live >= 1500, `${live} uploads were under way at once`);
  // A short run is not yet warm after a quarter.
  const room = early.bytes * (long ? 0.1 : 1) + (files() - early.files) * recordBytes;
  assert.ok(bytes() <= early.bytes + room, `${bytes()} bytes at the end, ${early.bytes} after a quarter`);
});

test("soak: how fast it signs", (t) => {
  const engine = startEngine(options().wasm as WebAssembly.Module);
  engine.open(settings);
  const clocks = frame(Event.now, { x: 1, y: 1_800_000_000_000 });
  engine.step(clocks, [frame(Event.credentials, {
    fields: [["accessKey", "AKID"], ["secretKey", "secret"], ["sessionToken", "token"], ["expiration", "2030-01-01T00:00:00Z"]],
  })]);
  const { exports, write, view } = engine.instance;
  const query = encodeFrame(frame(Query.presign, { x: 900, y: 1_800_000_000_000, fields: [["key", "u/42/a b ü.bin"]] }));
  assert.match(field(engine.ask(frame(Query.presign, { x: 900, y: 1_800_000_000_000, fields: [["key", "u/42/a b ü.bin"]] })), "url") ?? "", /X-Amz-Signature=[0-9a-f]{64}/);
  const count = Math.max(2000, eventsWanted / 4);
  let length = 0;
  const sign = (times: number): void => {
    for (let i = 0; i < times; i++) length = exports.ask(write(query));
  };
  sign(count); // until it is compiled as well as it will be
  // The processor's time, since the machine does other things too.
  const begun = process.cpuUsage();
  sign(count);
  const { user, system } = process.cpuUsage(begun);
  const seconds = (user + system) / 1e6;
  assert.ok(view(length).length > 200);
  t.diagnostic(`${Math.round(count / seconds)} presigned URLs a second, through frames`);
});

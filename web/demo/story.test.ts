import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeUploader, type FakeTask } from "../ui/testing.js";
import { parseConfig } from "./config.js";
import { maxLines, ranges, Story, type Line } from "./story.js";
import { clock } from "./storyview.js";

interface Stage {
  story: Story;
  time: { now: number; waiting: number };
  file(): FakeTask;
  /** Begins a request and returns how to end it. */
  request(operation: string, task: FakeTask, part?: number): (status: number) => void;
  told(): string[];
}

function stage(): Stage {
  const time = { now: 1000, waiting: 0 };
  const story = new Story(() => time.now, () => time.waiting);
  const uploader = new FakeUploader();
  let id = 0;
  return {
    story,
    time,
    file: () => uploader.upload(new File([], "f")),
    request: (operation, task, part = 0) => {
      const event = { id: id++, operation, task, part };
      story.take({ type: "request", ...event });
      return (status) => story.take({ type: "response", ...event, status });
    },
    told: () => story.lines().map(({ tone, title, detail }) => `${tone}: ${title} / ${detail}`),
  };
}

test("many requests of a kind are one line", () => {
  const { request, file, told } = stage();
  const f = file();
  request("CreateMultipartUpload", f)(200);
  const ends = Array.from({ length: 28 }, (_, i) => request("UploadPart", f, i + 1));
  for (const [i, end] of ends.entries()) if (![20, 22, 24, 25, 26, 27].includes(i)) end(200);
  assert.deepEqual(told(), [
    "good: Started a multipart upload / CreateMultipartUpload",
    "go: 22 parts stored, 6 in flight / UploadPart 21, 23, 25 … 28",
  ]);
});

test("part numbers of several files are not mixed", () => {
  const { request, file, told } = stage();
  request("UploadPart", file(), 1);
  request("UploadPart", file(), 1);
  assert.deepEqual(told(), ["go: 2 in flight / UploadPart"]);
});

test("what was refused or broken off is told apart", () => {
  const { request, file, told } = stage();
  request("PutObject", file())(200);
  request("PutObject", file())(403);
  request("PutObject", file())(403);
  request("PutObject", file())(0);
  assert.deepEqual(told(), ["bad: 1 file stored, 2 refused (403), 1 broken off / PutObject"]);
});

test("to find nothing is no refusal", () => {
  const { request, file, told } = stage();
  request("ListParts", file())(404);
  request("ListParts", file())(403);
  assert.deepEqual(told(), ["bad: Asked once which parts are stored, 1 refused (403) / ListParts"]);
});

test("an operation without words of its own goes by its name", () => {
  const { request, file, told } = stage();
  request("DeleteObject", file())(200);
  assert.deepEqual(told(), ["good: 1 done / DeleteObject"]);
});

test("what is sent again is told with its kind, and is nothing bad", () => {
  const { story, request, file, told } = stage();
  const f = file();
  const error = {
    code: "SlowDown", status: 503, requestId: undefined, operation: "UploadPart", part: 1, doubt: false, hint: "", message: "",
  };
  request("UploadPart", f, 1)(503);
  story.take({ type: "retry", task: f, part: 1, delay: 900, error });
  request("UploadPart", f, 1)(200);
  assert.deepEqual(told(), ["good: 1 part stored, 1 refused (503), 1 put off, to be sent again / UploadPart"]);
  story.take({ type: "retry", task: f, part: 2, delay: 1500, error: { ...error, operation: undefined } });
  assert.equal(told().at(-1), "wait: Part 2 is sent again in 1.5 s / SlowDown");
});

test("files that go on where they were are one line, until something else is told", () => {
  const { story, file, told } = stage();
  story.take({ type: "resumed", task: file(), bytes: 1, parts: 7 });
  story.take({ type: "resumed", task: file(), bytes: 1, parts: 5 });
  story.take({ type: "all", action: "pause" });
  story.take({ type: "resumed", task: file(), bytes: 1, parts: 1 });
  assert.deepEqual(told().map((line) => line.split(" / ")[0]), [
    "good: 2 files resumed, 12 parts need not be sent again", "good: You paused all files",
    "good: 1 file resumed, 1 parts need not be sent again",
  ]);
});

test("a hold is told while it lasts, with how many wait and how often was asked", () => {
  const { story, time, told } = stage();
  time.waiting = 1;
  story.take({ type: "hold", reason: "expired" });
  story.take({ type: "refresh", reason: "expired" });
  time.waiting = 3;
  story.take({ type: "progress" });
  assert.deepEqual(told(), ["wait: Holding 3 files / credentials ran out; asked once"]);
  story.take({ type: "hold", reason: "refreshFailed" });
  assert.deepEqual(told(), ["wait: Holding 3 files / there were no new credentials; asked once"]);
  time.now += 1240;
  time.waiting = 0;
  story.take({ type: "release" });
  assert.deepEqual(told(), ["good: Held 3 files for 1.2 s / there were no new credentials; asked once"]);
});

test("requests after a hold begin a new line, answers to those before end the old one", () => {
  const { story, request, file, told } = stage();
  const f = file();
  const before = request("UploadPart", f, 1);
  story.take({ type: "hold", reason: "invalidated" });
  story.take({ type: "release" });
  request("UploadPart", f, 2);
  before(200);
  assert.deepEqual(told(), [
    "good: 1 part stored / UploadPart",
    "good: Held 0 files for 0.0 s / credentials were made to expire",
    "go: 1 in flight / UploadPart 2",
  ]);
});

test("lines are in the order of their beginning, and keep it", () => {
  const { story, time, request, file } = stage();
  const end = request("PutObject", file());
  time.now += 2000;
  story.note("Signed in", "OIDC");
  time.now += 2000;
  end(200);
  assert.deepEqual(story.lines().map((line: Line) => line.at), [0, 2000]);
});

test("only the last lines are kept", () => {
  const { story } = stage();
  for (let i = 0; i < maxLines + 5; i++) story.note(`${i}`, "");
  const lines = story.lines();
  assert.equal(lines.length, maxLines);
  assert.equal(lines.at(-1)?.title, String(maxLines + 4));
});

test("neighbouring numbers are drawn together from three on", () => {
  const want: [number[], string][] = [
    [[], ""], [[7], "7"], [[2, 1], "1, 2"], [[3, 1, 2], "1 … 3"], [[1, 2, 4, 5, 6, 9], "1, 2, 4 … 6, 9"],
  ];
  for (const [numbers, text] of want) assert.equal(ranges(numbers), text);
});

test("a clock shows minutes and seconds", () => {
  const want: [number, string][] = [[-5, "0:00"], [999, "0:00"], [61_000, "1:01"], [702_000, "11:42"], [7_199_000, "119:59"]];
  for (const [millis, text] of want) assert.equal(clock(millis), text);
});

const config = {
  page: "http://127.0.0.1:1/", s3: "http://127.0.0.1:2", sts: "http://127.0.0.1:3", issuer: "http://127.0.0.1:4",
  clientId: "c", bucket: "b", region: "r", roleArn: "a",
};

test("a config says what is missing in it", () => {
  assert.equal(parseConfig(config).sessionSeconds, 900);
  assert.deepEqual(parseConfig({ ...config, users: [{ name: "alice" }, { nobody: 1 }, 7] }).users, [{ name: "alice" }]);
  assert.throws(() => parseConfig(null), /no object/);
  assert.throws(() => parseConfig({ ...config, sts: "" }), /"sts" is missing/);
  assert.throws(() => parseConfig({ ...config, sessionSeconds: 1.5 }), /"sessionSeconds" is no whole number/);
});

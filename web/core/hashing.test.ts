/** Digests: in a worker, beside the sending, and here where there is none. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { digestOf, hex, sampleOf } from "./digest.js";
import { Hashing } from "./hashing.js";
import { startInstance } from "./instance.js";
import { Algorithm } from "./protocol.js";
import { asked, FakeWorker, fileOf, later, options, store, until, uploader } from "./testing.js";

const module = options().wasm as WebAssembly.Module;
const never = new AbortController().signal;

function withWorkers(): void {
  FakeWorker.started = [];
  Object.assign(globalThis, { Worker: FakeWorker });
}

function withoutWorkers(): void {
  for (const worker of FakeWorker.started) worker.terminate();
  Reflect.deleteProperty(globalThis, "Worker");
}

test("digest: every algorithm is what others say, over many pieces", async () => {
  const instance = startInstance(module);
  const digits = new Blob(["123456789"]);
  const of = async (algorithm: number, bytes: Blob): Promise<string> => hex(await digestOf(instance, algorithm, bytes, never));
  assert.equal(await of(Algorithm.CRC32, digits), "cbf43926");
  assert.equal(await of(Algorithm.CRC32C, digits), "e3069283");
  assert.equal(await of(Algorithm.CRC64NVME, digits), "ae8b14860a799888");
  const big = fileOf("big", (3 << 20) + 17);
  const bytes = new Uint8Array(await big.arrayBuffer());
  for (const [algorithm, name] of [[Algorithm.SHA1, "sha1"], [Algorithm.SHA256, "sha256"], [Algorithm.MD5, "md5"]] as const) {
    assert.equal(await of(algorithm, big), createHash(name).update(bytes).digest("hex"), name);
  }
  await assert.rejects(of(99, digits), RangeError);
  assert.equal(await of(Algorithm.CRC32, new Blob([])), "00000000");
});

test("digest: many at once do not get into each other's way, and none is left behind", async () => {
  const instance = startInstance(module);
  const files = Array.from({ length: 12 }, (_, i) => fileOf(`f${i}`, 200_000 * i + i, i));
  const together = await Promise.all(files.map((file) => digestOf(instance, Algorithm.SHA1, file, never)));
  for (const [i, file] of files.entries()) {
    assert.equal(hex(together[i] ?? new Uint8Array()), createHash("sha1").update(new Uint8Array(await file.arrayBuffer())).digest("hex"));
  }
  const gone = new AbortController();
  const dropped = Array.from({ length: 2000 }, () => digestOf(instance, Algorithm.CRC32, fileOf("x", 10), gone.signal).catch(() => undefined));
  gone.abort();
  await Promise.all(dropped);
  assert.equal(hex(await digestOf(instance, Algorithm.CRC32, new Blob(["123456789"]), never)), "cbf43926");
});

/** driver/testdata holds the Go driver to the same fingerprints. */
test("fingerprint: looks at the beginning, the middle and the end, or at all of a small file", async () => {
  const prints = JSON.parse(readFileSync("wire/testdata/prints.json", "utf8")) as { size: number; print: string }[];
  const instance = startInstance(module);
  for (const { size, print } of prints) {
    const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
    const sample = sampleOf(new Blob([bytes]));
    assert.ok(sample.size <= 12288);
    assert.equal(hex(await digestOf(instance, Algorithm.CRC64NVME, sample, never)), print, `${size} bytes`);
  }
});

test("hashing: is done by the worker, which is started when it is first needed", async () => {
  withWorkers();
  const hashing = new Hashing(module, startInstance(module), "worker.js");
  assert.deepEqual([FakeWorker.started.length, hashing.inWorker], [0, false]);
  const digests = await Promise.all(Array.from({ length: 5 }, () => hashing.digest(Algorithm.CRC32, new Blob(["123456789"]), never)));
  assert.deepEqual(digests.map(hex), Array.from({ length: 5 }, () => "cbf43926"));
  assert.deepEqual([FakeWorker.started.length, hashing.inWorker], [1, true]);
  assert.equal(FakeWorker.started[0]?.asked.filter(({ kind }) => kind === "digest").length, 5);
  withoutWorkers();
});

test("hashing: what is dropped ends at once, and the worker hears of it", async () => {
  withWorkers();
  const hashing = new Hashing(module, startInstance(module), "worker.js");
  await hashing.digest(Algorithm.CRC32, new Blob(["x"]), never);
  const abort = new AbortController();
  const digest = hashing.digest(Algorithm.SHA256, fileOf("big", 30 << 20), abort.signal);
  await later(0);
  abort.abort();
  await assert.rejects(digest, { name: "AbortError" });
  assert.equal(FakeWorker.started[0]?.asked.at(-1)?.kind, "drop");
  withoutWorkers();
});

test("hashing: a worker that is not there, or breaks, is done without", async () => {
  withWorkers();
  const missing = new Hashing(module, startInstance(module), "missing.js");
  assert.equal(hex(await missing.digest(Algorithm.CRC32, new Blob(["123456789"]), never)), "cbf43926");
  assert.equal(missing.inWorker, false);
  const breaks = new Hashing(module, startInstance(module), "worker.js");
  await breaks.digest(Algorithm.CRC32, new Blob(["x"]), never);
  const big = fileOf("big", 8 << 20);
  const digest = breaks.digest(Algorithm.SHA1, big, never);
  await later(0);
  FakeWorker.started.at(-1)?.crash();
  assert.equal(hex(await digest), createHash("sha1").update(new Uint8Array(await big.arrayBuffer())).digest("hex"));
  assert.equal(breaks.inWorker, false);
  withoutWorkers();
  const none = new Hashing(module, startInstance(module), false);
  assert.equal(hex(await none.digest(Algorithm.CRC32, new Blob(["123456789"]), never)), "cbf43926");
});

test("hashing: bytes that cannot be read are told apart from everything else", async () => {
  const unreadable = new Blob(["x"]);
  unreadable.slice = () => ({ size: 1, arrayBuffer: () => Promise.reject(new DOMException("gone", "NotReadableError")) }) as unknown as Blob;
  const none = new Hashing(module, startInstance(module), false);
  await assert.rejects(none.digest(Algorithm.CRC32, unreadable, never), { name: "NotReadableError" });
});

test("upload: the checksum of every part is computed beside the sending, and the whole's goes with the last request", async () => {
  withWorkers();
  const up = uploader(options({ partSize: 5 << 20, multipartThreshold: 5 << 20, worker: "worker.js" }));
  const file = fileOf("big", 11 << 20);
  const result = await up.upload(file);
  const whole = await digestOf(startInstance(module), Algorithm.CRC64NVME, file, never);
  const value = Buffer.from(whole).toString("base64");
  assert.deepEqual(result.checksum, { algorithm: "CRC64NVME", value });
  const complete = store.requests.find(({ method, url }) => method === "POST" && url.includes("uploadId="));
  assert.equal(complete?.headers.get("x-amz-checksum-crc64nvme"), value);
  assert.equal(FakeWorker.started[0]?.asked.filter(({ kind }) => kind === "digest").length, 3);
  up.close();
  withoutWorkers();
});

test("upload: a checksum of one's own, another algorithm, or none", async () => {
  const up = uploader(options({ checksum: "none" }));
  assert.equal((await up.upload(fileOf("a", 100))).checksum, undefined);
  assert.equal((await up.upload(fileOf("b", 100), { checksum: "SHA256" })).checksum?.algorithm, "SHA256");
  const value = "4waSgw==";
  const given = await up.upload(new File(["123456789"], "c"), { checksum: { algorithm: "CRC32C", value } });
  assert.deepEqual(given.checksum, { algorithm: "CRC32C", value });
  const sent = store.requests.map(({ headers }) => [...headers.keys()].filter((name) => name.startsWith("x-amz-checksum")).join());
  assert.deepEqual(sent, ["", "x-amz-checksum-sha256", "x-amz-checksum-crc32c"]);
});

test("upload: bytes that cannot be read for their checksum end the file, not the session", async () => {
  const up = uploader(options());
  const file = fileOf("a", 100_000);
  const slice = file.slice.bind(file);
  // The look before the sending and the fingerprint succeed, reading all of it does not.
  file.slice = (from, to) => (to === 100_000 && from === 0
    ? Object.assign(slice(from, to), { slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException("gone", "NotReadableError")) }) })
    : slice(from, to)) as Blob;
  await assert.rejects(Promise.resolve(up.upload(file)), { code: "SourceUnreadable" });
  assert.equal((await up.upload(fileOf("b", 3))).key, "b");
  assert.equal(asked("PUT"), 1);
  await until("nothing is under way", () => up.totals().inFlight === 0);
});

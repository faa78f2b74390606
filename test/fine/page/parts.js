"use strict";

const chunked = (more = {}) => ({ chunking: qq.extend({ enabled: true, partSize: part }, more, true) });

const words = (request) => {
  const [, query = ""] = request.path.split("?");
  const names = query.split("&").map((pair) => pair.split("=")[0]).join(",");
  return `${request.method} ${names}`;
};

test("parts: requests, callbacks and object", async (w) => {
  const u = w.uploader(chunked());
  const file = new File([bytes(2 * part + 1000)], "a file's (1)!.bin", { type: "video/mp4" });
  u.addFiles(file);
  await w.once("allComplete");
  equal(w.names("progress", "totalProgress"), [
    "statusChange", "validateBatch", "validate", "submit", "statusChange", "submitted", "statusChange", "upload", "uploadChunk",
    "uploadChunkSuccess", "uploadChunk", "uploadChunkSuccess", "uploadChunk", "uploadChunkSuccess", "statusChange", "complete", "allComplete",
  ], "order");
  equal(w.of("uploadChunk").map(([, id, name, about]) => [id, name, about]), [
    [0, file.name, { partIndex: 0, startByte: 1, endByte: part, totalParts: 3 }],
    [0, file.name, { partIndex: 1, startByte: part + 1, endByte: 2 * part, totalParts: 3 }],
    [0, file.name, { partIndex: 2, startByte: 2 * part + 1, endByte: 2 * part + 1000, totalParts: 3 }],
  ], "parts");
  const [, id, about, response, xhr] = w.of("uploadChunkSuccess")[0];
  equal([id, about.partIndex, response, xhr.status], [0, 0, { success: true }, 200], "uploadChunkSuccess");
  equal((await w.wire()).map(words), ["POST uploads", "PUT partNumber,uploadId", "PUT partNumber,uploadId", "PUT partNumber,uploadId", "POST uploadId"], "requests");
  const stored = await w.object(u.getKey(0));
  equal([stored.sha256, stored.parts, stored.headers["content-type"]], [await sha256(file), 3, "video/mp4"], "object");
  equal(stored.headers["x-amz-meta-qqfilename"], encodeURIComponent(file.name), "name");
  equal(await get("/control/uploads"), 0, "nothing is left behind");
});

test("parts: headers of the start, version 4", async (w) => {
  const u = w.uploader({
    ...chunked({ mandatory: true }), request: { params: { Album: "ü", "Content-Disposition": "inline" } },
    objectProperties: { acl: "public-read", reducedRedundancy: true, serverSideEncryption: true, key: () => "a/b c/!'()*.txt" },
    credentials: w.credentials({ accessKey: `${w.accessKey}T`, sessionToken: w.token }),
  });
  u.addFiles(new File(["small"], "x.txt", { type: "text/plain" }));
  await w.once("allComplete");
  const [start, first, end] = await w.wire();
  equal(start.path, `/a/b%20c/%21%27%28%29%2A.txt?uploads`, "escaped key");
  const { headers } = start;
  equal([headers["x-amz-acl"], headers["x-amz-storage-class"], headers["x-amz-server-side-encryption"], headers["x-amz-meta-album"],
    headers["x-amz-meta-qqfilename"], headers["content-disposition"], headers["content-type"], headers["x-amz-security-token"]],
  ["public-read", "REDUCED_REDUNDANCY", "AES256", "%C3%BC", "x.txt", "inline", "text/plain", w.token], "headers");
  ok(/^AWS4-HMAC-SHA256 Credential=AKIDFINEEXAMPLET\/\d{8}\/us-east-1\/s3\/aws4_request,SignedHeaders=[a-z0-9;-]+,Signature=[0-9a-f]{64}$/.test(headers.authorization), headers.authorization);
  equal(first.headers["x-amz-acl"], undefined, "none of it with parts");
  ok(/^\d{8}T\d{6}Z$/.test(first.headers["x-amz-date"]), "date");
  equal(first.headers["x-amz-content-sha256"], await sha256(new Blob(["small"])), "digest of the part");
  equal(start.headers["x-amz-content-sha256"], await sha256(new Blob([])), "digest of nothing");
  equal(end.headers["x-amz-content-sha256"], await sha256(new Blob([end.body])), "digest of the list");
  ok(/<CompleteMultipartUpload.*<Part><PartNumber>1<\/PartNumber><ETag>.*<\/ETag><\/Part><\/CompleteMultipartUpload>/.test(end.body), end.body);
  ok(await w.object("a/b c/!'()*.txt"), "stored");
});

test("parts: version 2", async (w) => {
  const u = w.uploader({ ...chunked(), signature: { version: 2 } });
  u.addFiles(new File([bytes(part + 1)], "a.bin"));
  await w.once("allComplete");
  equal(w.of("complete")[0][3], { success: true }, "response");
  for (const { headers } of await w.wire()) ok(/^AWS AKIDFINEEXAMPLE:[A-Za-z0-9+/]{27}=$/.test(headers.authorization), headers.authorization);
});

test("parts: one part goes as a form, unless parts are mandatory; none of an empty file", async (w) => {
  const u = w.uploader({ ...chunked(), validation: { allowEmpty: true } });
  u.addFiles([new Blob([bytes(part)]), new Blob([])]);
  await w.once("allComplete");
  equal((await w.wire()).map(({ method, path }) => [method, path]), [["POST", "/"], ["POST", "/"]], "forms");
});

test("parts: size by a function, once a file", async (w) => {
  const calls = [];
  const u = w.uploader(chunked({ partSize: (...args) => (calls.push(args), part + 10) }));
  u.addFiles(new Blob([bytes(part + 20)]));
  await w.once("allComplete");
  equal(calls, [[0, part + 20]], "calls");
  equal(w.of("uploadChunk").map(([, , , { endByte }]) => endByte), [part + 10, part + 20], "parts");
});

test("parts: several at once share one start", async (w) => {
  await post("/control/troubles", [{ op: "UploadPart", From: 1, late: 100 }]);
  const u = w.uploader(chunked({ concurrent: { enabled: true } }));
  const file = new Blob([bytes(5 * part + 1)]);
  u.addFiles(file);
  await until("three at once", () => w.of("uploadChunk").length === 3 && w.of("uploadChunkSuccess").length === 0);
  await w.once("allComplete");
  equal(w.of("uploadChunk").map(([, , , { partIndex }]) => partIndex), [0, 1, 2, 3, 4, 5], "order");
  equal((await w.wire()).filter((request) => words(request) === "POST uploads").length, 1, "starts");
  equal((await w.object(u.getKey(0))).sha256, await sha256(file), "object");
});

test("parts: several at once of one file leave no connection to the next until it needs fewer", async (w) => {
  await post("/control/troubles", [{ op: "UploadPart", From: 1, late: 50 }]);
  const u = w.uploader(chunked({ concurrent: { enabled: true } }));
  u.addFiles([new Blob([bytes(4 * part)]), new Blob(["small"])]);
  await until("queued", () => u.getUploads({ status: "queued" }).length === 1);
  await w.once("allComplete");
  equal(w.of("allComplete")[0][1].sort(), [0, 1], "all");
});

test("parts: onUploadChunk may wait, and may refuse", async (w) => {
  let go;
  let answer = new Promise((resolve) => (go = resolve));
  const u = w.uploader(chunked(), { onUploadChunk: () => answer });
  u.addFiles(new Blob([bytes(part + 1)]));
  equal((await w.wire()).length, 0, "nothing goes while the promise is open");
  go();
  await w.once("allComplete");
  answer = Promise.reject(new Error("no"));
  u.addFiles(new Blob([bytes(part + 1)]));
  await until("failed", () => u.getUploads({ id: 1 }).status === "upload failed");
  answer = undefined;
  equal(u.retry(1), true, "retry");
  await until("done", () => u.getUploads({ id: 1 }).status === "upload successful");
});

test("parts: a failed part is sent again alone", async (w) => {
  await post("/control/troubles", [{ op: "UploadPart", part: 2, From: 1, To: 1, code: "InternalError", status: 500 }]);
  const u = w.uploader({ ...chunked(), retry: { enableAuto: true, autoAttemptDelay: 0.05 } });
  const file = new Blob([bytes(3 * part)]);
  u.addFiles(file);
  await w.once("allComplete");
  equal(w.names("progress", "totalProgress", "statusChange").slice(4), [
    "upload", "uploadChunk", "uploadChunkSuccess", "uploadChunk", "error", "autoRetry", "upload", "uploadChunk", "uploadChunkSuccess",
    "uploadChunk", "uploadChunkSuccess", "complete", "allComplete",
  ], "order");
  equal((await w.wire()).map(words), ["POST uploads", "PUT partNumber,uploadId", "PUT partNumber,uploadId", "PUT partNumber,uploadId", "PUT partNumber,uploadId", "POST uploadId"], "requests");
  equal((await w.object(u.getKey(0))).sha256, await sha256(file), "object");
});

test("parts: the count of automatic attempts begins anew after each part", async (w) => {
  await post("/control/troubles", [{ op: "UploadPart", From: 1, To: 1, code: "InternalError", status: 500 }]);
  const u = w.uploader({ ...chunked(), retry: { enableAuto: true, autoAttemptDelay: 0.02, maxAutoAttempts: 1 } });
  u.addFiles(new Blob([bytes(3 * part)]));
  await w.once("allComplete");
  equal(w.of("autoRetry").map(([, , , n]) => n), [1, 1, 1], "attempts");
  equal(w.of("complete")[0][3], { success: true }, "response");
});

test("parts: a failed start, and a failed end that is repeated alone", async (w) => {
  await post("/control/troubles", [
    { op: "CreateMultipartUpload", From: 1, To: 1, code: "InternalError", status: 500 },
    { op: "CompleteMultipartUpload", From: 1, To: 1, code: "AccessDenied", status: 403 },
  ]);
  const u = w.uploader({ ...chunked(), retry: { enableAuto: true, autoAttemptDelay: 0.02 } });
  u.addFiles(new Blob([bytes(part + 1)]));
  await w.once("allComplete");
  equal((await w.wire()).map(words), ["POST uploads", "POST uploads", "PUT partNumber,uploadId", "PUT partNumber,uploadId", "POST uploadId", "POST uploadId"], "requests");
});

test("parts: an upload that is gone begins anew at the next attempt", async (w) => {
  await post("/control/troubles", [{ op: "UploadPart", part: 2, From: 1, To: 1, forget: true }]);
  const u = w.uploader({ ...chunked(), retry: { enableAuto: true, autoAttemptDelay: 0.02 } });
  const file = new Blob([bytes(2 * part)]);
  u.addFiles(file);
  await w.once("allComplete");
  equal(w.of("error").length, 1, "errors");
  equal((await w.wire()).filter((request) => words(request) === "POST uploads").length, 2, "starts");
  equal((await w.object(u.getKey(0))).sha256, await sha256(file), "object");
});

test("parts: refused inside a 200", async (w) => {
  await post("/control/troubles", [{ op: "CompleteMultipartUpload", From: 1, code: "AccessDenied", inBody: true }]);
  const u = w.uploader(chunked());
  u.addFiles(new Blob([bytes(part + 1)]));
  await w.once("allComplete");
  equal([w.of("complete")[0][3].success, w.of("complete")[0][3].code], [false, "AccessDenied"], "response keeps the code");
});

test("pause and continue: what is stored stays", async (w) => {
  await post("/control/troubles", [{ op: "UploadPart", part: 2, From: 1, To: 1, late: 3000 }]);
  const u = w.uploader(chunked());
  const file = new Blob([bytes(3 * part)]);
  u.addFiles(file);
  await until("second part", () => w.of("uploadChunk").length === 2);
  equal(u.pauseUpload(0), true, "pause");
  equal([u.getUploads({ id: 0 }).status, u.getInProgress()], ["paused", 0], "paused");
  equal(u.pauseUpload(0), false, "twice");
  equal(u.continueUpload(0), true, "continue");
  equal(u.continueUpload(0), false, "twice");
  await w.once("allComplete");
  equal(w.of("upload").length, 2, "onUpload again");
  equal(w.of("uploadChunk").map(([, , , { partIndex }]) => partIndex), [0, 1, 1, 2], "parts");
  equal((await w.object(u.getKey(0))).sha256, await sha256(file), "object");
  equal(u.continueUpload(0), false, "of a success");
  equal((await w.wire()).filter(({ method }) => method === "GET").length, 0, "what this page sent it need not look up");
});

test("pause: not without parts", async (w) => {
  await post("/control/troubles", [{ op: "PostObject", From: 1, late: 100 }]);
  const u = w.uploader();
  u.addFiles(new Blob(["x"]));
  equal([u.pauseUpload(0), u.continueUpload(0)], [false, false], "pause");
  await w.once("allComplete");
});

test("cancel: what is stored of an upload in parts is aborted, resume or not", async (w) => {
  await post("/control/troubles", [{ op: "UploadPart", part: 2, From: 1, late: 500 }]);
  const u = w.uploader(chunked());
  u.addFiles(new Blob([bytes(3 * part)]));
  await until("second part", () => w.of("uploadChunk").length === 2);
  equal(await get("/control/uploads"), 1, "under way");
  u.cancel(0);
  equal(u.getUploads({ id: 0 }).status, "canceled", "status");
  await until("abort", async () => (await get("/control/uploads")) === 0);
  ok((await w.wire()).some((request) => words(request) === "DELETE uploadId"), "AbortMultipartUpload");
});

const resuming = { ...chunked(), resume: { enabled: true } };

test("resume: the record's name and form", async (w) => {
  await post("/control/troubles", [{ op: "UploadPart", part: 2, From: 1, late: 1000 }]);
  const u = w.uploader({ chunking: resuming.chunking, resume: { enabled: true, customKeys: (id) => ["k", id] } });
  u.addFiles(new File([bytes(3 * part)], "a.bin"));
  await until("second part", () => w.of("uploadChunk").length === 2);
  u.setCustomResumeData(0, { mine: 1 });
  const name = `qqs3resume5.0-a.bin-${3 * part}-${part}-${w.endpoint}-k-0`;
  equal(Object.keys(localStorage), [name], "name");
  const record = JSON.parse(localStorage.getItem(name));
  equal([record.name, record.size, record.uuid, record.key], ["a.bin", 3 * part, u.getUuid(0), u.getKey(0)], "about");
  const { enabled, parts, remaining, inProgress, uploadId, etags } = record.chunking;
  equal([enabled, parts, remaining, inProgress, etags.length, etags[0].part], [true, 3, [1, 2], [], 1, 1], "chunking");
  ok(uploadId && /^".*"$/.test(etags[0].etag), "upload id and ETag with quotes");
  ok(Math.abs(record.lastUpdated - Date.now()) < 60000, "lastUpdated");
  ok(!localStorage.getItem(name).includes(w.secretKey), "no secret");
  equal(u.isResumable(0), true, "isResumable");
  u.cancel(0);
  equal(Object.keys(localStorage), [], "removed by cancel");
});

// Leaves an upload of file behind as a page that is closed does.
async function leave(w, file, options = resuming) {
  await post("/control/troubles", [{ op: "UploadPart", part: 3, From: 1, late: 60000 }]);
  const u = w.uploader(options);
  u.addFiles(file);
  await until("third part", () => w.of("uploadChunk").length === 3);
  u.setCustomResumeData(0, "mine");
  u.pauseUpload(0);
  const kept = { ...localStorage };
  const facts = { uuid: u.getUuid(0), key: u.getKey(0) };
  await post("/control/troubles", []);
  for (const [name, value] of Object.entries(kept)) localStorage.setItem(name, value);
  return facts;
}

test("resume: another page goes on, with key and UUID, after onResume", async (w) => {
  const file = new File([bytes(4 * part)], "a.bin");
  const facts = await leave(w, file);
  const sent = (await w.wire()).length;
  const two = new World(w);
  const u = two.uploader(resuming);
  equal(u.getResumableFilesData().map(({ name, size, uuid, key, remaining }) => [name, size, uuid, key, remaining]),
    [["a.bin", 4 * part, facts.uuid, facts.key, [2, 3]]], "getResumableFilesData");
  u.addFiles(file);
  equal(u.getUuid(0), facts.uuid, "uuid at once");
  await two.once("allComplete");
  equal(two.names("progress", "totalProgress", "statusChange").slice(4), [
    "upload", "resume", "uploadChunk", "uploadChunkSuccess", "uploadChunk", "uploadChunkSuccess", "complete", "allComplete",
  ], "order");
  const [, id, name, chunk, custom] = two.of("resume")[0];
  equal([id, name, chunk.part, chunk.start, chunk.end, chunk.count, chunk.size, custom], [0, "a.bin", 2, 2 * part, 3 * part, 4, part, undefined], "onResume");
  const requests = (await w.wire()).slice(sent).map(words);
  equal(requests.filter((line) => line.startsWith("PUT")).length, 2, "parts sent again");
  equal(u.getKey(0), facts.key, "key");
  equal((await w.object(facts.key)).sha256, await sha256(file), "object");
  equal(Object.keys(localStorage), [], "record removed");
});

for (const [endpoint, version, lists] of [["/sign", 2, ["GET"]], ["/sign", 4, ["GET"]], ["/sign/older", 2, []], ["/sign/older", 4, []]]) {
  test(`resume: another page lists the parts if ${endpoint} signs that, version ${version}`, async (w) => {
    const signed = {
      ...resuming, credentials: { secretKey: null, accessKey: null, expiration: null },
      request: { endpoint: w.endpoint, accessKey: w.serverKey }, signature: { endpoint, version },
    };
    const file = new File([bytes(4 * part)], "a.bin");
    const facts = await leave(w, file, signed);
    const sent = (await w.wire()).length;
    const two = new World(w);
    two.uploader(signed).addFiles(file);
    await two.once("allComplete");
    const requests = (await w.wire()).slice(sent);
    const methods = requests.map(({ method }) => method).filter((method) => method !== "OPTIONS");
    equal(methods, [...lists, "PUT", "PUT", "POST"], "ListParts, the parts that the store has not, and the end");
    equal(two.of("error"), [], "nothing that the page is told");
    equal((await w.object(facts.key)).sha256, await sha256(file), "object");
  });
}

test("resume: what is remembered of an upload that went on once and is left again", async (w) => {
  const file = new File([bytes(5 * part)], "a.bin");
  await leave(w, file);
  await post("/control/troubles", [{ op: "UploadPart", part: 4, From: 1, late: 60000 }]);
  const two = new World(w);
  const u = two.uploader(resuming);
  u.addFiles(file);
  await until("fourth part", () => two.of("uploadChunk").length === 2);
  equal(u.getResumableFilesData().map(({ remaining }) => remaining), [[3, 4]], "remaining");
  const kept = JSON.parse(Object.values(localStorage)[0]);
  equal([kept.chunking.etags.map((one) => one.part).sort(), kept.chunking.parts], [[1, 2, 3], 5], "stored parts");
});

test("resume: onResume says no", async (w) => {
  const file = new File([bytes(3 * part)], "a.bin");
  const facts = await leave(w, file);
  const two = new World(w);
  const u = two.uploader(resuming, { onResume: () => false });
  u.addFiles(file);
  await two.once("allComplete");
  equal(two.of("uploadChunk").map(([, , , { partIndex }]) => partIndex), [0, 1, 2], "all parts");
  equal([u.getUuid(0), u.getKey(0)], [facts.uuid, facts.key], "key and UUID stay");
});

test("resume: another content of the same name and size is not joined to it", async (w) => {
  const facts = await leave(w, new File([bytes(3 * part, 1)], "a.bin"));
  ok(facts.key, "left");
  const two = new World(w);
  const other = new File([bytes(3 * part, 2)], "a.bin");
  const u = two.uploader(resuming);
  u.addFiles(other);
  await two.once("allComplete");
  equal((await w.object(u.getKey(0))).sha256, await sha256(other), "object");
});

test("resume: where parts may not be listed, the record is believed", async (w) => {
  const file = new File([bytes(3 * part)], "a.bin");
  await leave(w, file);
  await post("/control/troubles", [{ op: "ListParts", From: 1, code: "AccessDenied", status: 403 }]);
  const two = new World(w);
  const u = two.uploader(resuming);
  u.addFiles(file);
  await two.once("allComplete");
  equal(two.of("uploadChunk").map(([, , , { partIndex }]) => partIndex), [2], "parts");
  equal((await w.object(u.getKey(0))).sha256, await sha256(file), "object");
});

test("resume: records that are old or damaged are dropped", async (w) => {
  const day = 86400000;
  localStorage.setItem("qqs3resume5.0-old1", JSON.stringify({ lastUpdated: Date.now() - 8 * day }));
  localStorage.setItem("qqs3resume5.0-old2", JSON.stringify({ lastUpdated: Date.now() - 8 * day }));
  localStorage.setItem("qqs3resume5.0-damaged", "{");
  localStorage.setItem("qqs3resume5.0-new", JSON.stringify({ lastUpdated: Date.now() - 6 * day }));
  localStorage.setItem("another", "{");
  w.uploader(resuming);
  equal(Object.keys(localStorage).sort(), ["another", "qqs3resume5.0-new"], "left");
});

test("reset: everything is forgotten, ids begin anew", async (w) => {
  await post("/control/troubles", [{ op: "UploadPart", part: 2, From: 1, late: 1000 }]);
  const u = w.uploader(resuming);
  u.addFiles(new File([bytes(3 * part)], "a.bin"));
  await until("second part", () => w.of("uploadChunk").length === 2);
  u.setParams({ a: 1 });
  u.reset();
  equal([u.getUploads(), u.getInProgress(), Object.keys(localStorage)], [[], 0, []], "empty");
  await post("/control/troubles", []);
  u.addFiles(new Blob(["x"]));
  equal(u.getUploads().map(({ id }) => id), [0], "ids");
  await w.once("allComplete");
  equal((await w.object(u.getKey(0))).headers["x-amz-meta-a"], undefined, "parameters");
});

test("parts: the bucket in the path, version 4 and 2", async (w) => {
  for (const version of [4, 2]) {
    const one = new World(w);
    const u = one.uploader({ ...chunked(), request: { endpoint: `${w.store}/${w.bucket}` }, objectProperties: { bucket: null, region: w.region }, signature: { version } });
    const file = new Blob([bytes(part + 1)]);
    u.addFiles(file);
    await one.once("allComplete");
    equal([one.of("complete")[0][3], u.getBucket(0)], [{ success: true }, w.bucket], `version ${version}`);
    equal((await w.object(u.getKey(0))).sha256, await sha256(file), "object");
  }
});

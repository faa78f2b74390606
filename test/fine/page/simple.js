"use strict";

test("order of events: two blobs one after the other", async (w) => {
  const u = w.uploader({ maxConnections: 1 });
  u.addFiles([new Blob(["one"], { type: "text/plain" }), new Blob(["two"])]);
  w.log.push(["returned"]);
  await w.once("allComplete");
  const lines = w.log.filter(([name]) => !["progress", "totalProgress"].includes(name)).map(([name, ...args]) =>
    name === "statusChange" ? `status ${args[0]} ${args[2]}` : name === "validate" || name === "validateBatch" || name === "allComplete" || name === "returned" ? name : `${name} ${args[0]}`);
  equal(lines, [
    "status 0 submitting", "status 1 submitting", "validateBatch", "validate", "submit 0", "status 0 submitted", "submitted 0",
    "status 0 uploading", "upload 0", "returned", "validate", "submit 1", "status 1 submitted", "submitted 1", "status 1 queued",
    "status 0 upload successful", "complete 0", "status 1 uploading", "upload 1", "status 1 upload successful", "complete 1",
    "allComplete",
  ], "order");
});

test("the first request exists when addFiles returns", async (w) => {
  const made = [];
  const Real = window.XMLHttpRequest;
  window.XMLHttpRequest = class extends Real {
    send(body) {
      made.push(body);
      super.send(body);
    }
  };
  const u = w.uploader();
  u.addFiles(new File(["hello"], "a.txt", { type: "text/plain" }));
  window.XMLHttpRequest = Real;
  equal(made.length, 1, "requests");
  ok(made[0] instanceof FormData, "a form");
  await w.once("allComplete");
});

test("form: fields in order, version 4", async (w) => {
  const u = w.uploader({ request: { params: { Album: "naïve file", "Cache-Control": "no-cache", when: () => "now" } } });
  u.addFiles(new File(["hello"], "naïve file.png", { type: "image/png" }));
  await w.once("allComplete");
  const [request, ...others] = await w.wire();
  equal(others.length, 0, "requests");
  equal([request.method, request.path], ["POST", "/"], "request line");
  equal(request.fields.map(([name]) => name), [
    "key", "Content-Type", "success_action_status", "acl", "x-amz-meta-album", "Cache-Control", "x-amz-meta-when",
    "x-amz-meta-qqfilename", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "policy", "x-amz-signature", "file",
  ], "fields");
  const fields = Object.fromEntries(request.fields);
  equal(fields["key"], `${u.getUuid(0)}.png`, "key");
  equal(fields["key"], u.getKey(0), "getKey");
  equal(fields["acl"], "private", "acl");
  equal(fields["success_action_status"], "200", "status");
  equal(fields["x-amz-meta-album"], "na%C3%AFve%20file", "metadata");
  equal(fields["Cache-Control"], "no-cache", "plain");
  equal(fields["x-amz-meta-when"], "now", "function");
  equal(fields["x-amz-meta-qqfilename"], "na%C3%AFve%20file.png", "name");
  equal(fields["file"], "naïve file.png", "the part's own name");
  ok(/^AKIDFINEEXAMPLE\/\d{8}\/us-east-1\/s3\/aws4_request$/.test(fields["x-amz-credential"]), "credential");
  ok(/^\d{8}T\d{6}Z$/.test(fields["x-amz-date"]), "date");
  const stored = await w.object(u.getKey(0));
  equal(stored.headers["x-amz-meta-qqfilename"], "na%C3%AFve%20file.png", "stored name");
  equal(stored.headers["content-type"], "image/png", "stored type");
  equal(stored.headers["cache-control"], "no-cache", "stored cache-control");
});

test("form: fields in order, version 2, with a token and extras", async (w) => {
  const u = w.uploader({
    signature: { version: 2 },
    credentials: w.credentials({ accessKey: `${w.accessKey}T`, sessionToken: w.token }),
    objectProperties: { acl: "public-read", reducedRedundancy: true, serverSideEncryption: true, key: "filename" },
  });
  u.addFiles({ blob: new Blob(["hello"]), name: "plain" });
  await w.once("allComplete");
  const [request] = await w.wire();
  equal(request.fields.map(([name]) => name), [
    "key", "success_action_status", "x-amz-storage-class", "x-amz-server-side-encryption", "x-amz-security-token", "acl",
    "x-amz-meta-qqfilename", "AWSAccessKeyId", "policy", "signature", "file",
  ], "fields");
  const fields = Object.fromEntries(request.fields);
  equal([fields.key, fields.acl, fields.AWSAccessKeyId, fields["x-amz-storage-class"], fields.file],
    ["plain", "public-read", `${w.accessKey}T`, "REDUCED_REDUNDANCY", "blob"], "values");
  ok(await w.object("plain"), "stored");
});

const conditionsOf = (request) => JSON.parse(atob(Object.fromEntries(request.fields).policy)).conditions;

test("policy: conditions in order and number", async (w) => {
  const u = w.uploader();
  u.addFiles({ blob: new Blob(["x"], { type: "text/plain" }), name: "a.txt" });
  await w.once("allComplete");
  const v4 = conditionsOf((await w.wire())[0]);
  equal(v4.map((c) => Object.keys(c)[0]), [
    "acl", "bucket", "Content-Type", "success_action_status", "x-amz-algorithm", "key", "x-amz-credential", "x-amz-date",
    "x-amz-meta-qqfilename",
  ], "v4");
  equal(v4.length, 9, "v4 without extras");
  const two = new World(w);
  two.uploader({ signature: { version: 2 } }).addFiles({ blob: new Blob(["x"], { type: "text/plain" }), name: "a.txt" });
  await two.once("allComplete");
  equal(conditionsOf((await w.wire())[1]).map((c) => Object.keys(c)[0]),
    ["acl", "bucket", "Content-Type", "success_action_status", "key", "x-amz-meta-qqfilename"], "v2");
});

test("policy: size limits and life", async (w) => {
  const drift = 20000;
  w.uploader({ validation: { sizeLimit: 100 }, request: { clockDrift: drift } }).addFiles(new Blob(["x"]));
  await w.once("allComplete");
  const [request] = await w.wire();
  const { expiration, conditions } = JSON.parse(atob(Object.fromEntries(request.fields).policy));
  equal(conditions.at(-1), ["content-length-range", "0", "100"], "range");
  const life = Date.parse(expiration) - Date.now() - drift;
  ok(life > 4.5 * 60000 && life <= 5 * 60000, `life of ${life} ms`);
  const two = new World(w);
  two.uploader({ validation: { minSizeLimit: 1 } }).addFiles(new Blob(["x"]));
  await two.once("allComplete");
  equal(conditionsOf((await w.wire())[1]).at(-1), ["content-length-range", "1", "9007199254740992"], "no maximum");
});

test("complete: response, request, progress to the end, no pair twice", async (w) => {
  const u = w.uploader();
  const file = new File([bytes(300000)], "big.bin");
  u.addFiles(file);
  const [, id, name, response, xhr] = await w.once("complete");
  equal([id, name, response], [0, "big.bin", { success: true }], "arguments");
  equal([xhr instanceof XMLHttpRequest, xhr.status], [true, 200], "xhr");
  const pairs = w.of("progress").map(([, , , loaded, total]) => [loaded, total]);
  equal(pairs.at(-1), [300000, 300000], "last progress");
  equal(new Set(pairs.map(String)).size, pairs.length, "pairs");
  equal(w.of("totalProgress").at(-1), ["totalProgress", 300000, 300000], "total");
  await w.once("allComplete");
  equal(w.of("allComplete")[0], ["allComplete", [0], []], "all");
  equal((await w.object(u.getKey(0))).sha256, await sha256(file), "content");
});

test("failure: the store's words and code, error before complete", async (w) => {
  await post("/control/troubles", [{ op: "PostObject", From: 1, To: 1, code: "AccessDenied", status: 403 }]);
  const u = w.uploader();
  u.addFiles(new Blob(["x"]));
  await w.once("allComplete");
  const tail = w.log.filter(([name]) => ["error", "complete", "statusChange", "allComplete"].includes(name)).slice(-4);
  equal(tail.map(([name]) => name), ["statusChange", "error", "complete", "allComplete"], "order");
  const [moved, error, complete, all] = tail;
  equal(moved[3], "upload failed", "status");
  equal(complete[3].code, "AccessDenied", "code");
  equal(complete[3].success, false, "success");
  equal(error[3], complete[3].error, "reason");
  equal(error[4].status, 403, "xhr");
  equal(all, ["allComplete", [], [0]], "all");
  equal((await w.wire()).length, 1, "requests: nothing is tried again unasked");
});

test("failure: no answer", async (w) => {
  await post("/control/troubles", [{ op: "PostObject", From: 1, lose: true }]);
  w.uploader().addFiles(new Blob(["x"]));
  await w.once("allComplete");
  equal(w.of("error")[0][3], "XHR returned response code 0", "reason");
  equal(w.of("complete")[0][3], { success: false }, "response");
});

test("retry: automatic, with its delay, until it works", async (w) => {
  await post("/control/troubles", [{ op: "PostObject", From: 1, To: 2, code: "InternalError", status: 500 }]);
  const u = w.uploader({ retry: { enableAuto: true, autoAttemptDelay: 0.1, maxAutoAttempts: 3 } });
  u.addFiles(new Blob(["x"]));
  await w.once("allComplete");
  equal(w.names("progress", "totalProgress", "validate", "validateBatch", "submit", "submitted").filter((n) => n !== "statusChange"),
    ["upload", "error", "autoRetry", "upload", "error", "autoRetry", "upload", "complete", "allComplete"], "order");
  equal(w.of("autoRetry").map(([, id, name, n]) => [id, name, n]), [[0, "misc_data", 1], [0, "misc_data", 2]], "attempts");
  equal(w.of("statusChange").map(([, , , to]) => to).slice(2),
    ["uploading", "retrying upload", "uploading", "retrying upload", "uploading", "upload successful"], "status");
});

test("retry: automatic, given up after so many", async (w) => {
  await post("/control/troubles", [{ op: "PostObject", From: 1, code: "AccessDenied", status: 403 }]);
  w.uploader({ retry: { enableAuto: true, autoAttemptDelay: 0.02, maxAutoAttempts: 2 } }).addFiles(new Blob(["x"]));
  await w.once("allComplete");
  equal([w.of("autoRetry").length, w.of("error").length, (await w.wire()).length], [2, 3, 3], "retries, errors, requests: 403 too");
});

test("retry: by hand, with a veto, and only what failed", async (w) => {
  await post("/control/troubles", [{ op: "PostObject", From: 1, To: 1, code: "InternalError", status: 500 }]);
  let veto = true;
  const u = w.uploader({}, { onManualRetry: () => !veto });
  u.addFiles(new Blob(["x"]));
  await w.once("allComplete");
  equal(u.retry(0), undefined, "vetoed");
  veto = false;
  equal(u.retry(0), true, "retry");
  await until("success", () => u.getUploads({ id: 0 }).status === "upload successful");
  equal(w.of("statusChange").map(([, , , to]) => to).slice(-3), ["retrying upload", "uploading", "upload successful"], "status");
  equal(u.retry(0), true, "of what is stored");
  await until("stored again", () => w.of("complete").length === 3);
  equal([(await w.wire()).length, u.getNetUploads()], [3, 1], "requests, net uploads");
});

test("scheduling: so many at once, the rest in order", async (w) => {
  await post("/control/troubles", [{ op: "PostObject", From: 1, late: 150 }]);
  let going = 0;
  let most = 0;
  const u = w.uploader({ maxConnections: 2 }, {
    onUpload: () => void (most = Math.max(most, ++going)),
    onComplete: () => void going--,
  });
  u.addFiles([1, 2, 3, 4, 5].map((n) => new Blob([String(n)])));
  await w.once("allComplete");
  equal(most, 2, "at once");
  equal(w.of("upload").map(([, id]) => id), [0, 1, 2, 3, 4], "order");
  equal(w.of("allComplete")[0][1].sort(), [0, 1, 2, 3, 4], "all");
});

test("cancel: in each state, with a veto and a promise", async (w) => {
  await post("/control/troubles", [{ op: "PostObject", From: 1, late: 300 }]);
  let answer = false;
  const u = w.uploader({ maxConnections: 1 }, { onCancel: () => answer });
  u.addFiles([new Blob(["a"]), new Blob(["b"]), new Blob(["c"])]);
  await until("three", () => u.getUploads({ status: "queued" }).length === 2);
  u.cancel(1);
  equal(u.getUploads({ id: 1 }).status, "queued", "vetoed");
  answer = undefined;
  u.cancel(1);
  equal(u.getUploads({ id: 1 }).status, "canceled", "queued");
  answer = Promise.resolve();
  u.cancel(0);
  equal(u.getUploads({ id: 0 }).status, "uploading", "goes on while the promise is open");
  await until("cancelled", () => u.getUploads({ id: 0 }).status === "canceled");
  await w.once("allComplete");
  equal(w.of("allComplete")[0], ["allComplete", [2], []], "all");
  equal(u.getInProgress(), 0, "in progress");
  u.cancel(2);
  await until("stored, and cancelled all the same", () => u.getUploads({ id: 2 }).status === "canceled");
});

test("manual mode: stored, uploaded, cleared; one batch", async (w) => {
  const u = w.uploader({ autoUpload: false });
  u.addFiles(new Blob(["a"]));
  u.addFiles(new Blob(["b"]));
  equal(u.getUploads().map(({ status }) => status), ["submitted", "submitted"], "stored");
  equal(u.getUploads({ id: 0 }).batchId, u.getUploads({ id: 1 }).batchId, "batch");
  equal((await w.wire()).length, 0, "nothing goes");
  u.uploadStoredFiles();
  await w.once("allComplete");
  equal((await w.wire()).length, 2, "all go");
  u.uploadStoredFiles();
  ok(/no files/i.test(w.of("error").at(-1)[3]), "nothing stored");
  u.addFiles(new Blob(["c"]));
  u.clearStoredFiles();
  equal(u.getUploads({ id: 2 }).status, "submitted", "stays");
  u.uploadStoredFiles();
  equal(w.of("error").length, 2, "forgotten");
});

test("onUpload: pause, rejection, a promise", async (w) => {
  let answer = Promise.resolve({ pause: true });
  const u = w.uploader({ chunking: { enabled: true } }, { onUpload: () => answer });
  u.addFiles(new Blob(["a"]));
  await until("paused", () => u.getUploads({ id: 0 }).status === "paused");
  answer = undefined;
  equal(u.continueUpload(0), true, "continue");
  await until("done", () => u.getUploads({ id: 0 }).status === "upload successful");
  answer = new qq.Promise().failure({ responseJSON: { error: "not today" } });
  u.addFiles(new Blob(["b"]));
  await until("failed", () => u.getUploads({ id: 1 }).status === "upload failed");
  equal(w.of("error").at(-1)[3], "not today", "reason");
  equal(w.of("complete").at(-1)[3], { success: false, error: "not today" }, "response");
  answer = false;
  u.addFiles(new Blob(["c"]));
  await until("done all the same", () => u.getUploads({ id: 2 }).status === "upload successful");
});

test("retry: two hundred files that failed, all kept for it", async (w) => {
  await post("/control/troubles", [{ op: "PostObject", From: 1, To: 200, code: "InternalError", status: 500 }]);
  const u = w.uploader();
  u.addFiles(Array.from({ length: 200 }, (_, i) => new Blob([String(i)])));
  await until("all failed", () => u.getUploads({ status: "upload failed" }).length === 200, 60000);
  for (let id = 0; id < 200; id++) equal(u.retry(id), true, "retry");
  await until("all done", () => u.getUploads({ status: "upload successful" }).length === 200, 60000);
});

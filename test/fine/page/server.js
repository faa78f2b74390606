"use strict";

test("uploadSuccess: the request, its order, and the reply in the response", async (w) => {
  await post("/control/reply", { "/server/done": { status: 200, body: '{"thumbnailUrl":"/t.png","mine":1}' } });
  const u = w.uploader({ uploadSuccess: { endpoint: "/server/done", params: { own: "a b" }, customHeaders: { "X-Mine": "2" } }, request: { endpoint: w.endpoint, params: { Album: "x" } } });
  u.addFiles(new File(["hello"], "a.txt"));
  await w.once("allComplete");
  equal(w.of("complete")[0][3], { thumbnailUrl: "/t.png", mine: 1, success: true }, "response");
  const [asked] = await w.asked();
  equal([asked.method, asked.headers["content-type"].split(";")[0], asked.headers["x-mine"]], ["POST", "application/x-www-form-urlencoded", "2"], "request");
  const fields = asked.body.split("&").map((pair) => pair.split("="));
  equal(fields.map(([name]) => name), ["own", "key", "uuid", "name", "bucket", "etag", "album"], "order");
  equal([fields[0][1], fields[4][1]], ["a+b", w.bucket], "values");
  ok(/^%22[0-9a-f]{32}%22$/.test(fields[5][1]), "ETag with its quotes");
  equal(w.of("statusChange").at(-1)[3], "upload successful", "after the reply");
});

test("uploadSuccess: a refusal fails the file, and a retry repeats that request alone", async (w) => {
  await post("/control/reply", { "/server/done": { status: 200, body: '{"success":false,"error":"not so fast"}' } });
  const u = w.uploader({ uploadSuccess: { endpoint: "/server/done" } });
  u.addFiles(new Blob(["x"]));
  await w.once("allComplete");
  equal([w.of("error")[0][3], w.of("complete")[0][3]], ["not so fast", { success: false, error: "not so fast" }], "refused");
  await post("/control/reply", { "/server/done": { status: 204, body: "" } });
  u.retry(0);
  await until("done", () => u.getUploads({ id: 0 }).status === "upload successful");
  equal([(await w.wire()).length, (await w.asked()).length], [1, 2], "requests to the store, to the server");
});

test("uploadSuccess: reset sends the file again; preventRetry allows no retry", async (w) => {
  await post("/control/reply", { "/server/done": { status: 200, body: '{"success":false,"reset":true}' } });
  const u = w.uploader({ uploadSuccess: { endpoint: "/server/done" } });
  u.addFiles(new Blob(["x"]));
  await w.once("allComplete");
  await post("/control/reply", { "/server/done": { status: 500, body: '{"preventRetry":true}' } });
  u.retry(0);
  await until("failed again", () => w.of("complete").length === 2);
  equal((await w.wire()).length, 2, "sent again");
  equal(w.of("error")[1][3], u._options.text.defaultResponseError, "reason");
  equal(u.retry(0), undefined, "no more");
});

for (const method of ["DELETE", "POST"]) {
  test(`delete by ${method}`, async (w) => {
    const u = w.uploader({ deleteFile: { enabled: true, endpoint: "/server/files", method, params: { a: "1" }, customHeaders: { "X-Mine": "3" } } });
    u.addFiles(new Blob(["x"]));
    await w.once("allComplete");
    const key = encodeURIComponent(u.getKey(0));
    equal(u.deleteFile(0), true, "returns");
    await w.once("deleteComplete");
    const [asked] = await w.asked();
    equal([asked.method, asked.path, asked.headers["x-mine"]], method === "DELETE"
      ? ["DELETE", `/server/files/${u.getUuid(0)}?a=1&key=${key}&bucket=${w.bucket}`, "3"] : ["POST", "/server/files", "3"], "request");
    if (method === "POST") equal(asked.body, `a=1&key=${key}&bucket=${w.bucket}&qquuid=${u.getUuid(0)}&_method=DELETE`, "body");
    equal(w.of("submitDelete", "delete", "deleteComplete").map(([name, id]) => [name, id]), [["submitDelete", 0], ["delete", 0], ["deleteComplete", 0]], "callbacks");
    equal([w.of("deleteComplete")[0][2].status, w.of("deleteComplete")[0][3]], [200, false], "arguments");
    equal(w.of("statusChange").slice(-2).map(([, , , to]) => to), ["deleting", "deleted"], "status");
    equal([u.getNetUploads(), u.doesExist(0)], [0, false], "net uploads");
  });
}

test("delete: off, vetoed, failed", async (w) => {
  const off = w.uploader();
  off.addFiles(new Blob(["x"]));
  await w.once("allComplete");
  equal(off.deleteFile(0), false, "off");
  const two = new World(w);
  let veto = false;
  const u = two.uploader({ deleteFile: { enabled: true, endpoint: "/server/files" } }, { onSubmitDelete: () => veto });
  u.addFiles(new Blob(["x"]));
  await two.once("allComplete");
  u.deleteFile(0);
  equal(u.getUploads({ id: 0 }).status, "upload successful", "vetoed");
  veto = undefined;
  await post("/control/reply", { "/server/files": { status: 403, body: "" } });
  u.deleteFile(0);
  await two.once("error");
  equal([two.of("deleteComplete")[0][3], two.of("error")[0][3], u.getUploads({ id: 0 }).status], [true, "Delete request failed with response code 403", "delete failed"], "failed");
});

test("initial files and setStatus", async (w) => {
  const u = w.uploader({ deleteFile: { enabled: true, endpoint: "/server/files" } });
  u.addInitialFiles([{ name: "old.txt", uuid: "u-1", size: 7, s3Key: "k/1", s3Bucket: "elsewhere", deleteFileEndpoint: "/server/other", deleteFileParams: { p: 1 } }, { name: "b", uuid: "u-2", s3Key: "k/2" }]);
  equal(u.getUploads().map(({ name, size, status }) => [name, size, status]), [["old.txt", 7, "upload successful"], ["b", -1, "upload successful"]], "records");
  equal([u.getKey(0), u.getBucket(0), u.getNetUploads(), u.getFile(0)], ["k/1", "elsewhere", 2, null], "about them");
  ok(throws(() => u.addInitialFiles([{ name: "c", uuid: "u-3" }]), "no key") instanceof qq.Error, "qq.Error");
  u.deleteFile(0);
  await w.once("deleteComplete");
  equal((await w.asked())[0].path, "/server/other/u-1?p=1&key=k%2F1&bucket=elsewhere", "its own endpoint and parameters");
  u.setStatus(1, qq.status.DELETED);
  u.setStatus(1, qq.status.DELETED);
  equal([u.getNetUploads(), u.getUploads({ id: 1 }).status], [0, "deleted"], "setStatus, counted once");
  ok(throws(() => u.setStatus(1, qq.status.QUEUED), "another status"), "throws");
});

test("session: asked after construction, answered with files", async (w) => {
  await post("/control/reply", { "/server/session": { status: 200, body: JSON.stringify([{ name: "a", uuid: "u", s3Key: "k", size: 3 }, { name: "no key", uuid: "v" }]) } });
  const { open } = XMLHttpRequest.prototype;
  let opened = 0;
  XMLHttpRequest.prototype.open = function (...args) {
    opened++;
    return open.apply(this, args);
  };
  const u = w.uploader({ session: { endpoint: "/server/session", params: { who: "me" }, customHeaders: { "X-Mine": "4" } } });
  equal(opened, 0, "not at once");
  XMLHttpRequest.prototype.open = open;
  await w.once("sessionRequestComplete");
  const [, response, success, xhr] = w.of("sessionRequestComplete")[0];
  equal([response.length, success, xhr.status], [2, false, 200], "callback");
  const [asked] = await w.asked();
  ok(asked.method === "GET" && /^\/server\/session\?who=me&qqtimestamp=\d{13}$/.test(asked.path) && asked.headers["x-mine"] === "4", text(asked));
  equal(u.getUploads().map(({ name, uuid }) => [name, uuid]), [["a", "u"]], "files");
  await post("/control/reply", { "/server/session": { status: 200, body: "no json" } });
  u.reset();
  await until("again", () => w.of("sessionRequestComplete").length === 2);
  equal(w.of("sessionRequestComplete")[1].slice(1, 3), [null, false], "not JSON");
});

test("cors: no headers of our own to another origin, and cookies when asked for", async (w) => {
  const u = w.uploader({ cors: { expected: true, sendCredentials: true }, uploadSuccess: { endpoint: "/server/done" } });
  const sent = [];
  const { open } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (...args) {
    sent.push([args[1], this]);
    return open.apply(this, args);
  };
  u.addFiles(new Blob(["x"]));
  await w.once("allComplete");
  XMLHttpRequest.prototype.open = open;
  const [asked] = await w.asked();
  equal([asked.headers["x-requested-with"], asked.headers["cache-control"] === "no-cache", asked.headers.accept], [undefined, false, "application/json"], "headers");
  equal(sent.map(([url, xhr]) => [url.startsWith(w.virtual), xhr.withCredentials]), [[true, false], [false, true]], "cookies to the server, never to the store");
});

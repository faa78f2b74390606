"use strict";
// The page's own server: what it is told and asked, and what its answers do.

for (const version of [2, 4]) {
  scenario(`signature server: a form, version ${version}`, (s) => s.signed(version), async (u, s) => {
    u.addFiles(file("a.txt"));
    await s.done();
  });

  scenario(`signature server: parts, version ${version}`, (s) => ({ ...s.signed(version), ...parts() }), async (u, s) => {
    u.addFiles(file("a.bin", 1500));
    await s.done();
  });
}

scenario("signature server: headers of the page", (s) => qq.extend(s.signed(4), { signature: { customHeaders: (id) => ({ "X-Mine": `of ${id}` }) } }, true), async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
});

for (const [name, answer] of [
  ["an error in words", [200, { error: "not you" }]], ["invalid", [200, { invalid: true }]], ["status 500", [500, {}]], ["no signature", [200, { policy: "x" }]],
]) {
  scenario(`signature server: says ${name} to a form`, (s) => s.signed(4, "/server/sign"), async (u, s) => {
    await replies({ "/server/sign": answer });
    u.addFiles(file("a.txt"));
    await s.done();
  });

  scenario(`signature server: says ${name} to a part`, (s) => ({ ...s.signed(4, "/server/sign"), ...parts() }), async (u, s) => {
    await replies({ "/server/sign": answer });
    u.addFiles(file("a.bin", 1500));
    await s.done();
  });
}

scenario("uploadSuccess: told, and its answer in the response", {
  uploadSuccess: { endpoint: "/server/done", params: { own: "a b" }, customHeaders: { "X-Mine": "2" } }, request: { params: { Album: "x" } },
}, async (u, s) => {
  await replies({ "/server/done": [200, { mine: 1 }] });
  u.addFiles(file("a.txt"));
  await s.done();
});

scenario("uploadSuccess: told of parts", { ...parts(), uploadSuccess: { endpoint: "/server/done" } }, async (u, s) => {
  u.addFiles(file("a.bin", 1500));
  await s.done();
});

scenario("uploadSuccess: set for one file", { autoUpload: false, uploadSuccess: { endpoint: "/server/done" } }, async (u, s) => {
  u.addFiles([file("a.txt"), file("b.txt")]);
  await s.taken(2);
  u.setUploadSuccessEndpoint("/server/other", 1);
  u.setUploadSuccessParams({ only: "b" }, 1);
  u.uploadStoredFiles();
  await s.done();
});

scenario("uploadSuccess: refused, and a retry tells it alone", { uploadSuccess: { endpoint: "/server/done" } }, async (u, s) => {
  await replies({ "/server/done": [200, { success: false, error: "not so fast" }] });
  u.addFiles(file("a.txt"));
  await s.done();
  await replies({ "/server/done": [200, { success: true }] });
  u.retry(0);
  await s.done(2);
});

scenario("uploadSuccess: status 500, tried again by itself", { uploadSuccess: { endpoint: "/server/done" }, ...again({ maxAutoAttempts: 1 }) }, async (u, s) => {
  await replies({ "/server/done": [500, {}] });
  u.addFiles(file("a.txt"));
  await s.done();
});

scenario("uploadSuccess: reset sends the file again", { uploadSuccess: { endpoint: "/server/done" } }, async (u, s) => {
  await replies({ "/server/done": [200, { success: false, reset: true }] });
  u.addFiles(file("a.txt"));
  await s.done();
  await replies({ "/server/done": [200, {}] });
  u.retry(0);
  await s.done(2);
});

scenario("uploadSuccess: preventRetry", { uploadSuccess: { endpoint: "/server/done" }, ...again() }, async (u, s) => {
  await replies({ "/server/done": [500, { preventRetry: true }] });
  u.addFiles(file("a.txt"));
  await s.done();
  u.retry(0);
});

scenario("cancel: while the server is told", { uploadSuccess: { endpoint: "/server/hold" } }, async (u, s) => {
  u.addFiles(file("a.txt"));
  await until("told", async () => (await get("/control/wire")).server.length > 0);
  u.cancel(0);
});

const deleting = (more = {}) => ({ deleteFile: { enabled: true, endpoint: "/server/files", ...more } });

for (const method of ["DELETE", "POST"]) {
  scenario(`delete: by ${method}`, deleting({ method, params: { a: 1 }, customHeaders: { "X-Mine": "3" } }), async (u, s) => {
    u.addFiles(file("a.txt"));
    await s.done();
    u.deleteFile(0);
    await s.times("onDeleteComplete");
    u.getNetUploads();
  });
}

scenario("delete: off", {}, async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
  u.deleteFile(0);
});

scenario("delete: onSubmitDelete says no", { ...deleting(), callbacks: { onSubmitDelete: () => false } }, async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
  u.deleteFile(0);
});

scenario("delete: onSubmitDelete by a promise, with parameters then", { ...deleting(), callbacks: {
  onSubmitDelete(id) { this.setDeleteFileParams({ why: "so" }, id); return Promise.resolve(); },
} }, async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
  u.setDeleteFileEndpoint("/server/elsewhere", 0);
  u.setDeleteFileCustomHeaders({ "X-Mine": "4" }, 0);
  u.deleteFile(0);
  await s.times("onDeleteComplete");
});

scenario("delete: the server says no, and then yes", deleting(), async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
  await replies({ "/server/files": [403, {}] });
  u.deleteFile(0);
  await s.times("onError");
  await replies({});
  u.deleteFile(0);
  await s.times("onDeleteComplete", 2);
});

scenario("delete: twice", deleting(), async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
  u.deleteFile(0);
  await s.times("onDeleteComplete");
  u.retry(0);
});

const canned = [
  { name: "old.txt", uuid: "00000000-0000-4000-8000-000000000001", size: 7, s3Key: "k/1", s3Bucket: "elsewhere", deleteFileEndpoint: "/server/other", deleteFileParams: { p: 1 } },
  { name: "b", uuid: "00000000-0000-4000-8000-000000000002", s3Key: "k/2" },
];

scenario("initial files: deleted, and set", deleting(), async (u, s) => {
  u.addInitialFiles(canned);
  u.addInitialFiles([{ name: "no key", uuid: "u" }]);
  u.getNetUploads();
  u.deleteFile(0);
  await s.times("onDeleteComplete");
  u.setStatus(1, "deleted");
  u.setStatus(1, "deleted");
  u.getNetUploads();
  u.addFiles(file("a.txt"));
  await s.named(2);
});

for (const [name, answer] of [
  ["files", [200, canned]], ["a file without a key", [200, [canned[1], { name: "no key", uuid: "u" }]]], ["no list", [200, { not: "a list" }]], ["status 500", [500, []]],
]) {
  scenario(`session: ${name}`, { session: { endpoint: "/server/session", params: { who: "me" }, customHeaders: { "X-Mine": "5" } } }, async (u, s) => {
    await s.times("onSessionRequestComplete");
    await replies({ "/server/session": answer });
    u.reset();
    await s.times("onSessionRequestComplete", 2);
  });
}

scenario("cors: expected, with cookies", { cors: { expected: true, sendCredentials: true }, uploadSuccess: { endpoint: "/server/done" }, ...deleting({ method: "POST" }) }, async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
  u.deleteFile(0);
  await s.times("onDeleteComplete");
});

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

scenario("signature server: in which order requests are made and sent", (s) => ({ ...s.signed(4), ...parts(), maxConnections: 1 }), async (u, s) => {
  let made = 0;
  window.XMLHttpRequest = class extends XMLHttpRequest {
    constructor() {
      super();
      this.number = ++made;
    }

    open(method, url, ...more) {
      s.note(`request ${this.number} of ${made}`, `${method} ${url.replace(/.*[?]/, "?").replace(/uploadId=.*/, "uploadId")}`);
      super.open(method, url, ...more);
    }
  };
  u.addFiles(file("a.bin", 1500));
  await s.done();
  u.addFiles(file("b.bin", 10));
  await s.done(2);
});

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

const dot = (colour) => {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: 30, height: 20 });
  const context = canvas.getContext("2d");
  context.fillStyle = colour;
  context.fillRect(0, 0, 30, 20);
  return canvas.toDataURL();
};

// What an element then shows: from where, and how large at most.
async function thumbnail(u, s, what, id, ...more) {
  const img = document.createElement("img");
  const end = await new Promise((resolve) => u.drawThumbnail(id, img, ...more).then(() => resolve("drawn"), ({ container }) => resolve(`failed in its element ${container === img}`)));
  s.note(what, [end, [dot("red"), dot("blue")].indexOf(img.src), img.style.maxWidth, img.naturalWidth]);
}

scenario("drawThumbnail: from where the server says", { autoUpload: false, uploadSuccess: { endpoint: "/server/done" } }, async (u, s) => {
  await replies({ "/server/done": [200, { thumbnailUrl: dot("red") }] });
  u.addFiles(file("a.txt"));
  u.addInitialFiles([{ name: "b", uuid: "00000000-0000-4000-8000-000000000002", s3Key: "k", thumbnailUrl: dot("blue") }]);
  await s.taken(2);
  u.uploadStoredFiles();
  await s.named(0);
  await thumbnail(u, s, "of the answer", 0, 10, true);
  await thumbnail(u, s, "of an initial file", 1, 10, true);
  const canvas = document.createElement("canvas");
  await new Promise((resolve) => u.drawThumbnail(1, canvas, 10, true).then(resolve, resolve));
  s.note("canvas", [canvas.width, canvas.height]);
  await thumbnail(u, s, "of an initial file by itself", 1, 10);
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

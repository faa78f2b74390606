"use strict";
// Files in parts: sent, paused, tried again, taken up again by another page.

for (const version of [2, 4]) {
  scenario(`parts: three, version ${version}`, { ...parts(), signature: { version } }, async (u, s) => {
    u.addFiles(file("a's (1)!.bin", 2500, "video/mp4"));
    await s.done();
  });
}

scenario("parts: one is a form, and one that is mandatory is not", { ...parts(), autoUpload: false }, async (u, s) => {
  u.addFiles(file("a.bin", 1000));
  await s.taken(1);
  u.uploadStoredFiles();
  await s.done();
});

scenario("parts: mandatory, of a small file", parts({ mandatory: true }), async (u, s) => {
  u.addFiles(file("a.bin", 10));
  await s.done();
});

scenario("parts: size by a function", (s) => parts({ partSize: (...args) => (s.note("partSize is asked for", args), 1200) }), async (u, s) => {
  u.addFiles(file("a.bin", 2000));
  await s.done();
});

scenario("parts: parameters, access, encryption and a token", (s) => ({
  ...parts(), request: { params: { Album: "ü", "Content-Disposition": "inline" } },
  objectProperties: { acl: "public-read", reducedRedundancy: true, serverSideEncryption: true, key: () => "a/b c/!'()*.txt" },
  credentials: s.credentials({ accessKey: `${s.accessKey}T`, sessionToken: s.token }),
}), async (u, s) => {
  u.addFiles(file("x.txt", 1500));
  await s.done();
});

scenario("parts: two files, one connection", { ...parts(), maxConnections: 1 }, async (u, s) => {
  await s.together(file("a.bin", 1500), file("b.bin", 2500));
  await s.done();
});

scenario("parts: several at once", parts({ concurrent: { enabled: true } }), async (u, s) => {
  u.addFiles(file("a.bin", 5500));
  await s.done();
});

scenario("parts: several at once, of two files", parts({ concurrent: { enabled: true } }), async (u, s) => {
  await s.together(file("a.bin", 3500), file("b.bin", 2500));
  await s.done();
});

scenario("parts: onUploadChunk waits", { ...parts(), callbacks: { onUploadChunk: () => Promise.resolve() } }, async (u, s) => {
  u.addFiles(file("a.bin", 1500));
  await s.done();
});

scenario("parts: onUploadChunk refuses, and a retry by hand", { ...parts(), callbacks: {
  onUploadChunk() { return this.asked ? undefined : (this.asked = true, Promise.reject(new Error("no"))); },
} }, async (u, s) => {
  u.addFiles(file("a.bin", 1500));
  await s.done();
  u.retry(0);
  await s.done(2);
});

scenario("parts: one fails and is sent again by itself", { ...parts(), ...again() }, async (u, s) => {
  await trouble({ op: "UploadPart", part: 2, To: 1, code: "InternalError" });
  u.addFiles(file("a.bin", 2500));
  await s.done();
});

scenario("parts: one fails for good, and a retry by hand", parts(), async (u, s) => {
  await trouble({ op: "UploadPart", part: 2, To: 1, code: "AccessDenied" });
  u.addFiles(file("a.bin", 2500));
  await s.done();
  u.retry(0);
  await s.done(2);
});

scenario("parts: no answer to one", { ...parts(), ...again() }, async (u, s) => {
  await trouble({ op: "UploadPart", part: 1, To: 1, lose: true });
  u.addFiles(file("a.bin", 1500));
  await s.done();
}, { unseen: ["requests to the store"] }); // the browser itself may send it again

scenario("parts: the start fails", { ...parts(), ...again() }, async (u, s) => {
  await trouble({ op: "CreateMultipartUpload", To: 1, code: "InternalError" });
  u.addFiles(file("a.bin", 1500));
  await s.done();
});

scenario("parts: the end fails, and is repeated alone", { ...parts(), ...again() }, async (u, s) => {
  await trouble({ op: "CompleteMultipartUpload", To: 1, code: "InternalError" });
  u.addFiles(file("a.bin", 1500));
  await s.done();
});

scenario("parts: the end is refused inside a 200", parts(), async (u, s) => {
  await trouble({ op: "CompleteMultipartUpload", code: "InternalError", inBody: true });
  u.addFiles(file("a.bin", 1500));
  await s.done();
});

scenario("parts: the upload is gone", { ...parts(), ...again() }, async (u, s) => {
  await trouble({ op: "UploadPart", part: 2, To: 1, forget: true });
  u.addFiles(file("a.bin", 1500));
  await s.done();
  await s.cleaned();
});

scenario("parts: one of several at once fails", { ...parts({ concurrent: { enabled: true } }), ...again() }, async (u, s) => {
  await trouble({ op: "UploadPart", part: 1, hold: true }, { op: "UploadPart", part: 2, hold: true }, { op: "UploadPart", part: 3, To: 1, code: "InternalError" });
  u.addFiles(file("a.bin", 2500));
  await s.times("onAutoRetry");
  await trouble();
  await s.done();
});

for (const [name, answer] of [["and new ones come", (s) => Promise.resolve(s.credentials())], ["and none come", () => new qq.Promise().failure("no")]]) {
  scenario(`parts: credentials end before the second, ${name}`, (s) => ({ ...parts(), callbacks: {
    onUploadChunkSuccess(id, { partIndex }) { if (partIndex === 0) this.setCredentials(s.expired()); },
    onCredentialsExpired: () => answer(s),
  } }), async (u, s) => {
    u.addFiles(file("a.bin", 1500));
    await s.done();
  });
}

scenario("pause and continue", parts(), async (u, s) => {
  await trouble({ op: "UploadPart", part: 2, hold: true });
  u.addFiles(file("a.bin", 2500));
  await s.arrived("PUT", "partNumber=2");
  u.pauseUpload(0);
  u.getInProgress();
  u.pauseUpload(0);
  await s.gone();
  await trouble();
  u.continueUpload(0);
  await s.done();
  u.continueUpload(0);
});

scenario("pause: several parts at once", parts({ concurrent: { enabled: true } }), async (u, s) => {
  await trouble({ op: "UploadPart", hold: true });
  u.addFiles(file("a.bin", 4500));
  await s.arrived("PUT", "partNumber", 3);
  u.pauseUpload(0);
  await s.gone();
  await trouble();
  u.continueUpload(0);
  await s.done();
});

scenario("pause: the next file goes meanwhile", { ...parts(), maxConnections: 1 }, async (u, s) => {
  await trouble({ op: "UploadPart", part: 2, hold: true });
  u.addFiles([file("a.bin", 1500), file("b.bin", 10)]);
  await s.arrived("PUT", "partNumber=2");
  await s.status(1, "queued");
  u.pauseUpload(0);
  await s.status(1, "upload successful");
  await s.gone();
  await trouble();
  u.continueUpload(0);
  await s.done();
});

scenario("pause: not without parts", {}, async (u, s) => {
  await trouble({ op: "PostObject", hold: true });
  u.addFiles(file("a.bin"));
  await s.arrived("POST", "/");
  u.pauseUpload(0);
  u.continueUpload(0);
  await trouble();
  await s.done();
});

scenario("pause: while a retry waits", { ...parts(), ...again({ autoAttemptDelay: 600 }) }, async (u, s) => {
  await trouble({ op: "UploadPart", part: 2, To: 1, code: "InternalError" });
  u.addFiles(file("a.bin", 1500));
  await s.status(0, "retrying upload");
  u.pauseUpload(0);
  u.continueUpload(0);
  await s.done();
});

scenario("cancel: paused", parts(), async (u, s) => {
  await trouble({ op: "UploadPart", part: 2, hold: true });
  u.addFiles(file("a.bin", 1500));
  await s.arrived("PUT", "partNumber=2");
  u.pauseUpload(0);
  u.cancel(0);
  await s.gone();
  await trouble();
  await s.cleaned(["ours"]);
});

scenario("cancel: failed, with a part that is stored", parts(), async (u, s) => {
  await trouble({ op: "UploadPart", part: 2, code: "AccessDenied" });
  u.addFiles(file("a.bin", 1500));
  await s.done();
  u.cancel(0);
  await s.cleaned(["ours"]);
});

scenario("cancel: in the middle, without a record", parts(), async (u, s) => {
  await trouble({ op: "UploadPart", part: 2, hold: true });
  u.addFiles(file("a.bin", 1500));
  await s.arrived("PUT", "partNumber=2");
  u.cancel(0);
  await s.gone();
  await trouble();
  await s.cleaned(["ours"]);
});

scenario("cancel: in the middle, with a record", { ...parts(), resume: { enabled: true } }, async (u, s) => {
  await trouble({ op: "UploadPart", part: 2, hold: true });
  u.addFiles(file("a.bin", 1500));
  await s.arrived("PUT", "partNumber=2");
  u.cancel(0);
  await s.gone();
  await trouble();
  await s.cleaned();
});

const resuming = (more = {}) => ({ ...parts(), resume: { enabled: true }, ...more });

scenario("parts: several at once, the first three of them", parts({ concurrent: { enabled: true } }), async (u, s) => {
  await trouble({ op: "UploadPart", hold: true });
  u.addFiles(file("a.bin", 4500));
  await s.arrived("PUT", "partNumber", 3);
  s.note("parts", s.heard.filter(([name]) => name === "onUploadChunk").map(([, , , { partIndex }]) => partIndex));
  u.cancel(0);
  await s.gone();
  await trouble();
  await s.cleaned(["ours"]);
});

// The first page leaves with two parts stored, and the third on its way.
async function leave(u, s) {
  await trouble({ op: "UploadPart", part: 3, hold: true });
  u.addFiles(file("a.bin", 4500));
  await s.arrived("PUT", "partNumber=3");
}

scenario("resume: after a reload", resuming(), [leave, async (u, s) => {
  await trouble();
  u.getResumableFilesData();
  u.addFiles(file("a.bin", 4500));
  u.isResumable(0);
  await s.done();
}]);

scenario("resume: what is remembered", resuming(), [leave, async (u) => {
  await trouble();
  u.getResumableFilesData();
}]);

scenario("resume: onResume says no", resuming({ callbacks: { onResume: () => false } }), [leave, async (u, s) => {
  await trouble();
  u.addFiles(file("a.bin", 4500));
  await s.done();
}]);

scenario("resume: custom keys and custom data", resuming({ resume: { enabled: true, customKeys: (id) => ["mine", id] } }), [async (u, s) => {
  await trouble({ op: "UploadPart", part: 2, hold: true });
  u.addFiles(file("a.bin", 2500));
  u.setCustomResumeData(0, { about: "it" });
  await s.arrived("PUT", "partNumber=2");
}, async (u, s) => {
  await trouble();
  u.addFiles(file("a.bin", 2500));
  await s.done();
}]);

scenario("resume: the upload is gone", resuming(again()), [leave, async (u, s) => {
  await trouble({ op: "UploadPart", part: 3, To: 1, forget: true });
  u.addFiles(file("a.bin", 4500));
  await s.done();
  await s.cleaned();
}]);

scenario("resume: cancelled after a reload", resuming(), [leave, async (u, s) => {
  u.addFiles(file("a.bin", 4500));
  await s.arrived("PUT", "partNumber=3", 2);
  u.cancel(0);
  await s.gone();
  await trouble();
  await s.cleaned();
}]);

scenario("resume: a failed file keeps its record", resuming(), async (u, s) => {
  await trouble({ op: "UploadPart", part: 2, code: "AccessDenied" });
  u.addFiles(file("a.bin", 1500));
  await s.done();
});

scenario("reset: drops what was under way", resuming(), async (u, s) => {
  await trouble({ op: "UploadPart", part: 2, hold: true });
  u.addFiles(file("a.bin", 1500));
  await s.arrived("PUT", "partNumber=2");
  u.reset();
  await s.gone();
  await trouble();
  u.addFiles(file("b.bin", 10));
  await s.done();
  await s.cleaned();
});

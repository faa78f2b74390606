"use strict";
// Files in one request each: sent, failed, tried again, cancelled; and who signs.

for (const version of [2, 4]) {
  scenario(`simple: a file, version ${version}`, { signature: { version } }, async (u, s) => {
    u.addFiles(file("a b.txt"));
    await s.done();
  });
}

scenario("simple: several files, one connection", { maxConnections: 1 }, async (u, s) => {
  await s.together(file("a.txt"), file("b.txt", 9), blob(3));
  await s.done();
});

scenario("simple: several files, three connections", {}, async (u, s) => {
  await s.together(...[1, 2, 3, 4, 5].map((n) => file(`${n}.txt`, n)));
  await s.done();
});

scenario("simple: files in two calls, while the first are on their way", {}, async (u, s) => {
  await trouble({ op: "PostObject", hold: true });
  u.addFiles([file("a.txt"), file("b.txt")]);
  await s.arrived("POST", "/", 2);
  u.addFiles(file("c.txt"));
  await s.taken(3);
  u.getInProgress();
  await trouble();
  await s.done();
});

scenario("simple: parameters of all, of one, and of the call", { request: { params: { Album: "naïve", "Cache-Control": "no-cache", when: () => "now" } }, autoUpload: false }, async (u, s) => {
  u.addFiles(file("a.txt"));
  u.addFiles(file("b.txt"), { call: "own" });
  u.addFiles(file("c.txt"));
  await s.taken(3);
  u.setParams({ one: 1, nothing: undefined }, 2);
  u.uploadStoredFiles();
  await s.done();
});

scenario("simple: access, storage class and encryption", {
  objectProperties: { acl: "public-read", reducedRedundancy: true, serverSideEncryption: true }, autoUpload: false,
}, async (u, s) => {
  u.addFiles([file("a.txt"), file("b.txt")]);
  await s.taken(2);
  u.setAcl("private", 1);
  u.uploadStoredFiles();
  await s.done();
});

scenario("simple: a session token", (s) => ({ credentials: s.credentials({ accessKey: `${s.accessKey}T`, sessionToken: s.token }) }), async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
});

scenario("simple: size limits in the policy", { validation: { sizeLimit: 100, minSizeLimit: 2 } }, async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
});

scenario("simple: the file's name is the key", { objectProperties: { key: "filename" } }, async (u, s) => {
  u.addFiles(file("ä (1)/b.txt"));
  await s.done();
});

scenario("simple: no extension, no type", {}, async (u, s) => {
  u.addFiles(file("bare", 4, ""));
  await s.done();
});

scenario("simple: setName, setUuid and the name's parameter", { autoUpload: false, request: { filenameParam: "called" } }, async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.taken(1);
  u.setName(0, "other.gif");
  u.setUuid(0, "00000000-0000-4000-8000-000000000001");
  u.uploadStoredFiles();
  await s.done();
});

for (const [how, key] of [
  ["a function", (id) => `folder/${id}.bin`],
  ["a native promise", (id) => Promise.resolve(`folder/${id}.bin`)],
  ["qq.Promise", (id) => new qq.Promise().success(`folder/${id}.bin`)],
]) {
  scenario(`key: by ${how}`, { objectProperties: { key } }, async (u, s) => {
    u.addFiles(file("a.txt"));
    await s.done();
    u.getKey(0);
  });
}

scenario("key: a promise that is rejected, and a retry that asks again", { objectProperties: {
  key() {
    return this.askedBefore ? "second" : (this.askedBefore = true, Promise.reject("for a reason"));
  },
} }, async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
  u.retry(0);
  await s.status(0, "upload successful");
  await s.done(2);
});

scenario("key: nothing", { objectProperties: { key: () => null } }, async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
});

scenario("bucket and host: by functions and promises, asked once", (s) => ({ objectProperties: {
  key: (id) => (s.write(id, "key is asked for"), `${id}`), bucket: (id) => (s.write(id, "bucket is asked for"), Promise.resolve(s.bucket)),
  host: (id) => (s.write(id, "host is asked for"), new qq.Promise().success(s.virtual.replace("http://", ""))),
} }), async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
  u.getBucket(0);
});

scenario("endpoint: of one file, and of all", { autoUpload: false }, async (u, s) => {
  u.addFiles([file("a.txt"), file("b.txt")]);
  await s.taken(2);
  u.setEndpoint("http://127.0.0.1:1", 0);
  u.setEndpoint(s.virtual);
  u.uploadStoredFiles();
  await s.done();
});

scenario("failure: the store's code and words", {}, async (u, s) => {
  await trouble({ op: "PostObject", code: "AccessDenied" });
  u.addFiles(file("a.txt"));
  await s.done();
});

scenario("failure: no answer", {}, async (u, s) => {
  await trouble({ op: "PostObject", lose: true });
  u.addFiles(file("a.txt"));
  await s.done();
}, { unseen: ["requests to the store"] }); // the browser itself may send it again

scenario("failure: one of three", { maxConnections: 1 }, async (u, s) => {
  await s.together({ op: "PostObject", From: 2, To: 2, code: "InternalError" }, file("a.txt"), file("b.txt"), file("c.txt"));
  await s.done();
});

scenario("retry: automatic, until it works", again(), async (u, s) => {
  await trouble({ op: "PostObject", To: 2, code: "InternalError" });
  u.addFiles(file("a.txt"));
  await s.done();
});

scenario("retry: automatic, given up", again({ maxAutoAttempts: 2 }), async (u, s) => {
  await trouble({ op: "PostObject", code: "AccessDenied" });
  u.addFiles(file("a.txt"));
  await s.done();
});

scenario("retry: automatic, and cancelled while it waits", again({ autoAttemptDelay: 600 }), async (u, s) => {
  await trouble({ op: "PostObject", code: "InternalError" });
  u.addFiles(file("a.txt"));
  await s.status(0, "retrying upload");
  u.getInProgress();
  u.cancel(0);
});

scenario("retry: by hand, vetoed and not", { callbacks: { onManualRetry() { return this.vetoed ? undefined : !(this.vetoed = true); } } }, async (u, s) => {
  await trouble({ op: "PostObject", To: 1, code: "InternalError" });
  u.addFiles(file("a.txt"));
  await s.done();
  u.retry(0);
  u.retry(0);
  await s.done(2);
});

scenario("retry: of a file that is stored", {}, async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
  u.retry(0);
  await s.done(2);
});

scenario("retry: over the item limit", { validation: { itemLimit: 1 } }, async (u, s) => {
  await trouble({ op: "PostObject", To: 1, code: "InternalError" });
  u.addFiles(file("a.txt"));
  await s.done();
  u.addFiles(file("b.txt"));
  await s.done(2);
  u.retry(0);
});

scenario("retry: of what there is not", {}, async (u) => {
  u.retry(3);
});

scenario("cancel: submitted, and its status then", { autoUpload: false }, async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.taken(1);
  u.cancel(0);
  u.uploadStoredFiles();
  u.cancel(0);
});

scenario("cancel: queued", { maxConnections: 1 }, async (u, s) => {
  await trouble({ op: "PostObject", hold: true });
  u.addFiles([file("a.txt"), file("b.txt")]);
  await s.arrived("POST", "/");
  await s.status(1, "queued");
  u.cancel(1);
  await trouble();
  await s.done();
});

scenario("cancel: uploading, vetoed, then by a promise", { callbacks: {
  onCancel() { return this.vetoed ? Promise.resolve() : !(this.vetoed = true); },
} }, async (u, s) => {
  await trouble({ op: "PostObject", hold: true });
  u.addFiles(file("a.txt"));
  await s.arrived("POST", "/");
  u.cancel(0);
  u.cancel(0);
  await s.status(0, "canceled");
  await s.gone();
});

scenario("cancel: failed", {}, async (u, s) => {
  await trouble({ op: "PostObject", code: "AccessDenied" });
  u.addFiles(file("a.txt"));
  await s.done();
  u.cancel(0);
});

scenario("cancel: stored", {}, async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
  u.cancel(0);
});

scenario("cancel: what there is not", {}, async (u) => {
  u.cancel(5);
});

scenario("cancelAll: stored ones, waiting ones and those under way", { autoUpload: false, maxConnections: 2 }, async (u, s) => {
  await trouble({ op: "PostObject", hold: true });
  u.addFiles([1, 2, 3, 4].map((n) => file(`${n}.txt`)));
  await s.taken(4);
  u.uploadStoredFiles();
  await s.arrived("POST", "/", 2);
  u.addFiles(file("later.txt"));
  await s.taken(5);
  u.cancelAll();
  await s.gone();
}, { ordered: true });

scenario("clearStoredFiles, and nothing to upload then", { autoUpload: false }, async (u, s) => {
  u.addFiles([file("a.txt"), file("b.txt")]);
  await s.taken(2);
  u.clearStoredFiles();
  u.uploadStoredFiles();
}, { ordered: true });

scenario("reset: ids begin anew", { maxConnections: 1 }, async (u, s) => {
  await trouble({ op: "PostObject", hold: true });
  u.addFiles([file("a.txt"), file("b.txt")]);
  await s.arrived("POST", "/");
  await s.status(1, "queued");
  u.reset();
  u.getInProgress();
  await s.gone();
  await trouble();
  u.addFiles(file("c.txt", 7)); // Fine Uploader tells no pair of onProgress twice, of whichever file
  await s.done();
});

scenario("onUpload: a promise", { callbacks: { onUpload: () => Promise.resolve() } }, async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
});

scenario("onUpload: rejected, with a response", { callbacks: { onUpload: () => new qq.Promise().failure({ responseJSON: { error: "not today", more: 1 } }) } }, async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
});

scenario("onUpload: false does not stop it", { callbacks: { onUpload: () => false } }, async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
});

scenario("onUpload: pause, and continue", { ...parts(), callbacks: { onUpload() { return this.paused ? undefined : (this.paused = true, Promise.resolve({ pause: true })); } } }, async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.status(0, "paused");
  u.continueUpload(0);
  await s.done();
});

for (const version of [2, 4]) {
  scenario(`credentials: ended, new ones by qq.Promise, version ${version}`, (s) => ({
    signature: { version }, credentials: s.expired(), callbacks: { onCredentialsExpired: () => new qq.Promise().success(s.credentials()) },
  }), async (u, s) => {
    u.addFiles(file("a.txt"));
    await s.done();
  });
}

scenario("credentials: ended, new ones by a native promise", (s) => ({
  credentials: s.expired(), callbacks: { onCredentialsExpired: () => Promise.resolve(s.credentials()) },
}), async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
});

scenario("credentials: ended, and refused", (s) => ({
  credentials: s.expired(), callbacks: { onCredentialsExpired: () => Promise.reject(new Error("no")) },
}), async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
});

scenario("credentials: ended for three files at once", (s) => ({
  credentials: s.expired(), callbacks: { onCredentialsExpired: () => (s.promise ??= new qq.Promise()) },
}), async (u, s) => {
  u.addFiles([file("a.txt"), file("b.txt"), file("c.txt")]);
  await until("all wait", () => s.count("onUpload") === 3);
  s.promise.success(s.credentials());
  await s.done();
});

scenario("credentials: other ones of another key, version 4", (s) => ({
  credentials: s.expired(),
  callbacks: { onCredentialsExpired: () => Promise.resolve(s.credentials({ accessKey: `${s.accessKey}T`, sessionToken: s.token })) },
}), async (u, s) => {
  u.addFiles(file("a.txt"));
  await s.done();
});

scenario("credentials: setCredentials, complete and not", {}, async (u, s) => {
  u.setCredentials({ accessKey: "a", secretKey: "b" });
  u.setCredentials(s.credentials({ expiration: new Date(Date.now() + 60000).toISOString() }));
  u.addFiles(file("a.txt"));
  await s.done();
});

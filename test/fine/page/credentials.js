"use strict";

const near = (w, more) => w.credentials({ expiration: new Date(Date.now() - 1000), ...more });

for (const [kind, promise] of [
  ["qq.Promise", (value) => new qq.Promise().success(value)],
  ["native promise", (value) => Promise.resolve(value)],
]) {
  test(`credentials: expired, renewed by ${kind}, once for all that wait`, async (w) => {
    const u = w.uploader({ credentials: near(w), maxConnections: 3 }, {
      onCredentialsExpired: () => promise(w.credentials({ accessKey: `${w.accessKey}T`, sessionToken: w.token })),
    });
    u.addFiles([new Blob(["a"]), new Blob(["b"]), new Blob(["c"])]);
    await w.once("allComplete");
    equal(w.of("allComplete")[0][1].length, 3, "stored");
    ok(w.of("credentialsExpired").length === 1, `asked ${w.of("credentialsExpired").length} times`);
    for (const { fields } of await w.wire()) {
      const form = Object.fromEntries(fields);
      ok(form["x-amz-credential"].startsWith(`${w.accessKey}T/`), "the new key");
      equal(form["x-amz-security-token"], w.token, "the new token");
    }
  });
}

test("credentials: three files wait, and the page is asked once", async (w) => {
  const promise = new qq.Promise();
  const u = w.uploader({ credentials: near(w) }, { onCredentialsExpired: () => promise });
  u.addFiles([new Blob(["a"]), new Blob(["b"]), new Blob(["c"])]);
  await until("all three wait", () => u.getUploads({ status: "uploading" }).length === 3);
  equal([w.of("credentialsExpired").length, (await w.wire()).length], [1, 0], "asked, sent");
  promise.success(w.credentials());
  await w.once("allComplete");
  equal([w.of("credentialsExpired").length, w.of("allComplete")[0][1].length], [1, 3], "asked, stored");
});

for (const [kind, answer] of [
  ["a rejection", () => Promise.reject(new Error("no"))],
  ["no promise", () => undefined],
  ["what is no set of credentials", () => Promise.resolve({ accessKey: "a" })],
  ["what has ended already", (w) => Promise.resolve(w.credentials({ expiration: new Date(Date.now() - 1000) }))],
  ["what ends on no date", (w) => new qq.Promise().success(w.credentials({ expiration: "nonsense" }))],
]) {
  test(`credentials: expired, and ${kind} fails the file; a retry asks again`, async (w) => {
    let say = answer;
    const u = w.uploader({ credentials: near(w) }, { onCredentialsExpired: () => say(w) });
    u.addFiles(new Blob(["a"]));
    await w.once("allComplete");
    equal(w.of("error")[0][3], "Unable to sign request - expired credentials.", "reason");
    equal((await w.wire()).length, 0, "requests");
    say = () => Promise.resolve(w.credentials());
    equal(u.retry(0), true, "retry");
    await until("done", () => u.getUploads({ id: 0 }).status === "upload successful");
    equal(w.of("credentialsExpired").length, 2, "asked");
  });
}

test("credentials: expired before an upload in parts", async (w) => {
  const u = w.uploader({ chunking: { enabled: true, partSize: part }, credentials: near(w) }, { onCredentialsExpired: () => Promise.reject(new Error("no")) });
  u.addFiles(new Blob([bytes(part + 1)]));
  await w.once("allComplete");
  equal(w.of("error")[0][3], "Unable to sign request - expired credentials.", "reason");
});

test("credentials: the store says that they have expired, and new ones are asked for", async (w) => {
  await post("/control/troubles", [{ op: "PostObject", From: 1, To: 1, code: "ExpiredToken", status: 400 }]);
  const u = w.uploader({}, { onCredentialsExpired: () => Promise.resolve(w.credentials()) });
  u.addFiles(new Blob(["a"]));
  await w.once("allComplete");
  equal([w.of("credentialsExpired").length, w.of("error").length, w.of("complete")[0][3]], [1, 0, { success: true }], "healed");
});

test("credentials: expired, and ended ones that are set meanwhile leave the promise its say", async (w) => {
  let answered;
  const u = w.uploader({ credentials: near(w) }, { onCredentialsExpired: () => new Promise((resolve) => { answered = resolve; }) });
  u.addFiles(new Blob(["a"]));
  await until("asked", () => answered);
  u.setCredentials(w.credentials({ expiration: new Date(Date.now() - 1000) }));
  answered(w.credentials());
  await w.once("allComplete");
  equal(w.of("complete")[0][3].success, true, "stored");
});

test("credentials: setCredentials, at any time, checked", async (w) => {
  const u = w.uploader();
  equal(u.setCredentials(w.credentials()), true, "returns");
  for (const lacking of ["accessKey", "secretKey", "expiration"]) {
    const given = w.credentials();
    delete given[lacking];
    const error = throws(() => u.setCredentials(given), lacking);
    ok(error instanceof qq.Error && error instanceof Error, "qq.Error");
    ok(error.message.startsWith("[Fine Uploader 5.16.2] "), error.message);
  }
  u.setCredentials(w.credentials({ expiration: new Date(Date.now() + 60000).toISOString() }));
  u.setCredentials(w.credentials({ expiration: Date.now() + 60000 }));
  u.addFiles(new Blob(["a"]));
  await w.once("allComplete");
  equal(w.of("complete")[0][3], { success: true }, "an ISO string and a number will do");
  const two = new World(w);
  two.uploader({ credentials: w.credentials({ expiration: "nonsense" }) }, { onCredentialsExpired: () => Promise.resolve(w.credentials()) }).addFiles(new Blob(["b"]));
  await two.once("allComplete");
  equal(two.of("credentialsExpired").length, 1, "a date that is none counts as expired");
});

test("credentials: no secret is to be found on the uploader", async (w) => {
  const u = w.uploader({ credentials: w.credentials({ sessionToken: "a-token-of-mine" }) });
  const seen = new Set();
  const look = (value, path) => {
    if (typeof value === "string" && (value.includes(w.secretKey) || value.includes("a-token-of-mine"))) throw new Error(`found at ${path}`);
    if (typeof value !== "object" || value === null || seen.has(value) || value === window) return;
    seen.add(value);
    for (const key of Object.getOwnPropertyNames(value)) look(value[key], `${path}.${key}`);
  };
  look(u, "uploader");
});

for (const version of [2, 4]) {
  test(`signature endpoint: a form, version ${version}`, async (w) => {
    const u = w.uploader({
      credentials: { secretKey: null, accessKey: null, expiration: null }, request: { endpoint: w.endpoint, accessKey: w.serverKey },
      signature: { endpoint: "/sign", version, customHeaders: { "X-Mine": "1" } }, validation: { sizeLimit: 1000 },
    });
    u.addFiles(new File(["hello"], "a.txt", { type: "text/plain" }));
    await w.once("allComplete");
    equal(w.of("complete")[0][3], { success: true }, "response");
    const [asked] = await w.asked();
    equal([asked.method, asked.path, asked.headers["content-type"].toLowerCase(), asked.headers["x-mine"], asked.headers["accept"], asked.headers["x-requested-with"]],
      ["POST", version === 4 ? "/sign?v4=true" : "/sign", "application/json; charset=utf-8", "1", "application/json", "XMLHttpRequest"], "request");
    ok(JSON.parse(asked.body).conditions, "the policy itself");
    ok(await w.object(u.getKey(0)), "stored");
  });

  test(`signature endpoint: parts, version ${version}`, async (w) => {
    const u = w.uploader({
      credentials: { secretKey: null, accessKey: null, expiration: null }, request: { endpoint: w.endpoint, accessKey: w.serverKey },
      signature: { endpoint: "/sign", version }, chunking: { enabled: true, partSize: part },
    });
    const file = new File([bytes(part + 1)], "a.bin", { type: "text/plain" });
    u.addFiles(file);
    await w.once("allComplete");
    equal(w.of("complete")[0][3], { success: true }, "response");
    equal((await w.object(u.getKey(0))).sha256, await sha256(file), "object");
    const { headers } = JSON.parse((await w.asked())[0].body);
    if (version === 2) ok(/^POST\n\ntext\/plain\n\nx-amz-acl:private\n/.test(headers) && headers.endsWith(`/${w.bucket}/${u.getKey(0)}?uploads`), headers);
    else ok(/^AWS4-HMAC-SHA256\n\d{8}T\d{6}Z\n\d{8}\/us-east-1\/s3\/aws4_request\nPOST\n/.test(headers), headers);
  });
}

test("signature endpoint: refusals", async (w) => {
  const u = w.uploader({
    credentials: { secretKey: null, accessKey: null, expiration: null }, request: { accessKey: w.serverKey, endpoint: w.endpoint }, signature: { endpoint: "/server/sign", version: 4 },
  });
  for (const [answer, reason] of [
    [{ status: 200, body: '{"error":"not you"}' }, "not you"], [{ status: 200, body: '{"invalid":true}' }, undefined],
    [{ status: 500, body: "" }, "XHR returned response code 500"], [{ status: 200, body: '{"policy":"x"}' }, undefined],
  ]) {
    await post("/control/reply", { "/server/sign": answer });
    const before = w.of("error").length;
    u.addFiles(new Blob(["a"]));
    await until("failed", () => w.of("error").length > before);
    if (reason) equal(w.of("error").at(-1)[3], reason, "reason");
  }
  equal((await w.wire()).length, 0, "nothing went to the store");
});

/** Uploads whose secret is kept by the vault: what they need it for, and that nothing else here has it. */
import assert from "node:assert/strict";
import { createHash, createHmac, randomUUID } from "node:crypto";
import { test } from "node:test";
import type { Credentials, UploaderOptions } from "./api.js";
import { reaches } from "./reach.testing.js";
import { asked, credentials, fileOf, options, store, until, uploader } from "./testing.js";
import { Vault } from "./vault.js";

/** Every memory that an engine has got since. */
const memories: WebAssembly.Memory[] = [];
WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(target, given: [WebAssembly.Module, WebAssembly.Imports]) {
    const instance = new target(...given);
    const { memory } = instance.exports;
    if (memory instanceof WebAssembly.Memory) memories.push(memory);
    return instance;
  },
});

function inMemory(secret: string): boolean {
  return memories.some(({ buffer }) => Buffer.from(buffer).includes(secret));
}

const secretive = (secret: string, seconds = 3600): Credentials => ({ ...credentials(seconds), secretKey: secret });

function vaulted(secret: string, more: Partial<UploaderOptions> = {}): UploaderOptions {
  return options({ vault: true, credentials: secretive(secret), ...more });
}

const settled = async (): Promise<void> => until("what was begun is cleaned up", () => store.uploads.size === 0);

test("reach: finds what is there", () => {
  const bytes = new TextEncoder().encode("--needle--");
  class Hidden { get inside(): unknown { return new Set([new Map([["a", { b: "a needle" }]])]); } }
  const paths = reaches({ hidden: new Hidden(), bytes, function: Object.assign(() => 0, { needles: 1 }) }, "nee", "dle");
  assert.deepEqual([...new Set(paths.map((path) => path.split(".").at(-1)))].sort(), ["(name)", "b", "buffer", "bytes"]);
});

for (const version of [4, 2] as const) {
  test(`vault: version ${version} uploads, and the secret is in no memory and no object`, async () => {
    memories.length = 0;
    const secret = randomUUID();
    const up = uploader(vaulted(secret, { signature: { version }, multipartThreshold: 5 << 20, partSize: 5 << 20, formBelow: 100 }));
    const events: unknown[] = [];
    up.listen((event) => events.push(event));
    const tasks = [fileOf("form", 10), fileOf("put", 1000), fileOf("parts", 11 << 20)].map((file) => up.upload(file));
    for (const task of tasks) await task;
    up.setCredentials(secretive(secret));
    await up.upload(fileOf("again", 5));
    const url = await up.presignedURL("a", 60);
    assert.ok(store.requests.every(({ headers, method }) => method === "POST" || /(Signature=[0-9a-f]{64}|AWS AKID:.{28})$/.test(headers.get("authorization") ?? "")));
    assert.deepEqual([memories.length > 0, inMemory(secret)], [true, false]);
    assert.deepEqual(reaches({ up, tasks, events, url, requests: store.requests }, secret), []);
  });
}

test("vault: without one the secret is in the engine's memory, which shows that looking there finds it", async () => {
  memories.length = 0;
  const secret = randomUUID();
  const up = uploader(options({ credentials: secretive(secret) }));
  await up.upload(fileOf("a", 5));
  assert.ok(inMemory(secret));
  assert.deepEqual(reaches({ up }, secret), [], "and in no object");
});

test("vault: a presigned URL is that of who signs at once", async () => {
  for (const version of [4, 2] as const) {
    const given = secretive("höhe/+=");
    const remote = uploader(options({ vault: true, credentials: given, signature: { version } }));
    const local = uploader(options({ credentials: given, signature: { version } }));
    await Promise.all([remote.ready, local.ready]);
    const pair = (): Promise<string[]> => Promise.all([remote, local].map((up) => up.presignedURL("a b/ö", 600)));
    let [got, want] = await pair();
    // They are of one second, or soon will be.
    for (let i = 0; i < 20 && got !== want; i++) [got, want] = await pair();
    assert.equal(got, want);
  }
});

test("vault: a presigned URL is signed anew when other credentials come meanwhile", async () => {
  const up = uploader(vaulted("first"));
  await up.ready;
  const making = up.presignedURL("a", 60);
  up.setCredentials({ ...secretive("second"), accessKey: "OTHER" });
  const url = new URL(await making);
  const date = url.searchParams.get("X-Amz-Date") ?? "";
  assert.match(url.searchParams.get("X-Amz-Credential") ?? "", /^OTHER\//);
  const signature = url.searchParams.get("X-Amz-Signature");
  const query = [...url.searchParams].filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).sort().join("&");
  const scope = `${date.slice(0, 8)}/eu-west-1/s3/aws4_request`;
  const sha = async (text: string): Promise<string> => Buffer.from(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toString("hex");
  const text = ["AWS4-HMAC-SHA256", date, scope, await sha(["GET", "/a", query, `host:${url.host}`, "", "host", "UNSIGNED-PAYLOAD"].join("\n"))].join("\n");
  const key = scope.split("/").reduce(
    (key, step) => Uint8Array.from(createHmac("sha256", key).update(step).digest()), new TextEncoder().encode("AWS4second"));
  assert.equal(signature, createHmac("sha256", key).update(text).digest("hex"));
});

/** Who signed a request, and on which day, if its signature is what who knows the secret makes of it. */
async function verified({ method, url, headers }: (typeof store.requests)[number], secret: string): Promise<string> {
  const { host, pathname, searchParams } = new URL(url);
  const [, id = "", scope = "", names = "", signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(headers.get("authorization") ?? "") ?? [];
  const query = [...searchParams].map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).sort().join("&");
  const lines = names.split(";").map((name) => `${name}:${name === "host" ? host : headers.get(name)}`);
  const canonical = [method, pathname, query, ...lines, "", names, headers.get("x-amz-content-sha256")].join("\n");
  const digest = createHash("sha256").update(canonical).digest("hex");
  const text = ["AWS4-HMAC-SHA256", headers.get("x-amz-date"), scope, digest].join("\n");
  const key = scope.split("/").reduce(
    (key, step) => Uint8Array.from(createHmac("sha256", key).update(step).digest()), new TextEncoder().encode(`AWS4${secret}`));
  assert.equal(signature, createHmac("sha256", key).update(text).digest("hex"), `${method} ${url}`);
  assert.equal(headers.get("x-amz-date")?.slice(0, 8), scope.slice(0, 8));
  return `${id} ${scope.slice(0, 8)}`;
}

test("vault: midnight passes in mid-upload, and each request is signed by the key of its day", async () => {
  const { now } = Date;
  let ahead = Date.parse("2026-11-25T23:59:00Z") - now();
  Date.now = () => now() + ahead;
  try {
    const up = uploader(vaulted("secret", {
      credentials: { ...secretive("secret"), expiration: "2026-11-26T06:00:00Z" }, multipartThreshold: 5 << 20, partSize: 5 << 20, connections: 2,
    }));
    store.answer = ({ url }) => void (url.includes("partNumber=3") && Date.now() < Date.parse("2026-11-26T00:00:00Z") && (ahead += 60_000));
    await up.upload(fileOf("long", 31 << 20));
    const days = await Promise.all(store.requests.map((request) => verified(request, "secret")));
    assert.deepEqual([...new Set(days)], ["AKID 20261125", "AKID 20261126"]);
  } finally {
    Date.now = now;
  }
});

test("vault: new credentials in mid-upload, and each request is signed by those that it names", async () => {
  const up = uploader(vaulted("secret of AKID", { connections: 6 }));
  await up.ready;
  let answers = 0;
  let changes = 0;
  store.answer = () => {
    if (++answers % 3 === 0) {
      changes++;
      up.setCredentials({ ...secretive(`secret of AKID${changes}`), accessKey: `AKID${changes}` });
    }
    return undefined;
  };
  await Promise.all(Array.from({ length: 60 }, (_, i) => up.upload(fileOf(`f${i}`, 10 + i))));
  const signers = await Promise.all(store.requests.map(async (request) => {
    const id = /Credential=([^/]+)/.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
    await verified(request, `secret of ${id}`);
    return id;
  }));
  assert.equal(store.requests.length, 60);
  assert.ok(new Set(signers).size > 2, `signed by ${[...new Set(signers)].join()}`);
});

test("vault: a key that makes no signatures is told apart from credentials that a store refuses", async () => {
  // A key for another algorithm: WebCrypto has it, and does not sign with it.
  const bad = await crypto.subtle.generateKey({ name: "AES-CBC", length: 128 }, false, ["encrypt"]);
  const calls: string[] = [];
  const held: string[] = [];
  const up = uploader(vaulted("secret", {
    credentialsExpired: async ({ reason }) => {
      calls.push(reason);
      return secretive("secret");
    },
  }));
  await up.ready;
  up.listen((event) => void (event.type === "hold" && held.push(event.reason)));
  const adopt = Vault.prototype.adopt;
  let broken = 0;
  Vault.prototype.adopt = function (this: Vault, key) {
    adopt.call(this, broken-- > 0 ? bad : key);
  };
  try {
    broken = 1;
    up.setCredentials(secretive("secret"));
    await up.upload(fileOf("a", 5)); // by the next key
    assert.deepEqual([calls, held], [["signingFailed"], ["signingFailed"]]);

    broken = 2;
    up.setCredentials(secretive("secret"));
    const task = up.upload(fileOf("b", 5));
    await until("it is held for good", () => up.totals().held === "signingFailed" && calls.length === 2 && broken === 0 && held.length === 3);
    up.setCredentials(secretive("secret"));
    await task;
    assert.deepEqual([calls, held], [["signingFailed", "signingFailed"], ["signingFailed", "signingFailed", "signingFailed"]]);
  } finally {
    Vault.prototype.adopt = adopt;
  }
});

test("vault: secrets that are none are refused, in the engine's words, and not quoted", async () => {
  const up = uploader(vaulted("secret"));
  await up.ready;
  for (const [secret, code] of [["", "SecretKeyMissing"], ["line's end\n", "SecretKeyInvalid"]] as const) {
    assert.throws(() => up.setCredentials(secretive(secret)), (error: Error & { code?: string }) =>
      error.code === code && (secret === "" || !error.message.includes(secret)));
  }
  await up.upload(fileOf("a", 5)); // with those that were there

  const bad = uploader(options({ vault: true, credentials: secretive("line's end\n") }));
  const held: unknown[] = [];
  bad.listen((event) => void (event.type === "hold" && held.push((event.error as { code?: string }).code)));
  const task = bad.upload(fileOf("b", 5));
  await until("it is held", () => held.length > 0);
  assert.deepEqual(held[0], "SecretKeyInvalid");
  bad.setCredentials(secretive("secret"));
  await task;
});

test("vault: the engine's refusal leaves the key that was there", async () => {
  const up = uploader(vaulted("secret"));
  await up.ready;
  assert.throws(() => up.setCredentials({ ...secretive("other"), accessKey: "not\nvisible" }), { code: "AccessKeyInvalid" });
  await up.upload(fileOf("a", 5));
});

test("vault: credentials that the page brings when they are asked for", async () => {
  let calls = 0;
  const up = uploader(options({
    vault: true, credentials: async () => { calls++; return secretive(`secret ${calls}`); },
  }));
  await up.upload(fileOf("a", 5));
  up.expireCredentials();
  await up.upload(fileOf("b", 5));
  assert.equal(calls, 2);
});

test("vault: what is closed still cleans up", async () => {
  const up = uploader(vaulted("secret", { multipartThreshold: 5 << 20, partSize: 5 << 20 }));
  store.answer = ({ url }) => (url.includes("partNumber=2") ? "never" : undefined);
  const task = up.upload(fileOf("big", 11 << 20));
  task.catch(() => undefined);
  await until("it goes", () => task.info().partsStored > 0);
  up.close();
  await settled();
  assert.equal(asked("DELETE"), 1);
});

test("vault: a page without WebCrypto says so once and goes on, unless a vault is required", async () => {
  const own = Object.getOwnPropertyDescriptor(globalThis, "crypto");
  const { crypto } = globalThis;
  Object.defineProperty(globalThis, "crypto", { configurable: true, value: { getRandomValues: (into: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(into) } });
  try {
    assert.throws(() => uploader(vaulted("secret", { vault: "required" })), { code: "VaultUnavailable" });
    for (const [vault, warnings] of [[true, ["VaultUnavailable"]], [false, []]] as const) {
      const up = uploader(options({ vault }));
      const seen: string[] = [];
      up.listen((event) => void (event.type === "warning" && seen.push(event.error.code)));
      await up.upload(fileOf("a", 5));
      await up.upload(fileOf("b", 5));
      assert.deepEqual(seen, warnings);
    }
  } finally {
    if (own) Object.defineProperty(globalThis, "crypto", own);
  }
  await uploader(vaulted("secret", { vault: "required" })).upload(fileOf("a", 5));
});

test("vault: what the option may be", () => {
  assert.throws(() => uploader(options({ vault: "yes" as "required" })), TypeError);
});

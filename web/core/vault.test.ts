/** The vault: keys that cannot be read back, in a worker that may go at any time. */
import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { afterEach, test } from "node:test";
import { FakeWorker, until } from "./testing.js";
import { Vault, type Platform } from "./vault.js";
import { keyOf, secretProblem, Signer, type SignAsk, type SignatureVersion } from "./vaultkey.js";

const open: Vault[] = [];

afterEach(() => {
  for (const vault of open.splice(0)) vault.close();
  FakeWorker.started = [];
});

const fake: Platform = {
  start: (source) => new FakeWorker(source) as unknown as Worker,
  post: (worker, message) => worker.postMessage(message),
};

function vaultOf(version: SignatureVersion, source: string | false = "worker.js", on: Platform = fake): Vault {
  const vault = new Vault(version, source, on);
  open.push(vault);
  return vault;
}

function ask(text: string, scope = "20261125/eu-west-1/s3/aws4_request"): SignAsk {
  return { scope, text: new TextEncoder().encode(text) };
}

/** What a server does that knows the secret. */
function expected(version: SignatureVersion, secret: string, { scope, text }: SignAsk): string {
  if (version === 2) return createHmac("sha1", secret).update(text).digest("hex");
  const key = scope.split("/").reduce(
    (key, step) => Uint8Array.from(createHmac("sha256", key).update(step).digest()), new TextEncoder().encode(`AWS4${secret}`));
  return createHmac("sha256", key).update(text).digest("hex");
}

const hex = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString("hex");

const signed = (vault: Vault, what: SignAsk): Promise<string | undefined> =>
  new Promise((resolve) => vault.sign(what, (mac) => resolve(hex(mac))));

test("vault: the key of the published example", async () => {
  // S3 API Reference, "Signature Calculations for the Authorization Header", the example GET Object.
  const text = ["AWS4-HMAC-SHA256", "20130524T000000Z", "20130524/us-east-1/s3/aws4_request",
    "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972"].join("\n");
  const signer = new Signer(4, await keyOf(4, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"));
  const mac = await signer.sign(ask(text, "20130524/us-east-1/s3/aws4_request"));
  assert.equal(hex(mac), "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
});

for (const version of [2, 4] as const) {
  test(`vault: version ${version} signs as who knows the secret, in a worker and here`, async () => {
    for (const source of ["worker.js", false, "missing.js"] as const) {
      const vault = vaultOf(version, source);
      const secret = `höhe/${randomUUID()}`;
      vault.take(secret);
      const asks = ["a", "b", ""].flatMap((text) => ["20261125", "20261126"].map((day) => ask(text, `${day}/eu-west-1/s3/aws4_request`)));
      const got = await Promise.all(asks.map((one) => signed(vault, one)));
      assert.deepEqual(got, asks.map((one) => expected(version, secret, one)));
      assert.equal(vault.inWorker, source === "worker.js");
    }
  });
}

test("vault: its keys cannot be read back, and no message has the secret", async () => {
  const vault = vaultOf(4);
  const secret = randomUUID();
  vault.take(secret);
  await signed(vault, ask("text"));
  const key = await vault.key();
  assert.ok(key);
  assert.deepEqual([key.extractable, key.usages, key.type], [false, ["sign"], "secret"]);
  await assert.rejects(crypto.subtle.exportKey("raw", key));
  await assert.rejects(crypto.subtle.exportKey("jwk", key));
  const { asked } = FakeWorker.started[0] ?? {};
  assert.deepEqual(asked?.map(({ kind }) => kind), ["key", "sign"]);
  assert.ok(!JSON.stringify(asked).includes(secret));
});

test("vault: what is asked for in one turn goes in one message", async () => {
  const vault = vaultOf(4);
  vault.take("secret");
  await Promise.all(Array.from({ length: 50 }, (_, i) => signed(vault, ask(`${i}`))));
  await Promise.all(Array.from({ length: 50 }, (_, i) => signed(vault, ask(`${i}`))));
  assert.deepEqual(FakeWorker.started[0]?.asked.map(({ kind }) => kind), ["key", "sign", "sign"]);
});

test("vault: signs with the secret that was taken last, also where two come at once", async () => {
  const vault = vaultOf(4);
  vault.take("first");
  vault.take("second");
  const one = ask("text");
  assert.equal(await signed(vault, one), expected(4, "second", one));
  vault.take("third");
  assert.equal(await signed(vault, one), expected(4, "third", one));
  assert.equal(FakeWorker.started.length, 1);
});

test("vault: gives its key to another, which signs the same", async () => {
  const first = vaultOf(4);
  first.take("secret");
  const key = structuredClone(await first.key());
  assert.ok(key);
  const second = vaultOf(4);
  second.adopt(key);
  const one = ask("text");
  assert.equal(await signed(second, one), expected(4, "secret", one));
});

test("vault: says that there is no key, and signs for no other service", async () => {
  const vault = vaultOf(4);
  assert.equal(await signed(vault, ask("text")), undefined);
  vault.take("secret");
  const scopes = ["20261125/eu-west-1/sts/aws4_request", "2026/eu-west-1/s3/aws4_request", "20261125/eu-west-1/s3", "20261125/r/s3/x", "a/20261125/r/s3/aws4_request", ""];
  const [good, ...bad] = await Promise.all([ask("a"), ...scopes.map((scope) => ask("a", scope))].map((one) => signed(vault, one)));
  assert.equal(good, expected(4, "secret", ask("a")));
  assert.deepEqual(bad, scopes.map(() => undefined));
});

test("vault: a worker that breaks, or falls silent, is replaced, and what it was asked for is signed", async () => {
  let breaks = false;
  const vault = vaultOf(4, "worker.js", {
    start: fake.start,
    post: (worker, message) => {
      const now = breaks;
      breaks = false;
      if (now) (worker as unknown as FakeWorker).crash();
      else worker.postMessage(message);
    },
  });
  vault.take("secret");
  const one = ask("text");
  await signed(vault, one);
  breaks = true;
  assert.equal(await signed(vault, one), expected(4, "secret", one));
  assert.equal(FakeWorker.started.length, 2);
  await until("the second one is there", () => vault.inWorker);
  FakeWorker.started[1]?.terminate(); // nobody is told
  assert.equal(await signed(vault, one), expected(4, "secret", one));
  assert.equal(FakeWorker.started.length, 3);
  assert.ok(vault.inWorker);
});

test("vault: where workers break time and again, it signs here", async () => {
  const vault = vaultOf(4, "worker.js", {
    start: fake.start,
    post: (worker, message) => {
      if (message.kind === "sign") (worker as unknown as FakeWorker).crash();
      else worker.postMessage(message);
    },
  });
  vault.take("secret");
  const one = ask("text");
  assert.equal(await signed(vault, one), expected(4, "secret", one));
  assert.ok(!vault.inWorker);
  assert.equal(FakeWorker.started.length, 4);
});

test("vault: where keys cannot be given to workers, it signs here", async () => {
  const vault = vaultOf(4, "worker.js", {
    start: fake.start,
    post: () => { throw new DOMException("no", "DataCloneError"); },
  });
  vault.take("secret");
  const one = ask("text");
  assert.equal(await signed(vault, one), expected(4, "secret", one));
});

test("vault: judges secrets as the engine does, which is not shown them", () => {
  for (const [secret, problem] of [
    [undefined, "SecretKeyMissing"], ["", "SecretKeyMissing"], ["a\n", "SecretKeyInvalid"], ["\x7f", "SecretKeyInvalid"],
    ["a".repeat(1025), "SecretKeyInvalid"], ["a".repeat(1024), undefined], ["correct höhe", undefined],
  ] as const) assert.equal(secretProblem(secret), problem, JSON.stringify(secret));
});

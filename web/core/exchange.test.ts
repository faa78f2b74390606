import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, test } from "node:test";
import { BucketlineError, hints } from "./error.js";
import { Exchange, ExchangeQuery, ExchangeStep, maxExchangeBytes, type TokenRequest } from "./exchange.js";
import { accessGrants, containerCredentials, s3ExpressSession } from "./providers.js";
import { assumeRoleWithWebIdentity, cognitoIdentity, sessionPolicy } from "./sts.js";

const names = JSON.parse(readFileSync("wire/exchanges/testdata/names.json", "utf8")) as Record<string, unknown>;
const wasm = new WebAssembly.Module(new Uint8Array(readFileSync(process.env["BUCKETLINE_EXCHANGE"] ?? "build/go/exchange.wasm")));

interface Sent { url: string; init: RequestInit; headers: Map<string, string>; body: string }

/** Answers fetch with these, one after the other, and returns what was sent. */
function service(...answers: (Response | Error)[]): Sent[] {
  const sent: Sent[] = [];
  globalThis.fetch = async (url, init = {}) => {
    sent.push({
      url: url as string, init, headers: new Map(init.headers as [string, string][]), body: (init.body ?? "") as string,
    });
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer ?? new Response("", { status: 500 });
  };
  return sent;
}

const real = globalThis.fetch;
afterEach(() => { globalThis.fetch = real; });
Object.defineProperty(globalThis, "navigator", { value: { onLine: true }, configurable: true });

const keys = "<Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>" +
  "<Expiration>2126-11-23T09:00:00Z</Expiration></Credentials>";
const granted = (): Response => new Response(
  `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>${keys}</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`);
const refused = (code: string, status = 400): Response =>
  new Response(`<ErrorResponse><Error><Code>${code}</Code><Message>No.</Message></Error><RequestId>R1</RequestId></ErrorResponse>`, { status });
const want = { accessKey: "A", secretKey: "s", sessionToken: "t", expiration: new Date("2126-11-23T09:00:00Z") };
const identity = { endpoint: "https://sts.example.com", wasm };
const source = { accessKey: "K", secretKey: "z", sessionToken: "y", expiration: new Date("2126-01-01T00:00:00Z") };

async function failure(promise: Promise<unknown>): Promise<BucketlineError> {
  const error: unknown = await promise.then(() => undefined, (reason: unknown) => reason);
  assert.ok(error instanceof BucketlineError, String(error));
  return error;
}

test("exchange: the numbers are the module's", () => {
  assert.deepEqual({ ...Exchange }, names["exchanges"]);
  assert.deepEqual({ ...ExchangeQuery }, names["queries"]);
  assert.deepEqual({ ...ExchangeStep }, names["steps"]);
  assert.deepEqual({ maxExchangeBytes }, names["limits"]);
  for (const code of names["codes"] as string[]) assert.ok(hints[code], `no hint for ${code}`);
});

test("assumeRoleWithWebIdentity: sends the token to the endpoint alone", async () => {
  const sent = service(granted());
  assert.deepEqual(await assumeRoleWithWebIdentity({ ...identity, token: "a.b.c", durationSeconds: 900, policy: "{}" }), want);
  assert.equal(sent.length, 1);
  const [{ url, init, headers, body }] = sent as [Sent];
  assert.equal(url, "https://sts.example.com/");
  assert.equal(body, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&WebIdentityToken=a.b.c&DurationSeconds=900&Policy=%7B%7D");
  assert.deepEqual([...headers], [["content-type", "application/x-www-form-urlencoded"]]);
  assert.deepEqual(
    [init.method, init.credentials, init.cache, init.redirect, init.referrerPolicy],
    ["POST", "omit", "no-store", "error", "no-referrer"]);
});

test("assumeRoleWithWebIdentity: asks a function for another token once the service says that one has ended", async () => {
  const sent = service(refused("ExpiredTokenException"), granted());
  const asked: boolean[] = [];
  const token = async ({ again }: TokenRequest): Promise<string> => {
    asked.push(again);
    return again ? "new.token" : "old.token";
  };
  assert.deepEqual(await assumeRoleWithWebIdentity({ ...identity, token }), want);
  assert.deepEqual(asked, [false, true]);
  assert.match(sent[1]?.body ?? "", /WebIdentityToken=new\.token$/);
});

test("assumeRoleWithWebIdentity: a text that is refused is not sent again", async () => {
  const sent = service(refused("ExpiredTokenException"), granted());
  const error = await failure(assumeRoleWithWebIdentity({ ...identity, token: "old.token" }));
  assert.deepEqual(
    [error.code, error.status, error.requestId, error.operation, error.hint],
    ["ExpiredTokenException", 400, "R1", "AssumeRoleWithWebIdentity", hints["ExpiredTokenException"]]);
  assert.equal(sent.length, 1);
});

test("assumeRoleWithWebIdentity: what a token function rejects with is what it rejects with", async () => {
  const sent = service();
  const reason = new Error("nobody signed in");
  await assert.rejects(assumeRoleWithWebIdentity({ ...identity, token: () => Promise.reject(reason) }), reason);
  assert.equal(sent.length, 0);
  await assert.rejects(assumeRoleWithWebIdentity({ ...identity, token: () => undefined as unknown as string }), TypeError);
});

test("cognitoIdentity: both requests of the enhanced flow", async () => {
  const sent = service(
    new Response('{"IdentityId":"eu-west-1:1"}'),
    new Response('{"Credentials":{"AccessKeyId":"A","SecretKey":"s","SessionToken":"t","Expiration":4.950853200E9}}'));
  const pool = { identityPoolId: "eu-west-1:1a2b3c4d", provider: "accounts.google.com", token: () => "a.b.c", wasm };
  assert.deepEqual(await cognitoIdentity(pool), { ...want, expiration: new Date(4950853200000) });
  assert.deepEqual(sent.map(({ headers }) => headers.get("x-amz-target")), [
    "AWSCognitoIdentityService.GetId", "AWSCognitoIdentityService.GetCredentialsForIdentity",
  ]);
  assert.equal(sent[1]?.body, '{"IdentityId":"eu-west-1:1","Logins":{"accounts.google.com":"a.b.c"}}');
});

test("containerCredentials: asks with the authorization that it is given", async () => {
  const sent = service(new Response('{"AccessKeyId":"A","SecretAccessKey":"s","Token":"t","Expiration":"2126-11-23T09:00:00Z"}'));
  assert.deepEqual(await containerCredentials({ url: "https://issuer.example.com/c", authorization: () => "Bearer a.b.c", wasm }), want);
  const [{ init, headers }] = sent as [Sent];
  assert.deepEqual([init.method, init.body, headers.get("authorization")], ["GET", null, "Bearer a.b.c"]);
});

test("accessGrants and s3ExpressSession: signed with the credentials of a text or a function", async () => {
  const sent = service(new Response(`<GetDataAccessResult>${keys}</GetDataAccessResult>`), new Response(`<CreateSessionResult>${keys}</CreateSessionResult>`));
  const grant = { accountId: "111122223333", region: "eu-west-1", target: "s3://b/u/*", permission: "WRITE", credentials: source, wasm } as const;
  assert.deepEqual(await accessGrants(grant), want);
  assert.deepEqual(await s3ExpressSession({ bucket: "a--euw1-az1--x-s3", region: "eu-west-1", credentials: async () => source, wasm }), want);
  for (const { headers } of sent) {
    assert.match(headers.get("authorization") ?? "", /^AWS4-HMAC-SHA256 Credential=K\/\d{8}\/eu-west-1\/s3(express)?\/aws4_request, SignedHeaders=host;/);
    assert.equal(headers.get("x-amz-security-token"), "y");
  }
});

test("sessionPolicy: narrows to a prefix, letter by letter", async () => {
  assert.equal(await sessionPolicy({ bucket: "photos", prefix: "u/*/", actions: ["s3:GetObject"], wasm }),
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":"arn:aws:s3:::photos/u/${*}/*"}]}');
  assert.equal((await failure(sessionPolicy({ bucket: "photos", actions: ["s3:*"], wasm }))).code, "PolicyActionInvalid");
  await assert.rejects(sessionPolicy({ bucket: "photos", actions: ["s3:GetObject,s3:*"], wasm }), TypeError);
});

test("exchange: options that cannot be meant are refused before anything is sent", async () => {
  const sent = service();
  const wrong = [
    () => assumeRoleWithWebIdentity({ ...identity, tokn: "a" } as never),
    () => assumeRoleWithWebIdentity({ ...identity } as never),
    () => cognitoIdentity({ identityPoolId: "eu-west-1:1a2b", provider: "p", wasm } as never),
    () => containerCredentials({ url: "https://h/", authorization: 7, wasm } as never),
    () => accessGrants({ accountId: "1", region: "r", target: "t", permission: "READ", credentials: { accessKey: 7 }, wasm } as never),
  ];
  for (const call of wrong) await assert.rejects(call(), TypeError);
  const insecure = await failure(assumeRoleWithWebIdentity({ endpoint: "http://sts.example.com", token: "a.b.c", wasm }));
  assert.equal(insecure.code, "ExchangeEndpointInsecure");
  assert.equal(sent.length, 0);
});

test("exchange: an answer is read no further than its bound", async () => {
  let read = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      read += 16384;
      controller.enqueue(new Uint8Array(16384).fill(32));
    },
  });
  service(new Response(endless));
  const error = await failure(assumeRoleWithWebIdentity({ ...identity, token: "a.b.c" }));
  assert.equal(error.code, "ExchangeAnswerInvalid");
  assert.ok(read <= maxExchangeBytes + 3 * 16384, `${read} bytes were read`);
});

test("exchange: a network that is gone, an endpoint that is, and an abort are told apart", async () => {
  service(new TypeError("failed"));
  assert.equal((await failure(assumeRoleWithWebIdentity({ ...identity, token: "a.b.c" }))).code, "Unreachable");
  Object.defineProperty(globalThis, "navigator", { value: { onLine: false }, configurable: true });
  service(new TypeError("failed"));
  assert.equal((await failure(assumeRoleWithWebIdentity({ ...identity, token: "a.b.c" }))).code, "Offline");
  Object.defineProperty(globalThis, "navigator", { value: { onLine: true }, configurable: true });
  const stop = new AbortController();
  stop.abort(new Error("enough"));
  const sent = service(granted());
  await assert.rejects(assumeRoleWithWebIdentity({ ...identity, token: "a.b.c", signal: stop.signal }), /enough/);
  assert.equal(sent.length, 0);
});

test("exchange: a module that is not there says so", async () => {
  service(new Response("", { status: 404 }));
  const error = await failure(assumeRoleWithWebIdentity({ endpoint: "https://h", token: "a.b.c", wasm: "https://page/nowhere.wasm" }));
  assert.equal(error.code, "ExchangeUnavailable");
  assert.equal(error.hint, hints["ExchangeUnavailable"]);
});

test("exchange: no error shows a secret", async () => {
  for (const answer of [refused("AccessDenied", 403), new Response("s3cret-token"), new Response(`bad s3cret-token`, { status: 500 })]) {
    service(answer);
    const error = await failure(assumeRoleWithWebIdentity({ ...identity, token: "s3cret-token" }));
    assert.ok(!`${error.message} ${error.hint} ${JSON.stringify(error)} ${String(error.cause)}`.includes("s3cret"), error.message);
  }
});

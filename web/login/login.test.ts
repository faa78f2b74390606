import assert from "node:assert/strict";
import { test } from "node:test";
import type { Login, LoginOptions } from "./api.js";
import { LoginError, type LoginErrorCode } from "./error.js";
import { loginIn } from "./login.js";
import { clientId, FakePage, FakeProvider, issuer, pageAddress } from "./testing.js";

const options = (provider: FakeProvider, more: Partial<LoginOptions> = {}): LoginOptions => ({
  issuer, clientId, fetch: provider.fetch, ...more,
});

/** The library judges exp by the real clock, so tests live in the present. */
function newProvider(): FakeProvider {
  const provider = new FakeProvider();
  provider.now = Math.floor(Date.now() / 1000);
  return provider;
}

/** Goes to the provider and comes back, as a new load of the same page. */
async function signedIn(provider = newProvider()): Promise<{ provider: FakeProvider; page: FakePage; login: Login }> {
  const page = new FakePage(provider);
  await loginIn(page, options(provider)).signIn();
  assert.ok(page.left);
  page.address = provider.authorize(page.left);
  const login = loginIn(page, options(provider, { redirectUri: pageAddress }));
  assert.equal(await login.handleRedirect(), "signedIn");
  return { provider, page, login };
}

function isCode(code: LoginErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof LoginError && error.code === code && error.hint.length > 0;
}

test("a sign-in by redirect ends with an ID token and leaves no trace in the address or the storage", async () => {
  const { page, login } = await signedIn();
  assert.equal(login.claims?.sub, "alice");
  assert.match(await login.idToken(), /^[\w-]+\.[\w-]+\.[\w-]+$/);
  assert.equal(page.address.href, pageAddress);
  assert.equal(page.stored.size, 0);
});

test("an address without an answer is left alone", async () => {
  const provider = newProvider();
  const page = new FakePage(provider);
  page.address = new URL(`${pageAddress}?state=open#top`);
  assert.equal(await loginIn(page, options(provider)).handleRedirect(), "none");
  assert.equal(page.address.href, `${pageAddress}?state=open#top`);
  assert.deepEqual(provider.requests, []);
});

test("the page's own query and fragment survive the cleaning", async () => {
  const provider = newProvider();
  const page = new FakePage(provider);
  const own = options(provider, { redirectUri: `${pageAddress}?album=7` });
  await loginIn(page, own).signIn({ parameters: { login_hint: "alice" } });
  assert.equal(page.left?.searchParams.get("login_hint"), "alice");
  page.address = provider.authorize(page.left ?? new URL(issuer));
  page.address.hash = "#list";
  await loginIn(page, own).handleRedirect();
  assert.equal(page.address.href, `${pageAddress}?album=7#list`);
});

test("an answer with another state is refused before anything is sent", async () => {
  const provider = newProvider();
  const page = new FakePage(provider);
  const login = loginIn(page, options(provider));
  await login.signIn();
  const before = provider.requests.length;
  page.address = new URL(`${pageAddress}?code=stolen&state=r.another`);
  await assert.rejects(login.handleRedirect(), isCode("StateMismatch"));
  assert.equal(provider.requests.length, before);
  assert.equal(login.claims, undefined);
});

test("an answer to no question is refused, also when the memory holds rubbish", async () => {
  for (const memory of [undefined, "{", '{"state":1}']) {
    const page = new FakePage(newProvider());
    if (memory !== undefined) page.stored.set("bucketline-login", memory);
    page.address = new URL(`${pageAddress}?code=c&state=r.s`);
    await assert.rejects(loginIn(page, options(page.provider)).handleRedirect(), isCode("StateMismatch"));
    assert.equal(page.stored.size, 0);
  }
});

test("an answer of another provider is refused (RFC 9207, section 2.4)", async () => {
  const provider = newProvider();
  const page = new FakePage(provider);
  const login = loginIn(page, options(provider));
  await login.signIn();
  page.address = provider.authorize(page.left ?? new URL(issuer));
  page.address.searchParams.set("iss", "https://evil.example/");
  await assert.rejects(login.handleRedirect(), isCode("AnswerInvalid"));
});

test("the provider's refusal keeps the provider's code", async () => {
  const provider = newProvider();
  const page = new FakePage(provider);
  const login = loginIn(page, options(provider));
  await login.signIn();
  const state = page.left?.searchParams.get("state") ?? "";
  page.address = new URL(`${pageAddress}?error=access_denied&error_description=not+today&state=${state}&iss=${issuer}`);
  await assert.rejects(login.handleRedirect(), (error) => {
    assert.ok(error instanceof LoginError);
    assert.equal(error.code, "Refused");
    assert.equal(error.providerCode, "access_denied");
    assert.match(error.message, /not today/);
    return true;
  });
  assert.equal(page.address.href, pageAddress);
});

// OpenID Connect Core 1.0, section 3.1.3.7.
const wrongTokens: [string, (claims: Record<string, unknown>) => void][] = [
  ["another issuer", (c) => (c["iss"] = "https://evil.example/")],
  ["another audience", (c) => (c["aud"] = "another-client")],
  ["a second audience", (c) => (c["aud"] = [clientId, "another-client"])],
  ["an end in the past", (c) => (c["exp"] = Number(c["iat"]) - 3600)],
  ["another nonce", (c) => (c["nonce"] = "another")],
];
for (const [name, tamper] of wrongTokens) {
  test(`an ID token with ${name} is refused`, async () => {
    const provider = newProvider();
    provider.tamper = tamper;
    await assert.rejects(signedIn(provider), isCode("TokenInvalid"));
  });
}

test("a provider that does not answer is said to be unreachable, and asked again the next time", async () => {
  const provider = newProvider();
  provider.reachable = false;
  const page = new FakePage(provider);
  const login = loginIn(page, options(provider));
  await assert.rejects(login.signIn(), isCode("Unreachable"));
  provider.reachable = true;
  await login.signIn();
  assert.ok(page.left);
});

test("a token that lasts is given out without a request", async () => {
  const { provider, login } = await signedIn();
  const before = provider.requests.length;
  assert.equal(await login.idToken(), await login.idToken());
  assert.equal(provider.requests.length, before);
});

test("a token is renewed by one request, however many ask", async () => {
  const { provider, login } = await signedIn();
  const first = await login.idToken();
  provider.now += provider.life - 29;
  const asked = await Promise.all([login.idToken(), login.idToken(), login.idToken()]);
  assert.equal(new Set(asked).size, 1);
  assert.notEqual(asked[0], first);
  assert.equal(provider.requests.filter((r) => r === "POST /token refresh_token").length, 1);
});

test("a rotated refresh token is used for the next renewal, an unrotated one again", async () => {
  for (const rotates of [true, false]) {
    const { provider, login } = await signedIn();
    provider.rotates = rotates;
    provider.givesRefreshTokens = rotates;
    const seen = new Set<string>();
    for (let i = 0; i < 3; i++) {
      provider.now += provider.life;
      seen.add(await login.idToken());
    }
    assert.equal(seen.size, 3, `rotates: ${rotates}`);
  }
});

test("what is left of a token serves while the provider is away, and no longer", async () => {
  const { provider, login } = await signedIn();
  const first = await login.idToken();
  provider.reachable = false;
  provider.now += provider.life - 1;
  assert.equal(await login.idToken(), first);
  provider.now += 1;
  await assert.rejects(login.idToken(), isCode("Unreachable"));
  provider.reachable = true;
  assert.notEqual(await login.idToken(), first);
});

test("a refused refresh token asks for a sign-in and is not tried again", async () => {
  const { provider, login } = await signedIn();
  provider.endAllSessions();
  provider.now += provider.life;
  await assert.rejects(login.idToken(), isCode("SignInNeeded"));
  const before = provider.requests.length;
  await assert.rejects(login.idToken(), isCode("SignInNeeded"));
  assert.equal(provider.requests.length, before);
  assert.equal(login.claims?.sub, "alice");
});

test("a renewal that brings another person's token is refused", async () => {
  const { provider, login } = await signedIn();
  provider.person = "bob";
  provider.now += provider.life;
  await assert.rejects(login.idToken(), isCode("TokenInvalid"));
  assert.equal(login.claims?.sub, "alice");
});

test("without a refresh token the person is asked when the token ends", async () => {
  const provider = newProvider();
  provider.givesRefreshTokens = false;
  const { login } = await signedIn(provider);
  await login.idToken();
  provider.now += provider.life;
  await assert.rejects(login.idToken(), isCode("SignInNeeded"));
});

/** Lets the popup sign in and load the page again in its own window. */
function answerPopups(page: FakePage): FakePage[] {
  const returned: FakePage[] = [];
  page.onPopup = (url) => {
    const popup = new FakePage(page.provider, page.browser);
    popup.address = page.provider.authorize(url);
    returned.push(popup);
    void loginIn(popup, options(page.provider)).handleRedirect().then((outcome) => assert.equal(outcome, "handedOver"));
  };
  return returned;
}

test("a sign-in in a window keeps the page and closes the window", async () => {
  const { provider, page, login } = await signedIn();
  provider.endAllSessions();
  provider.now += provider.life;
  page.left = undefined;
  const windows = answerPopups(page);
  await login.signInPopup();
  await login.idToken();
  assert.equal(page.left, undefined);
  assert.equal(page.stored.size, 0);
  assert.deepEqual(windows.map((w) => w.closed), [true]);
  assert.equal(page.browser.listeners.size, 0);
});

test("a window that brings somebody else changes nothing", async () => {
  const { provider, page, login } = await signedIn();
  const token = await login.idToken();
  provider.person = "bob";
  answerPopups(page);
  await assert.rejects(login.signInPopup(), isCode("OtherPerson"));
  assert.equal(await login.idToken(), token);
});

test("a window with a strange answer is not listened to", async () => {
  const { page, login } = await signedIn();
  answerPopups(page);
  const answered = page.onPopup;
  page.onPopup = (url) => {
    page.tell("no address at all");
    page.tell(`${pageAddress}?code=stolen&state=p.another`);
    answered(url);
  };
  await login.signInPopup();
  assert.equal(login.claims?.sub, "alice");
});

test("a blocked window says so", async () => {
  const { page, login } = await signedIn();
  page.popupsAllowed = false;
  await assert.rejects(login.signInPopup(), isCode("PopupBlocked"));
});

test("a second window takes the place of the first", async () => {
  const { page, login } = await signedIn();
  const first = assert.rejects(login.signInPopup(), isCode("Superseded"));
  answerPopups(page);
  await login.signInPopup();
  await first;
  assert.deepEqual(page.popups.map((p) => p.closed), [true, false]);
});

test("an aborted sign-in closes its window and rejects with the signal's reason", async () => {
  const { page, login } = await signedIn();
  const abort = new AbortController();
  const reason = new Error("changed my mind");
  const rejected = assert.rejects(login.signInPopup({ signal: abort.signal }), reason);
  abort.abort(reason);
  await rejected;
  assert.equal(page.popups[0]?.closed, true);
  assert.equal(page.browser.listeners.size, 0);
});

test("signing out forgets, revokes and goes to the provider's own sign-out", async () => {
  const { provider, page, login } = await signedIn();
  const token = await login.idToken();
  assert.equal(await login.signOut(), true);
  assert.equal(await login.signOut(), false, "nobody is signed in any more");
  assert.equal(login.claims, undefined);
  await assert.rejects(login.idToken(), isCode("SignInNeeded"));
  assert.equal(provider.revoked.length, 1);
  assert.equal(page.left?.pathname, "/end");
  assert.equal(page.left.searchParams.get("id_token_hint"), token);
  assert.equal(page.left.searchParams.get("post_logout_redirect_uri"), pageAddress);
});

test("an answer that comes after signing out signs nobody in", async () => {
  const { provider, login } = await signedIn();
  let open = (): void => {};
  provider.gate = new Promise((resolve) => (open = resolve));
  provider.now += provider.life;
  const asked = login.idToken();
  const signedOut = login.signOut();
  open();
  await assert.rejects(asked, isCode("SignInNeeded"));
  await signedOut;
  assert.equal(login.claims, undefined);
});

test("wrong options are named", () => {
  const provider = newProvider();
  const page = new FakePage(provider);
  const wrong: [unknown, RegExp][] = [
    [{ issuer, clientID: "page" }, /unknown option "clientID"; did you mean "clientId"/],
    [{ clientId }, /"issuer" is required/],
    [{ issuer }, /"clientId" is required/],
    [{ issuer: "id.example", clientId }, /"issuer" must be an address/],
    [{ issuer: "http://id.example", clientId }, /https:\/\/, or http:\/\/ on this machine/],
    [{ issuer: "http://127.0.0.1.example", clientId }, /https:\/\/, or http:\/\/ on this machine/],
    [{ issuer, clientId, scope: "profile" }, /must contain "openid"/],
  ];
  for (const [given, message] of wrong) {
    assert.throws(() => loginIn(page, given as LoginOptions), (error) => error instanceof TypeError && message.test(error.message));
  }
  for (const local of ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:1", "http://id.localhost"]) {
    loginIn(page, { issuer: local, clientId });
  }
});

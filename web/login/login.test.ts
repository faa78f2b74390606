import assert from "node:assert/strict";
import { test } from "node:test";
import type { Login, LoginEvent, LoginOptions } from "./api.js";
import { LoginError, type LoginErrorCode } from "./error.js";
import { loginIn } from "./login.js";
import { presets } from "./presets.js";
import { clientId, FakeBrowser, FakePage, FakeProvider, issuer, pageAddress } from "./testing.js";

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
async function signedIn(
  provider = newProvider(), more: Partial<LoginOptions> = {}, browser = new FakeBrowser(),
): Promise<{ provider: FakeProvider; page: FakePage; login: Login }> {
  const page = new FakePage(provider, browser);
  await loginIn(page, options(provider, more)).signIn();
  assert.ok(page.left);
  page.address = provider.authorize(page.left);
  const login = loginIn(page, options(provider, { redirectUri: pageAddress, ...more }));
  assert.equal(await login.handleRedirect(), "signedIn");
  return { provider, page, login };
}

const until = async (wanted: () => boolean, what: string): Promise<void> => {
  for (let i = 0; !wanted(); i++) {
    if (i === 2000) throw new Error(`still waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};

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

test("a renewed token that was long on its way is given out, and nobody is asked to sign in", async () => {
  const { provider, login } = await signedIn();
  const first = await login.idToken();
  provider.now += provider.life;
  provider.tamper = (claims) => void (claims["exp"] = provider.now - 1);
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
  assert.equal(page.browser.listeners.size, 1, "that for signing out");
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
  assert.equal(page.browser.listeners.size, 1, "that for signing out");
});

test("signing out forgets, revokes and goes to the provider's own sign-out", async () => {
  const { provider, page, login } = await signedIn();
  const token = await login.idToken();
  assert.equal(await login.signOut(), true);
  assert.equal(await login.signOut(), false, "nobody is signed in any more");
  assert.equal(login.claims, undefined);
  await assert.rejects(login.idToken(), isCode("SignInNeeded"));
  assert.equal(provider.revoked.length, 1);
  assert.equal(page.submitted?.url.href, "https://id.example/end");
  assert.deepEqual(page.submitted?.fields, { client_id: clientId, post_logout_redirect_uri: pageAddress, id_token_hint: token });
});

for (const [signOutBy, parameter] of [["address", "post_logout_redirect_uri"], ["logout_uri", "logout_uri"]] as const) {
  test(`signing out by ${signOutBy} puts no token into an address`, async () => {
    const { page, login } = await signedIn(newProvider(), { signOutBy });
    assert.equal(await login.signOut(), true);
    assert.equal(page.submitted, undefined);
    assert.equal(page.left?.searchParams.get("client_id"), clientId);
    assert.equal(page.left?.searchParams.get(parameter), pageAddress);
    assert.equal(page.left?.searchParams.has("id_token_hint"), false);
  });
}

test("signing out in one tab signs the same person out in the others, and nobody else", async () => {
  const { provider, page, login } = await signedIn();
  const second = await signedIn(provider, {}, page.browser);
  provider.person = "bob";
  const third = await signedIn(provider, {}, page.browser);
  const heard: LoginEvent[] = [];
  login.listen((event) => heard.push(event));
  second.login.listen((event) => heard.push(event));
  await login.signOut();
  assert.deepEqual(heard, [{ type: "signedOut", elsewhere: true }, { type: "signedOut", elsewhere: false }]);
  assert.equal(second.login.claims, undefined);
  assert.equal(third.login.claims?.sub, "bob");
  await until(() => provider.revoked.length === 2, "each tab to revoke its own refresh token");
  assert.equal(new Set(provider.revoked).size, 2);
  assert.equal(second.page.left?.pathname, "/authorize", "only the tab that was asked leaves");
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
  await until(() => provider.revoked.length === 2, "the late refresh token to be revoked too");
});

test("a renewal that comes after signing in again is dropped, and leaves the session alone", async () => {
  const { provider, page, login } = await signedIn();
  let open = (): void => {};
  provider.now += provider.life;
  provider.gate = new Promise((resolve) => (open = resolve));
  const asked = login.idToken();
  await until(() => provider.requests.at(-1) === "POST /token refresh_token", "the renewal to be under way");
  const late = provider.gate;
  provider.gate = Promise.resolve();
  answerPopups(page);
  await login.signInPopup();
  const now = await login.idToken();
  open();
  await late;
  assert.equal(await asked, now);
  assert.equal(await login.idToken(), now);
  assert.deepEqual(provider.revoked, []);
});

/** Everything that can be read from an error and its causes. */
function told(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  const own = Object.getOwnPropertyNames(error).map((name) => told((error as Record<string, unknown>)[name]));
  return [String(error), ...own].join("\n");
}

test("no error has a token, a code or a verifier in it, whatever the provider answers", async () => {
  const provider = newProvider();
  const page = new FakePage(provider);
  const answers: ((sent: URLSearchParams) => object)[] = [
    () => ({ id_token: "secret-token", access_token: "secret-access", refresh_token: "secret-refresh" }),
    () => ({ id_token: "secret-token", access_token: 1, token_type: "Bearer" }),
    () => ({ id_token: "secret.token.x", access_token: "secret-access", token_type: "Bearer" }),
    (sent) => ({ error: "invalid_grant", error_description: `${[...sent.values()].join(" ")} is not known` }),
  ];
  for (const answer of answers) {
    const sent = new Set<string>();
    const replaced: Partial<LoginOptions> = {
      fetch: async (url, init) => {
        if (!url.endsWith("/token")) return await provider.fetch(url, init);
        const form = new URLSearchParams(String(init.body));
        for (const name of ["code", "code_verifier"]) sent.add(form.get(name) ?? "");
        return Response.json(answer(form), { status: "error" in answer(form) ? 400 : 200 });
      },
    };
    await loginIn(page, options(provider, replaced)).signIn();
    page.address = provider.authorize(page.left ?? new URL(issuer));
    await assert.rejects(loginIn(page, options(provider, { ...replaced, redirectUri: pageAddress })).handleRedirect(), (error) => {
      assert.equal(sent.size, 2);
      for (const secret of ["secret", ...sent]) assert.ok(!told(error).includes(secret), told(error));
      return true;
    });
  }
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
    [{ issuer, clientId, flow: "implicit" }, /"flow" must be one of code, idToken/],
    [{ issuer, clientId, signOutBy: "post" }, /"signOutBy" must be one of/],
    [{ issuer, clientId, frameRedirectUri: "https://other.example/frame" }, /this page's own origin/],
  ];
  for (const [given, message] of wrong) {
    assert.throws(() => loginIn(page, given as LoginOptions), (error) => error instanceof TypeError && message.test(error.message));
  }
  for (const local of ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:1", "http://id.localhost"]) {
    loginIn(page, { issuer: local, clientId });
  }
});

test("a token is renewed ahead of its end, again and again, and nobody has to ask", async () => {
  const { provider, page, login } = await signedIn();
  const heard: string[] = [];
  login.listen(({ type }) => heard.push(type));
  const first = await login.idToken();
  page.pass(provider.life - 70);
  assert.deepEqual(heard, [], "not too early");
  for (let i = 1; i <= 3; i++) {
    page.pass(i === 1 ? 15 : provider.life - 55);
    await until(() => heard.length === i, `renewal ${i}`);
  }
  assert.deepEqual(heard, ["renewed", "renewed", "renewed"]);
  const before = provider.requests.length;
  assert.notEqual(await login.idToken(), first);
  assert.equal(provider.requests.length, before, "it was there already");
});

test("no refresh token is ever sent twice, whoever asks and whenever", async () => {
  const { provider, page, login } = await signedIn();
  for (let i = 0; i < 20; i++) {
    page.pass(provider.life - (i % 3) * 20);
    await Promise.all([login.idToken(), login.idToken()]);
  }
  assert.ok(provider.refreshed.length > 10, `${provider.refreshed.length} renewals`);
  assert.equal(new Set(provider.refreshed).size, provider.refreshed.length);
});

test("renewing ahead goes on after the provider was away, and stops with the session", async () => {
  const { provider, page, login } = await signedIn();
  const heard: string[] = [];
  login.listen(({ type }) => heard.push(type));
  provider.reachable = false;
  page.pass(provider.life - 50);
  await until(() => page.timers.length === 1, "the next try");
  provider.reachable = true;
  page.pass(10);
  await until(() => heard.length === 1, "the renewal");
  provider.endAllSessions();
  page.pass(provider.life - 50);
  await until(() => heard.length === 2, "the end");
  assert.deepEqual(heard, ["renewed", "signInNeeded"]);
  assert.equal(page.timers.length, 0);
  await login.idToken();
  page.pass(100);
  await assert.rejects(login.idToken(), isCode("SignInNeeded"));
  assert.equal(heard.length, 2, "said once");
});

test("with renewAhead: false a token is renewed when it is asked for alone", async () => {
  const { page } = await signedIn(newProvider(), { renewAhead: false });
  assert.equal(page.timers.length, 0);
});

test("a provider that is out of order has not refused the refresh token", async () => {
  const { provider, login } = await signedIn();
  provider.now += provider.life;
  for (const [status, error, code] of [[400, "temporarily_unavailable", "Refused"], [503, "server_error", "AnswerInvalid"]] as const) {
    provider.tokenError = { status, error };
    await assert.rejects(login.idToken(), isCode(code));
  }
  provider.tokenError = undefined;
  await login.idToken();
});

for (const hours of [-24, 24]) {
  test(`a machine whose clock is ${hours} hours off signs in and renews like any other`, async () => {
    const provider = newProvider();
    provider.now -= hours * 3600; // and the machine's clock is what the library sees
    const page = new FakePage(provider);
    page.ahead = hours * 3600;
    const login = loginIn(page, options(provider));
    await login.signIn();
    page.address = provider.authorize(page.left ?? new URL(issuer));
    assert.equal(await login.handleRedirect(), "signedIn");
    const before = provider.requests.length;
    const first = await login.idToken();
    assert.equal(provider.requests.length, before, "it is fresh");
    provider.now += provider.life;
    assert.notEqual(await login.idToken(), first);
  });
}

test("a silent sign-in comes back signed in, or not, and without an error", async () => {
  for (const knows of [true, false]) {
    const provider = newProvider();
    provider.knowsPerson = knows;
    const page = new FakePage(provider);
    await loginIn(page, options(provider)).signIn({ silent: true });
    assert.equal(page.left?.searchParams.get("prompt"), "none");
    page.address = provider.authorize(page.left ?? new URL(issuer));
    const login = loginIn(page, options(provider, { redirectUri: pageAddress }));
    assert.equal(await login.handleRedirect(), knows ? "signedIn" : "notSignedIn");
    assert.equal(page.address.href, pageAddress);
    assert.equal(login.claims?.sub, knows ? "alice" : undefined);
  }
});

test("an error that is not about asking is one in a silent sign-in too", async () => {
  const provider = newProvider();
  const page = new FakePage(provider);
  const login = loginIn(page, options(provider));
  await login.signIn({ silent: true });
  const state = page.left?.searchParams.get("state") ?? "";
  page.address = new URL(`${pageAddress}?error=invalid_scope&state=${state}&iss=${issuer}`);
  await assert.rejects(login.handleRedirect(), isCode("Refused"));
});

const frameRedirectUri = "https://app.example/frame.html";

/** Lets frames come back, as a page that calls handleRedirect does. */
function answerFrames(page: FakePage): void {
  page.onFrame = (url) => {
    const frame = new FakePage(page.provider, page.browser);
    frame.address = page.provider.authorize(url);
    void loginIn(frame, options(page.provider)).handleRedirect().then((outcome) => assert.equal(outcome, "handedOver"));
  };
}

test("without a refresh token a frame renews, ahead and when asked, and leaves nothing behind", async () => {
  const provider = newProvider();
  provider.givesRefreshTokens = false;
  const { page, login } = await signedIn(provider, { frameRedirectUri });
  answerFrames(page);
  const first = await login.idToken();
  provider.now += provider.life;
  const second = await login.idToken();
  assert.notEqual(second, first);
  page.pass(provider.life - 50);
  await until(() => page.frames.length === 2 && page.frames.every(({ closed }) => closed), "the second frame");
  assert.notEqual(await login.idToken(), second);
  assert.deepEqual(page.frames.map(({ url }) => [url.searchParams.get("prompt"), url.searchParams.get("redirect_uri")]),
    [["none", frameRedirectUri], ["none", frameRedirectUri]]);
  assert.equal(page.browser.listeners.size, 1, "that for signing out");
});

test("a frame that the provider refuses asks for a sign-in", async () => {
  const provider = newProvider();
  provider.givesRefreshTokens = false;
  const { page, login } = await signedIn(provider, { frameRedirectUri });
  answerFrames(page);
  provider.knowsPerson = false;
  provider.now += provider.life;
  const heard: string[] = [];
  login.listen(({ type }) => heard.push(type));
  for (let i = 0; i < 2; i++) await assert.rejects(login.idToken(), isCode("SignInNeeded"));
  assert.deepEqual(heard, ["signInNeeded"], "said once");
  provider.knowsPerson = true;
  await login.idToken();
  assert.equal(heard.at(-1), "renewed", "a frame may still renew");
});

test("a frame that does not come back is given up", async () => {
  const provider = newProvider();
  provider.givesRefreshTokens = false;
  const { page, login } = await signedIn(provider, { frameRedirectUri, renewAhead: false });
  provider.now += provider.life;
  const asked = assert.rejects(login.idToken(), isCode("FrameBlocked"));
  await until(() => page.frames.length === 1, "the frame");
  page.pass(16);
  await asked;
  assert.equal(page.frames[0]?.closed, true);
});

test("a frame that brings somebody else changes nothing", async () => {
  const provider = newProvider();
  provider.givesRefreshTokens = false;
  const { page, login } = await signedIn(provider, { frameRedirectUri });
  answerFrames(page);
  provider.person = "bob";
  provider.now += provider.life;
  await assert.rejects(login.idToken(), isCode("TokenInvalid"));
  assert.equal(login.claims?.sub, "alice");
});

test("when the refresh token is refused a frame may still renew", async () => {
  const { provider, page, login } = await signedIn(newProvider(), { frameRedirectUri });
  answerFrames(page);
  provider.endAllSessions();
  provider.now += provider.life;
  await login.idToken();
  assert.equal(page.frames.length, 1);
});

test("an ID token that comes with the answer is checked by its signature, and leaves the address", async () => {
  const provider = newProvider();
  const { page, login } = await signedIn(provider, { flow: "idToken" });
  assert.equal(login.claims?.sub, "alice");
  assert.equal(page.address.href, pageAddress);
  assert.ok(provider.requests.includes("GET /keys"));
  assert.ok(!provider.requests.some((request) => request.startsWith("POST /token")));
  provider.now += provider.life;
  await assert.rejects(login.idToken(), isCode("SignInNeeded"));
});

for (const wrong of ["signature", "nonce", "code"] as const) {
  test(`an ID token with the answer whose ${wrong} is another one is refused`, async () => {
    const provider = newProvider();
    if (wrong === "nonce") provider.tamper = (claims) => (claims["nonce"] = "another");
    const page = new FakePage(provider);
    const login = loginIn(page, options(provider, { flow: "idToken" }));
    await login.signIn();
    page.address = provider.authorize(page.left ?? new URL(issuer));
    const answer = new URLSearchParams(page.address.hash.slice(1));
    if (wrong === "code") answer.set("code", "stolen");
    if (wrong === "signature") {
      const [header = "", , signature = ""] = answer.get("id_token")?.split(".") ?? [];
      const claims = { ...login.claims, iss: issuer, sub: "mallory", aud: clientId, iat: provider.now, exp: provider.now + 300, nonce: page.left?.searchParams.get("nonce"), c_hash: "x" };
      answer.set("id_token", `${header}.${btoa(JSON.stringify(claims)).replaceAll("=", "")}.${signature}`);
    }
    page.address.hash = answer.toString();
    await assert.rejects(login.handleRedirect(), (error) => error instanceof LoginError && ["TokenInvalid", "AnswerInvalid"].includes(error.code));
    assert.equal(login.claims, undefined);
  });
}

test("parameters go with every request, and never over what the protocol needs", async () => {
  const provider = newProvider();
  const page = new FakePage(provider);
  const login = loginIn(page, options(provider, { parameters: { kc_idp_hint: "google", state: "mine" } }));
  await login.signIn({ parameters: { login_hint: "alice", client_id: "another" } });
  const sent = page.left?.searchParams;
  assert.deepEqual(["kc_idp_hint", "login_hint", "client_id"].map((name) => sent?.get(name)), ["google", "alice", clientId]);
  assert.notEqual(sent?.get("state"), "mine");
});

test("the identity is one person's at one client of one issuer", async () => {
  const { provider, login } = await signedIn();
  const alice = login.identity;
  provider.person = "bob";
  const bob = (await signedIn(provider)).login.identity;
  assert.ok(alice !== undefined && bob !== undefined && alice !== bob);
  assert.ok(alice.includes(issuer) && alice.includes(clientId) && alice.includes("alice"));
});

test("presets name the issuer as the provider does", () => {
  const tenantId = "11111111-2222-3333-4444-555555555555";
  const known: [{ issuer: string }, string][] = [
    [presets.keycloak({ server: "https://id.example/", realm: "my realm", clientId }), "https://id.example/realms/my%20realm"],
    [presets.auth0({ domain: "example.eu.auth0.com", clientId }), "https://example.eu.auth0.com/"],
    [presets.cognitoUserPool({ region: "eu-west-1", userPoolId: "eu-west-1_AbC123", clientId }), "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC123"],
    [presets.google({ clientId }), "https://accounts.google.com"],
    [presets.entra({ tenantId, clientId }), `https://login.microsoftonline.com/${tenantId}/v2.0`],
    [presets.standard({ issuer, clientId }), issuer],
    [presets.devStack({ issuer: "http://127.0.0.1:1", clientId }), "http://127.0.0.1:1"],
  ];
  for (const [preset, want] of known) {
    assert.equal(preset.issuer, want);
    loginIn(new FakePage(newProvider()), { ...preset } as LoginOptions);
  }
  const wrong: [() => unknown, RegExp][] = [
    [() => presets.auth0({ domain: "https://example.auth0.com", clientId }), /"domain" must be like/],
    [() => presets.auth0({ domain: "evil.example/x", clientId }), /"domain" must be like/],
    [() => presets.entra({ tenantId: "common", clientId }), /"tenantId" must be like/],
    [() => presets.cognitoUserPool({ region: "eu-west-1", userPoolId: "../x", clientId }), /"userPoolId" must be like/],
    [() => presets.cognitoUserPool({ region: "x.example", userPoolId: "eu-west-1_A", clientId }), /"region" must be like/],
    [() => presets.keycloak({ server: "https://id.example", realm: "", clientId }), /"realm" is required/],
    [() => presets.google({ clientID: "x" } as unknown as { clientId: string }), /did you mean "clientId"/],
  ];
  for (const [call, message] of wrong) assert.throws(call, (error) => error instanceof TypeError && message.test(error.message));
});

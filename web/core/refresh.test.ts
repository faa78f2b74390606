import assert from "node:assert/strict";
import { test } from "node:test";
import type { Credentials, RefreshReason } from "./api.js";
import { Refresh, type RefreshHost } from "./refresh.js";

const credentials: Credentials = { accessKey: "A", secretKey: "s", expiration: new Date(Date.now() + 900_000) };

interface Setup {
  refresh: Refresh;
  told: string[];
}

/** A session whose once is that of tabs: what it does with the asking is its own business. */
function setup(once: RefreshHost["once"]): Setup {
  const told: string[] = [];
  const refresh: Refresh = new Refresh({
    handler: () => (told.push("called"), credentials),
    closed: false,
    push: () => void told.push("failed"),
    setCredentials: () => (told.push("set"), refresh.over()),
    asking: (reason: RefreshReason) => void told.push(`asking: ${reason}`),
    once,
  });
  return { refresh, told };
}

test("that credentials are asked for is said at once, also while another tab is waited for", async () => {
  let go = (): void => {};
  const { refresh, told } = setup(async (_reason, _signal, ask) => {
    await new Promise<void>((resolve) => (go = resolve));
    await ask();
  });
  const asking = refresh.ask("expired");
  assert.deepEqual(told, ["asking: expired"]);
  go();
  await asking;
  assert.deepEqual(told, ["asking: expired", "called", "set"]);
});

test("nobody is called when another tab's credentials came first", async () => {
  const { refresh, told } = setup(async (_reason, signal, ask) => {
    refresh.over(); // as when they are taken
    assert.ok(signal.aborted);
    await ask();
  });
  await refresh.ask("expired");
  assert.deepEqual(told, ["asking: expired"]);
});

test("who is asked anew waits no longer for what it was asked before", async () => {
  const signals: AbortSignal[] = [];
  const { refresh } = setup(async (_reason, signal) => void signals.push(signal));
  await refresh.ask("expired");
  await refresh.ask("expired");
  assert.deepEqual(signals.map(({ aborted }) => aborted), [true, false]);
});

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { openTabs, Tabs, type SharedCredentials, type TabsPlatform } from "./tabs.js";

/** Locks as a browser keeps them, for all tabs of one origin. */
class FakeLocks {
  readonly held: { name: string; mode: LockMode; drop: () => void }[] = [];
  readonly waiting: { name: string; mode: LockMode; grant: () => void }[] = [];
  /** Whether pages get any. */
  refuses = false;

  readonly request = (async (name: string, options: LockOptions, work: () => unknown) => {
    const { mode = "exclusive", signal } = options;
    if (this.refuses) throw new DOMException("no locks", "InvalidStateError");
    signal?.throwIfAborted();
    const mine = { name, mode, drop: () => this.#drop(mine) };
    await new Promise<void>((resolve, reject) => {
      const grant = (): void => {
        this.held.push(mine);
        resolve();
      };
      const wanted = { name, mode, grant };
      this.waiting.push(wanted);
      signal?.addEventListener("abort", () => {
        const at = this.waiting.indexOf(wanted);
        if (at < 0) return;
        this.waiting.splice(at, 1);
        reject(signal.reason as Error);
      });
      this.#grant();
    });
    try {
      return await work();
    } finally {
      this.#drop(mine);
    }
  }) as unknown as LockManager["request"];

  readonly query = (): Promise<LockManagerSnapshot> =>
    Promise.resolve({ held: this.held.map(({ name, mode }) => ({ name, mode })), pending: [] });

  #drop(lock: { name: string }): void {
    const at = this.held.findIndex((held) => held === lock);
    if (at >= 0) this.held.splice(at, 1);
    this.#grant();
  }

  #grant(): void {
    for (const wanted of [...this.waiting]) {
      const taken = this.held.some(({ name, mode }) => name === wanted.name && (mode === "exclusive" || wanted.mode === "exclusive"));
      if (taken) continue;
      this.waiting.splice(this.waiting.indexOf(wanted), 1);
      wanted.grant();
    }
  }

  /** As when the tab that holds name dies. */
  kill(name: string): void {
    this.held.find((held) => held.name === name)?.drop();
  }
}

let opened: Tab[] = [];
let now = 1_800_000_000_000;
let given = 0;
const space = { name: "" };

afterEach(() => {
  for (const { tabs } of opened) tabs.close();
  opened = [];
});

/** What the page gives: never the same twice. */
function next(life = 900_000): SharedCredentials {
  given++;
  return { accessKey: `ASIA${given}`, sessionToken: `token ${given}`, expiration: new Date(now + life).toISOString(), secret: `secret ${given}` };
}

interface Tab {
  tabs: Tabs;
  /** What is in use. */
  used: SharedCredentials | undefined;
  /** How many times its page was asked. */
  asked: number;
  /** Asks as a session does: what another tab brings ends the wait. */
  ask(reason?: "expired" | "refused" | "invalidated" | "absent"): Promise<void>;
  abort: AbortController;
}

/** Opens a tab whose page answers with what answer brings. */
function tab(locks: FakeLocks, answer: () => Promise<SharedCredentials> = async () => next(), name = space.name): Tab {
  const one: Tab = {
    used: undefined,
    asked: 0,
    abort: new AbortController(),
    tabs: undefined as unknown as Tabs,
    ask: async (reason = "expired") => {
      const abort = (one.abort = new AbortController());
      await one.tabs.once(reason, abort.signal, async () => {
        one.asked++;
        const credentials = await answer().catch(() => undefined);
        if (!credentials || abort.signal.aborted) return;
        one.used = credentials;
        one.tabs.took(credentials);
        abort.abort();
      });
    },
  };
  const platform: TabsPlatform = { locks, channel: (text) => new BroadcastChannel(text), now: () => now, id: () => `tab ${opened.length + 1} of ${name}` };
  const tabs = openTabs(name, {
    adopt: (credentials) => {
      one.used = credentials;
      one.abort.abort();
      return true;
    },
  }, platform);
  assert.ok(tabs);
  one.tabs = tabs;
  opened.push(one);
  return one;
}

/** A test with locks, and a channel, of its own. */
function origin(name: string, body: (locks: FakeLocks) => Promise<void>): void {
  test(name, async () => {
    space.name = `bucketline test ${name}`;
    await body(new FakeLocks());
  });
}

const until = async (what: string, wanted: () => boolean): Promise<void> => {
  for (let i = 0; !wanted(); i++) {
    if (i === 2000) throw new Error(`still waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};

/** Long enough for whatever has been said to be heard. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

origin("three tabs that ask at the same time ask one page once", async (locks) => {
  const all = [tab(locks), tab(locks), tab(locks)];
  await Promise.all(all.map((one) => one.ask()));
  assert.equal(all.reduce((sum, { asked }) => sum + asked, 0), 1);
  assert.equal(new Set(all.map(({ used }) => used?.accessKey)).size, 1);
  assert.ok(all[0]?.used);
});

origin("at each end of the credentials one tab asks, whichever it is", async (locks) => {
  const all = [tab(locks), tab(locks), tab(locks)];
  for (let expiry = 1; expiry <= 5; expiry++) {
    await Promise.all([...all.slice(expiry % 3), ...all.slice(0, expiry % 3)].map((one) => one.ask()));
    assert.equal(all.reduce((sum, { asked }) => sum + asked, 0), expiry);
    now += 900_000;
  }
});

origin("a new tab takes what the others have, and asks nobody", async (locks) => {
  const first = tab(locks);
  await first.ask("absent");
  const second = tab(locks);
  await second.ask("absent");
  assert.equal(second.asked, 0);
  assert.deepEqual(second.used, first.used);
});

origin("credentials that have ended are not handed on", async (locks) => {
  const first = tab(locks);
  await first.ask("absent");
  now += 900_000;
  const second = tab(locks);
  await second.ask("absent");
  assert.equal(second.asked, 1);
  await until("the first tab to hear", () => first.used?.accessKey === second.used?.accessKey);
});

for (const reason of ["refused", "invalidated"] as const) {
  origin(`credentials that are ${reason} are not taken from another tab, nor handed on`, async (locks) => {
    const [first, second] = [tab(locks), tab(locks)];
    await first.ask("absent");
    await until("the second to hear", () => second.used !== undefined);
    const old = first.used?.accessKey;
    await first.ask(reason);
    assert.equal(first.asked, 2);
    assert.notEqual(first.used?.accessKey, old);
    await until("the second to hear", () => second.used?.accessKey === first.used?.accessKey);
    first.tabs.expire();
    second.tabs.expire();
    const third = tab(locks);
    await third.ask("absent");
    assert.equal(third.asked, 1);
  });
}

origin("credentials that a store has refused are handed to nobody, while there are no others", async (locks) => {
  let given = 0;
  const first = tab(locks, async () => {
    if (given++ > 0) throw new Error("sign in again");
    return next();
  });
  await first.ask("absent");
  await first.ask("refused");
  assert.equal(first.asked, 2);
  const second = tab(locks);
  await second.ask("absent");
  assert.equal(second.asked, 1);
  assert.notEqual(second.used?.accessKey, undefined);
});

origin("who gives up while the others are asked does not ask its page", async (locks) => {
  void locks.request(`${space.name} is there`, { mode: "shared" }, () => new Promise(() => {})); // it will not answer
  const one = tab(locks);
  const asking = one.ask();
  await until("it to have the lock", () => locks.held.some(({ name }) => name === `${space.name} asks`));
  await settled();
  one.abort.abort();
  await asking;
  assert.equal(one.asked, 0);
});

origin("a tab that dies while it asks lets the next one ask", async (locks) => {
  const dying = tab(locks, () => new Promise(() => {}));
  const next = tab(locks);
  void dying.ask();
  await until("the first to ask", () => dying.asked === 1);
  const waiting = next.ask();
  await settled();
  assert.equal(next.asked, 0, "it waits for the first");
  locks.kill(`${space.name} asks`);
  locks.kill(`${space.name} is there`);
  await waiting;
  assert.equal(next.asked, 1);
});

origin("a page that has nothing to give lets the next one ask, whose answer serves both", async (locks) => {
  const signedOut = tab(locks, () => Promise.reject(new Error("sign in again")));
  const other = tab(locks);
  await Promise.all([signedOut.ask(), other.ask()]);
  assert.equal(signedOut.asked, 1);
  assert.equal(other.asked, 1);
  await until("the first to hear", () => signedOut.used?.accessKey === other.used?.accessKey);
});

origin("who gives up waiting lets go, also while its page is being asked", async (locks) => {
  const [stuck, other] = [tab(locks, () => new Promise(() => {})), tab(locks)];
  const first = stuck.ask();
  await until("the first to ask", () => stuck.asked === 1);
  const second = other.ask();
  await settled();
  stuck.abort.abort();
  await Promise.all([first, second]);
  assert.equal(other.asked, 1);
  await until("the first to hear", () => stuck.used !== undefined);

  const third = tab(locks);
  const blocked = stuck.ask();
  await until("it to ask again", () => stuck.asked === 2);
  const waiting = third.ask();
  third.abort.abort();
  await waiting;
  assert.equal(third.asked, 0);
  stuck.abort.abort();
  await blocked;
});

origin("a page that sets credentials by itself frees all that wait", async (locks) => {
  const [stuck, waiting] = [tab(locks, () => new Promise(() => {})), tab(locks)];
  const first = stuck.ask();
  await until("the first to ask", () => stuck.asked === 1);
  const second = waiting.ask();
  tab(locks).tabs.took(next());
  await Promise.all([first, second]);
  assert.equal(waiting.asked, 0);
  assert.equal(waiting.used?.accessKey, stuck.used?.accessKey);
});

origin("tabs of different names never mix", async (locks) => {
  const [alice, bob] = [tab(locks, undefined, `${space.name} alice`), tab(locks, undefined, `${space.name} bob`)];
  await Promise.all([alice.ask(), bob.ask()]);
  await settled();
  assert.deepEqual([alice.asked, bob.asked], [1, 1]);
  assert.notEqual(alice.used?.accessKey, bob.used?.accessKey);
});

origin("a tab that does not answer holds nobody up for long", async (locks) => {
  const frozen = tab(locks);
  const [channel] = [new BroadcastChannel(space.name)];
  frozen.tabs.close(); // it hears nothing any more, and still counts as there
  void locks.request(`${space.name} is there`, { mode: "shared" }, () => new Promise(() => {}));
  await settled();
  const one = tab(locks);
  const begun = performance.now();
  await one.ask();
  assert.equal(one.asked, 1);
  assert.ok(performance.now() - begun < 10_000);
  channel.close();
});

origin("credentials that are not newer are not taken", async (locks) => {
  const [one, two] = [tab(locks), tab(locks)];
  const old = next();
  one.tabs.took(old);
  await until("the other to hear", () => two.used?.accessKey === old.accessKey);
  const channel = new BroadcastChannel(space.name);
  const later = next();
  channel.postMessage({ kind: "have", to: undefined, at: now - 1, credentials: later });
  await settled();
  assert.equal(two.used?.accessKey, old.accessKey);
  channel.postMessage({ kind: "have", to: undefined, at: now + 1, credentials: later });
  await until("the newer ones", () => two.used?.accessKey === later.accessKey && one.used?.accessKey === later.accessKey);
  channel.close();
});

origin("what comes after the clock was set back is newer all the same", async (locks) => {
  const [one, two] = [tab(locks), tab(locks)];
  await one.ask();
  await until("the other to hear", () => two.used !== undefined);
  now -= 3_600_000;
  one.tabs.took({ ...next(), expiration: new Date(now + 900_000).toISOString() });
  await until("the other to hear", () => two.used?.accessKey === `ASIA${given}`);
  now += 3_600_000;
});

origin("rubbish in the channel changes nothing", async (locks) => {
  const one = tab(locks);
  const good = next();
  const channel = new BroadcastChannel(space.name);
  const rubbish: unknown[] = [
    undefined, null, 1, "have", [], {}, { kind: "give" }, { kind: "want" }, { kind: "want", from: 7 }, { kind: "none" },
    { kind: "have", at: now, credentials: undefined }, { kind: "have", at: "now", credentials: good },
    { kind: "have", at: Number.NaN, credentials: good }, { kind: "have", at: 1.5, credentials: good },
    { kind: "have", at: now, to: 1, credentials: good },
    ...[
      { accessKey: "" }, { accessKey: 1 }, { accessKey: "x".repeat((1 << 14) + 1) }, { sessionToken: 1 }, { sessionToken: "" },
      { expiration: "tomorrow" }, { expiration: now }, { secret: "" }, { secret: undefined }, { secret: {} },
      { secret: "x".repeat((1 << 14) + 1) },
    ].map((wrong) => ({ kind: "have", at: now, credentials: { ...good, ...wrong } })),
  ];
  for (const message of rubbish) channel.postMessage(message);
  await settled();
  assert.equal(one.used, undefined);
  channel.postMessage({ kind: "have", to: undefined, at: now, credentials: { ...good, accessKey: "x".repeat(1 << 14) } });
  await until("what is at the limit", () => one.used !== undefined);
  channel.close();
});

origin("a page that gets no locks asks for itself", async (locks) => {
  const one = tab(locks);
  locks.refuses = true;
  await one.ask();
  assert.equal(one.asked, 1);
});

origin("credentials that are made ready later are told of before the next tab asks", async (locks) => {
  const slow = next();
  const first = tab(locks);
  first.ask = async () => {
    const abort = new AbortController();
    await first.tabs.once("expired", abort.signal, async () => {
      first.asked++;
      first.tabs.took(new Promise((resolve) => setTimeout(() => resolve(slow), 20)));
      abort.abort();
    });
  };
  const second = tab(locks);
  await Promise.all([first.ask(), second.ask()]);
  assert.deepEqual([first.asked, second.asked], [1, 0]);
  assert.equal(second.used?.accessKey, slow.accessKey);
});

test("without Web Locks nothing is shared", () => {
  assert.equal(openTabs("x", { adopt: () => true }, undefined), undefined);
});

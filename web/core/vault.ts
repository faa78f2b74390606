/**
 * The vault: it takes a secret, makes a key of it that signs and cannot be read
 * back, and keeps nothing else. Signatures are made in a worker of its own, so
 * that the keys of each day, whose bytes exist for a moment, are never in the
 * page; where no worker can be had they are made here, with the same key.
 *
 * docs/vault.md says what this protects from, and from what it does not.
 */
import { Signer, keyOf, type SignatureVersion, type SignAsk } from "./vaultkey.js";
import type { Answer, Port, Question } from "./workerport.js";
import type { WorkerSource } from "./hashing.js";

/** How long the worker may take to load its script and start, and to answer, in milliseconds. */
const startMillis = 10_000;
const answerMillis = 3_000;

/** How many workers may fall silent, one after the other, before signatures are made here. */
const maxLost = 3;

/** Called once with the MAC, or with undefined where there is no key. */
type Done = (mac: Uint8Array | undefined) => void;

interface Wanted {
  readonly ask: SignAsk;
  readonly done: Done;
}

/** What of the platform the vault uses, as it was when this module was loaded: see vaultkey.ts. */
export interface Platform {
  start(source: string | URL): Worker;
  post(worker: Port, message: Question): void;
}

const platform = ((Native: typeof Worker | undefined): Platform => {
  const post = Native?.prototype.postMessage;
  return {
    start: (source) => {
      if (!Native) throw new Error("there are no workers");
      return new Native(source, { name: "bucketline vault" });
    },
    post: (worker, message) => void (post && Reflect.apply(post, worker, [message])),
  };
})(globalThis.Worker as typeof Worker | undefined);

export class Vault {
  readonly #version: SignatureVersion;
  readonly #source: WorkerSource;
  readonly #platform: Platform;
  /** What stands for the secret. */
  #key: CryptoKey | undefined;
  /** The key that is being made. */
  #taking: Promise<CryptoKey> | undefined;
  #changes = 0;

  #state: "none" | "starting" | "ready" | "here" = "none";
  #worker: Worker | undefined;
  #lost = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #here: Signer | undefined;

  #waiting: Wanted[] = [];
  #asked = new Map<number, readonly Wanted[]>();
  #next = 1;
  #scheduled = false;

  /** source is where the worker's script is; false: there shall be none. */
  constructor(version: SignatureVersion, source: WorkerSource, on: Platform = platform) {
    this.#version = version;
    this.#source = source;
    this.#platform = on;
    if (source === false) this.#state = "here";
  }

  /** Whether signatures are made in the worker. */
  get inWorker(): boolean {
    return this.#state === "ready";
  }

  /** Signs with this secret from now on. It is made a key of before this returns, and not kept. */
  take(secret: string): void {
    this.adopt(keyOf(this.#version, secret));
  }

  /** Signs with this key from now on: one that keyOf made, here or in another tab. */
  adopt(key: CryptoKey | Promise<CryptoKey>): void {
    this.#changes++;
    if (!(key instanceof Promise)) {
      this.#have(key);
      return;
    }
    this.#taking = key;
    this.#key = this.#here = undefined;
    key.then(
      (made) => void (this.#taking === key && this.#have(made)),
      () => {
        if (this.#taking !== key) return;
        this.#taking = undefined;
        this.#flush();
      },
    );
  }

  /** Another number whenever there is another key. */
  get changes(): number {
    return this.#changes;
  }

  #have(key: CryptoKey): void {
    this.#taking = undefined;
    this.#key = key;
    this.#here = new Signer(this.#version, key);
    if (this.#state === "none") this.#start();
    else if (this.#worker) this.#post({ kind: "key", version: this.#version, key });
    this.#flush();
  }

  /**
   * What signs at present. Whoever has it can sign, and derive the keys of days,
   * whose bytes can be read: it goes to vaults, and never to a page.
   */
  async key(): Promise<CryptoKey | undefined> {
    return this.#taking ?? this.#key;
  }

  /** Signs with what was taken last. All that is asked for in one turn goes in one message. */
  sign(ask: SignAsk, done: Done): void {
    this.#waiting.push({ ask, done });
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  /** Ends the worker. What is left to sign, such as clean-ups, is signed here. */
  rest(): void {
    this.#stay();
  }

  /** Ends the worker and forgets the key. What is asked for is not answered. */
  close(): void {
    this.#state = "here";
    this.#key = this.#here = this.#taking = undefined;
    this.#waiting = [];
    this.#asked.clear();
    this.#endWorker();
  }

  #flush(): void {
    if (this.#taking || this.#state === "starting" || this.#waiting.length === 0) return;
    const wanted = this.#waiting;
    this.#waiting = [];
    if (!this.#key) {
      for (const { done } of wanted) done(undefined);
    } else if (this.#state === "ready") {
      const number = this.#next++;
      this.#asked.set(number, wanted);
      this.#watch();
      this.#post({ kind: "sign", number, asks: wanted.map(({ ask }) => ask) });
    } else {
      const signer = this.#here;
      for (const { ask, done } of wanted) signer?.sign(ask).then(done, () => done(undefined));
    }
  }

  #post(question: Question): void {
    if (this.#worker) this.#platform.post(this.#worker, question);
  }

  #start(): void {
    const key = this.#key;
    if (!key || this.#source === false) return;
    let worker: Worker;
    try {
      worker = this.#platform.start(this.#source);
    } catch {
      this.#stay(); // the script is on another origin, or the CSP forbids workers
      return;
    }
    this.#state = "starting";
    this.#worker = worker;
    worker.onerror = (event) => {
      event.preventDefault(); // nothing is lost: see #lose
      if (worker === this.#worker) this.#lose();
    };
    worker.onmessageerror = () => void (worker === this.#worker && this.#stay());
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      if (worker === this.#worker) this.#take(data);
    };
    this.#timer = setTimeout(() => this.#stay(), startMillis);
    try {
      this.#post({ kind: "key", version: this.#version, key });
    } catch {
      this.#stay(); // this browser does not hand keys to workers
    }
  }

  #take(answer: Answer): void {
    switch (answer.kind) {
      case "ready":
        if (this.#state !== "starting") return;
        this.#state = "ready";
        this.#watch();
        this.#flush();
        break;
      case "signed": {
        const wanted = this.#asked.get(answer.number) ?? [];
        this.#asked.delete(answer.number);
        this.#lost = 0;
        this.#watch();
        for (const [i, { done }] of wanted.entries()) done(answer.macs[i]);
        break;
      }
      case "broken": this.#lose(); break;
      default:
    }
  }

  /** A worker that was ended says nothing of it: only silence tells. */
  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#asked.size > 0 ? setTimeout(() => this.#lose(), answerMillis) : undefined;
  }

  /** There is no worker any more: another one signs what this one was asked for. */
  #lose(): void {
    const began = this.#state === "ready";
    this.#endWorker();
    this.#lost++;
    if (!began || this.#lost > maxLost) {
      this.#stay();
      return;
    }
    this.#again();
    this.#start();
  }

  /** No worker can be had: signatures are made here from now on. */
  #stay(): void {
    this.#endWorker();
    this.#state = "here";
    this.#again();
    this.#flush();
  }

  #again(): void {
    this.#waiting = [...[...this.#asked.values()].flat(), ...this.#waiting];
    this.#asked.clear();
  }

  #endWorker(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}

/** What a page and its worker tell each other, and the worker's side of it. */
import { digestOf } from "./digest.js";
import { startInstance, type Instance } from "./instance.js";
import { Signer, type SignatureVersion, type SignAsk } from "./vaultkey.js";

/** What the page asks. Numbers name questions, and are used once. */
export type Question =
  /** Comes first: what to compute digests with. */
  | { kind: "module"; module: WebAssembly.Module }
  | { kind: "digest"; number: number; algorithm: number; bytes: Blob }
  | { kind: "wake"; number: number; millis: number }
  /** Comes first to the worker of a vault, and again: what to sign with from now on. */
  | { kind: "key"; version: SignatureVersion; key: CryptoKey }
  | { kind: "sign"; number: number; asks: readonly SignAsk[] }
  /** The answer is not wanted any more, and none comes. */
  | { kind: "drop"; number: number };

/** What the worker says. */
export type Answer =
  | { kind: "ready" }
  | { kind: "digest"; number: number; digest: Uint8Array }
  /** The bytes could not be read. */
  | { kind: "unreadable"; number: number }
  | { kind: "wake"; number: number }
  /** One MAC for each that was asked for; undefined where none can be made. */
  | { kind: "signed"; number: number; macs: readonly (Uint8Array | undefined)[] }
  /** Something else went wrong: nothing more is to be expected. */
  | { kind: "broken"; text: string };

/** Either end of the line. */
export interface Port {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent<unknown>) => void) | null;
}

/** Answers questions that come through port, for as long as it is open. */
export function serve(port: Port): void {
  let instance: Instance | undefined;
  let signer: Signer | undefined;
  /** By number, how to drop what is on its way. */
  const dropping = new Map<number, () => void>();
  const answer = (message: Answer): void => port.postMessage(message);

  const digest = async (number: number, algorithm: number, bytes: Blob): Promise<void> => {
    if (!instance) throw new Error("no module came");
    const wanted = { aborted: false };
    dropping.set(number, () => void (wanted.aborted = true));
    try {
      answer({ kind: "digest", number, digest: await digestOf(instance, algorithm, bytes, wanted) });
    } catch (cause) {
      if (wanted.aborted) return;
      if (!(cause instanceof DOMException)) throw cause;
      answer({ kind: "unreadable", number });
    } finally {
      dropping.delete(number);
    }
  };

  const sign = async (number: number, asks: readonly SignAsk[]): Promise<void> => {
    const by = signer; // a key that comes meanwhile is for what comes after it
    const macs = await Promise.all(asks.map((ask) => by?.sign(ask).catch(() => undefined)));
    answer({ kind: "signed", number, macs });
  };

  port.onmessage = ({ data }) => {
    const question = data as Question; // only our own page can talk to this worker
    try {
      switch (question.kind) {
        case "module":
          instance = startInstance(question.module);
          answer({ kind: "ready" });
          break;
        case "digest":
          digest(question.number, question.algorithm, question.bytes).catch((cause: unknown) => answer({ kind: "broken", text: String(cause) }));
          break;
        case "wake": {
          const { number } = question;
          const timer = setTimeout(() => {
            dropping.delete(number);
            answer({ kind: "wake", number });
          }, question.millis);
          dropping.set(number, () => clearTimeout(timer));
          break;
        }
        case "key":
          signer = new Signer(question.version, question.key);
          answer({ kind: "ready" });
          break;
        case "sign": void sign(question.number, question.asks); break;
        case "drop":
          dropping.get(question.number)?.();
          dropping.delete(question.number);
          break;
        default: question satisfies never;
      }
    } catch (cause) {
      answer({ kind: "broken", text: String(cause) });
    }
  };
}

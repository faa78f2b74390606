/**
 * Keys that sign and cannot be read back: what the vault has instead of a
 * secret. Page and worker share this file; vault.ts says what is where.
 *
 * The platform's functions are taken when the module is loaded, so that a
 * script that comes later and puts its own in their place is given no key.
 */

/** One thing to sign: engine.Draft. */
export interface SignAsk {
  /** Of the key that signs: "20261125/eu-west-1/s3/aws4_request", a day in UTC first. Empty for version 2. */
  readonly scope: string;
  readonly text: Uint8Array;
}

export type SignatureVersion = 2 | 4;

const subtle = (globalThis.crypto as Crypto | undefined)?.subtle as SubtleCrypto | undefined;
const importRaw = subtle?.importKey.bind(subtle) as SubtleCrypto["importKey"] | undefined;
const hmac = subtle?.sign.bind(subtle);

/** Whether this page has WebCrypto: only one in a secure context does (https:, or this machine). */
export function hasWebCrypto(): boolean {
  return importRaw !== undefined && typeof (globalThis.crypto as Crypto | undefined)?.subtle === "object";
}

/** How long a secret is at most, in UTF-16 units: cred.MaxSecretAccessKey. */
const maxSecret = 1024;

/** What is wrong with a secret: an error's code, as package cred has it, which is not shown the secret. */
export function secretProblem(secret: string | undefined): string | undefined {
  if (!secret) return "SecretKeyMissing";
  if (secret.length > maxSecret) return "SecretKeyInvalid";
  // Without a regular expression, which may keep what it was tested with: RegExp.input.
  for (let i = 0; i < secret.length; i++) {
    const unit = secret.charCodeAt(i);
    if (unit < 0x20 || unit === 0x7f) return "SecretKeyInvalid";
  }
  return undefined;
}

/** The key that stands for a secret. Its bytes are written over before this returns. */
export function keyOf(version: SignatureVersion, secret: string): Promise<CryptoKey> {
  const before = version === 4 ? "AWS4" : "";
  const bytes = new Uint8Array(before.length + 3 * secret.length);
  const encoder = new TextEncoder();
  encoder.encodeInto(before, bytes);
  const { written } = encoder.encodeInto(secret, bytes.subarray(before.length));
  const key = importHMAC(version, bytes.subarray(0, before.length + written));
  bytes.fill(0);
  return key;
}

/** WebCrypto copies the bytes before it returns (Web Cryptography API, importKey, step 4). */
function importHMAC(version: SignatureVersion, bytes: BufferSource): Promise<CryptoKey> {
  if (!importRaw) return Promise.reject(new Error("there is no WebCrypto"));
  return importRaw("raw", bytes, { name: "HMAC", hash: version === 4 ? "SHA-256" : "SHA-1" }, false, ["sign"]);
}

async function mac(key: CryptoKey, text: BufferSource): Promise<Uint8Array<ArrayBuffer>> {
  if (!hmac) throw new Error("there is no WebCrypto");
  return new Uint8Array(await hmac("HMAC", key, text));
}

/** For which services there are signatures: those of S3, and no others that the credentials may be good for. */
const services: readonly string[] = ["s3", "s3express"];

/** How many derived keys are kept: a day and its next, here and where a redirect led. */
const maxDerived = 4;

/** Signs with one key, from which it derives those of each day, region and service. */
export class Signer {
  readonly #version: SignatureVersion;
  readonly #root: CryptoKey;
  readonly #derived = new Map<string, Promise<CryptoKey>>();

  constructor(version: SignatureVersion, root: CryptoKey) {
    this.#version = version;
    this.#root = root;
  }

  /** The MAC of a string to sign: 32 bytes for version 4, 20 for version 2. Rejects for another service. */
  async sign(ask: SignAsk): Promise<Uint8Array> {
    return mac(this.#version === 2 ? this.#root : await this.#keyFor(ask.scope), ask.text as Uint8Array<ArrayBuffer>);
  }

  #keyFor(scope: string): Promise<CryptoKey> {
    const known = this.#derived.get(scope);
    if (known) return known;
    const key = this.#derive(scope.split("/"));
    const oldest = this.#derived.keys().next();
    if (this.#derived.size === maxDerived && !oldest.done) this.#derived.delete(oldest.value);
    this.#derived.set(scope, key);
    return key;
  }

  /** S3 API Reference, "Signature Calculations for the Authorization Header", Task 3. */
  async #derive(scope: readonly string[]): Promise<CryptoKey> {
    const [day = "", , service = "", end] = scope;
    if (scope.length !== 4 || !/^\d{8}$/.test(day) || !services.includes(service) || end !== "aws4_request") {
      throw new RangeError("not to be signed for");
    }
    let key = this.#root;
    for (const step of scope) {
      const bytes = await mac(key, new TextEncoder().encode(step));
      key = await importHMAC(4, bytes);
      bytes.fill(0);
    }
    return key;
  }
}

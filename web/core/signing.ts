/**
 * Who makes signatures: the vault, so that no secret gets into the engine and
 * none is kept anywhere; or the engine itself, where the page has no WebCrypto
 * or does not want a vault.
 */
import type { Credentials, UploaderOptions } from "./api.js";
import { BucketlineError, type Facts } from "./error.js";
import type { Frame } from "./frame.js";
import { defaultWorker } from "./protocol.js";
import { credentialsFrame } from "./refresh.js";
import type { SharedCredentials } from "./tabs.js";
import { Vault } from "./vault.js";
import { hasWebCrypto, keyOf, secretProblem, type SignatureVersion } from "./vaultkey.js";

/** Credentials on their way to the engine. With a vault their secret is a key already, and in nothing else here. */
export interface Given {
  /** The event that tells the engine of them. */
  readonly event: Frame;
  /** What is wrong with the secret, which the engine is not shown. */
  readonly refused: Facts | undefined;
  readonly key: CryptoKey | Promise<CryptoKey> | undefined;
  /** As other tabs are told of them. */
  readonly shared: SharedCredentials | Promise<SharedCredentials>;
}

export class Signing {
  /** undefined: the engine signs. */
  readonly vault: Vault | undefined;
  /** There should be a vault and cannot be one. */
  readonly lacksVault: boolean;
  readonly #version: SignatureVersion;

  /** Throws a BucketlineError where a vault is required and cannot be had. */
  constructor(options: UploaderOptions) {
    const wanted = options.vault ?? true;
    this.#version = options.signature?.version ?? 4;
    this.lacksVault = wanted !== false && !hasWebCrypto();
    if (this.lacksVault && wanted === "required") throw new BucketlineError("createUploader", { code: "VaultUnavailable" });
    if (wanted !== false && !this.lacksVault) this.vault = new Vault(this.#version, options.worker ?? defaultWorker());
  }

  /** Credentials of the page. Throws a TypeError for what cannot be meant. */
  given(what: string, credentials: Credentials): Given {
    const { accessKey, secretKey, sessionToken, expiration } = credentials;
    const event = credentialsFrame(what, credentials, !this.vault);
    const open = { accessKey, sessionToken, expiration: expiration instanceof Date ? expiration.toISOString() : expiration };
    if (!this.vault) return { event, refused: undefined, key: undefined, shared: { ...open, secret: secretKey } };
    const code = secretProblem(secretKey);
    if (code) return { event, refused: { code }, key: undefined, shared: { ...open, secret: "" } };
    const key = keyOf(this.#version, secretKey);
    return { event, refused: undefined, key, shared: key.then((secret) => ({ ...open, secret })) };
  }

  /** Credentials of another tab; undefined where they cannot be used here. */
  adopted({ secret, accessKey, sessionToken, expiration }: SharedCredentials): Given | undefined {
    const open = { accessKey, expiration, ...(sessionToken === undefined ? {} : { sessionToken }) };
    if (typeof secret === "string") return this.given("shareCredentials", { ...open, secretKey: secret });
    if (!this.vault) return undefined;
    const event = credentialsFrame("shareCredentials", { ...open, secretKey: "" }, false);
    return { event, refused: undefined, key: secret, shared: { ...open, sessionToken, secret } };
  }

  /** The engine has taken them: from now on they sign. */
  use({ key }: Given): void {
    if (key) this.vault?.adopt(key);
  }
}

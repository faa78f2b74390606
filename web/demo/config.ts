/** Where the store, its STS and the identity provider are. `bucketline dev` serves it; a page of yours can too. */
export interface Config {
  /** This page's address, as registered at the provider. */
  readonly page: string;
  readonly s3: string;
  readonly sts: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly bucket: string;
  readonly region: string;
  readonly roleArn: string;
  /** How long credentials are asked for. */
  readonly sessionSeconds: number;
  /** Who can sign in, where that is no secret. */
  readonly users: readonly { readonly name: string }[];
}

const texts = ["page", "s3", "sts", "issuer", "clientId", "bucket", "region", "roleArn"] as const;

export async function loadConfig(): Promise<Config> {
  const response = await fetch("config.json", { cache: "no-store" });
  if (!response.ok) throw new Error(`config.json: HTTP status ${response.status}`);
  return parseConfig(await response.json());
}

/** Throws an Error that names what is missing. */
export function parseConfig(value: unknown): Config {
  if (typeof value !== "object" || value === null) throw new Error("config.json: it is no object");
  const given = value as Record<string, unknown>;
  for (const name of texts) {
    if (typeof given[name] !== "string" || given[name] === "") throw new Error(`config.json: "${name}" is missing`);
  }
  const seconds = given["sessionSeconds"] ?? 900;
  if (typeof seconds !== "number" || !Number.isInteger(seconds) || seconds <= 0) {
    throw new Error('config.json: "sessionSeconds" is no whole number');
  }
  const users = Array.isArray(given["users"]) ? given["users"].filter(isUser) : [];
  return { ...(given as unknown as Config), sessionSeconds: seconds, users };
}

function isUser(value: unknown): value is { name: string } {
  return typeof value === "object" && value !== null && "name" in value && typeof value.name === "string";
}

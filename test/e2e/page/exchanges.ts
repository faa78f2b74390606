/** A page that gets credentials in every way there is, and says what came of it. */
import {
  accessGrants, assumeRoleWithWebIdentity, cognitoIdentity, containerCredentials, s3ExpressSession, sessionPolicy,
} from "../../../web/core/index.js";
import { describeError, type Failure } from "./failure.js";

type Get = (options: never) => Promise<unknown>;

const functions: Record<string, Get> = {
  accessGrants, assumeRoleWithWebIdentity, cognitoIdentity, containerCredentials, s3ExpressSession, sessionPolicy,
};

interface Outcome {
  given?: unknown;
  error?: Failure;
  /** How often a token was asked for, and with again how often. */
  asked: number;
  again: number;
}

const exchanges = {
  /** Calls a function; a list of tokens becomes a function that returns one after the other. */
  async run(name: string, options: Record<string, unknown>): Promise<Outcome> {
    const outcome: Outcome = { asked: 0, again: 0 };
    for (const option of ["token", "authorization"]) {
      const tokens = options[option];
      if (!Array.isArray(tokens)) continue;
      options[option] = ({ again }: { again: boolean }): unknown => {
        if (again) outcome.again++;
        return tokens[outcome.asked++];
      };
    }
    try {
      const given = await functions[name]?.(options as never);
      outcome.given = JSON.parse(JSON.stringify(given)); // WebDriver has no dates
    } catch (error) {
      outcome.error = describeError(error);
    }
    return outcome;
  },

  /** The names of what was loaded so far, without its address. */
  loaded: (): string[] => performance.getEntriesByType("resource").map(({ name }) => name.replace(/^.*\//, "")),
};

declare global {
  interface Window {
    exchanges: typeof exchanges;
  }
}

window.exchanges = exchanges;

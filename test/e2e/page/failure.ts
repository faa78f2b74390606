import { BucketlineError } from "../../../web/core/index.js";
import { LoginError } from "../../../web/login/index.js";

/** An error in a form that JSON has. */
export interface Failure {
  name: string;
  message: string;
  code?: string;
  status?: number | undefined;
  requestId?: string | undefined;
  operation?: string | undefined;
  part?: number | undefined;
  hint?: string;
}

export function describeError(error: unknown): Failure {
  if (error instanceof BucketlineError) {
    const { name, message, code, status, requestId, operation, part, hint } = error;
    return { name, message, code, status, requestId, operation, part, hint };
  }
  if (error instanceof LoginError) {
    const { name, message, code, hint } = error;
    return { name, message, code, hint };
  }
  if (error instanceof Error || error instanceof DOMException) return { name: error.name, message: error.message };
  return { name: typeof error, message: String(error) };
}

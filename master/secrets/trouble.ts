/** What keeps a secret from being kept or had, for people and for the wire. No message has a value. */
import type { AlmanacError, ErrorCode } from "../../core/result.js";

export class SecretTrouble extends Error {
  override readonly name = "SecretTrouble";
  constructor(
    readonly code: ErrorCode,
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }

  get error(): AlmanacError {
    return { code: this.code, message: this.message, violations: [] };
  }
}

/** A disk that fails says what the system says of it, which is of paths and never of values. */
export function troubleOf(error: unknown): SecretTrouble {
  if (error instanceof SecretTrouble) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
  return new SecretTrouble("internal", `the secrets' directory failed (${code})`, error);
}

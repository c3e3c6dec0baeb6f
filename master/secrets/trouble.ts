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

/** Ways through the wire, and ways to spoil it. */
import type { Result } from "../../../core/result.js";

interface MessageType<W> {
  encode(message: W): { finish(): Uint8Array };
  decode(bytes: Uint8Array): W;
}

/** As the other side would have it: the message's bytes, decoded anew. */
export const throughWire = <W>(type: MessageType<W>, message: W): W =>
  type.decode(type.encode(message).finish());

/**
 * Decodes bytes that may be anything. Returns whether there was a message at all, which gRPC would
 * have refused otherwise; throws if the codec does, which it never may.
 */
export function survives<W>(
  type: Pick<MessageType<W>, "decode">,
  decode: (message: W) => Result<unknown>,
  bytes: Uint8Array,
): boolean {
  let message: W;
  try {
    message = type.decode(bytes);
  } catch {
    return false;
  }
  const result = decode(message);
  if (!result.ok && result.error.message === "") throw new Error("an error without a message");
  return true;
}

/** The fields that an error names; none where there was no error. */
export const fieldsOf = (result: Result<unknown>): readonly string[] =>
  result.ok ? [] : result.error.violations.map(({ field }) => field);

/** What keeps a server from starting, said so that a user knows what to do. */
import { type CommandFailure, failure, messageOf } from "../failure.js";

/** The server, or the end of the command. */
export async function starting<T>(listen: string, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    throw explain(error, listen);
  }
}

function explain(error: unknown, listen: string): CommandFailure {
  const message = messageOf(error);
  if (/EADDRINUSE/.test(message)) {
    return failure(
      "failed_precondition",
      `${listen} is in use by another process; choose another address with --listen, or port 0 for any free one`,
    );
  }
  if (/EACCES/.test(message)) {
    return failure("permission_denied", `${listen}: ${message}`);
  }
  // Of the journal: locked by another master, damaged, of another version. Of secrets: their keys.
  const known = error instanceof Error && ["JournalError", "SecretTrouble"].includes(error.name);
  return failure(known ? "failed_precondition" : "internal", message);
}

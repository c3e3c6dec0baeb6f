/**
 * What an attempt's secrets become before its program starts: variables beside its own, files in
 * memory, and a mask for whatever is said of it later. No value is in the ledger, so a supervisor
 * that comes after this one has none.
 */
import type { AttemptId } from "../../core/ids.js";
import type { Command } from "../../core/job.js";
import type { Result } from "../../core/result.js";
import type { LaunchSecrets } from "../../core/secrets.js";
import type { Outcome } from "../../core/worker.js";
import type { DriverSecrets } from "../driver.js";
import { maskOf } from "../secrets/mask.js";
import type { SecretPlaces } from "../secrets/places.js";

export type Mask = (text: string) => string;

export interface GivenSecrets {
  readonly command: Command;
  readonly secrets: DriverSecrets;
}

/** An error is in words. */
export async function giveSecrets(
  places: SecretPlaces,
  attempt: AttemptId,
  command: Command,
  secrets: LaunchSecrets,
): Promise<Result<GivenSecrets, string>> {
  if (secrets.unavailable !== "") return { ok: false, error: secrets.unavailable };
  const made = await places.make(attempt, secrets.files);
  if (!made.ok) return made;
  const variables = secrets.env.map(
    ({ name, valueBase64 }) => [name, Buffer.from(valueBase64, "base64").toString("utf8")] as const,
  );
  return {
    ok: true,
    value: {
      command: { ...command, env: { ...command.env, ...Object.fromEntries(variables) } },
      secrets: { directory: made.value, hasFiles: secrets.files.length > 0 },
    },
  };
}

export const maskFor = (secrets: LaunchSecrets | undefined): Mask | null =>
  secrets === undefined ? null : maskOf(secrets);

/** Words of ours, of the daemon's or of the programs before the program: none may have a value. */
export function maskedOutcome(outcome: Outcome, mask: Mask | null): Outcome {
  if (mask === null || !("message" in outcome)) return outcome;
  return { ...outcome, message: mask(outcome.message) };
}

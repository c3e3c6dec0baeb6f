/**
 * The files of attempts on their way: inputs into the working directory before a driver starts the
 * program, outputs out of it after the program has ended. A driver knows nothing of this but that
 * its working directory holds what it holds (`DriverStart.staged`).
 */
import { join } from "node:path";
import type { Clock } from "../../core/clock.js";
import type { DataFile, LaunchData, TaskOutput } from "../../core/data.js";
import type { Result } from "../../core/result.js";
import type { BlobDirectory } from "../../data/blob-directory.js";
import { collectOutputs } from "../data/collect.js";
import { stageInputs } from "../data/stage.js";
import { attemptDirectory } from "../ipc/paths.js";
import { messageOf, type WorkerLog } from "../log.js";
import { type AttemptEnd, beginWaiting, type LiveAttempt, notStarted } from "./live-attempt.js";
import { removeTrees } from "./remove-tree.js";
import type { Transfers } from "./transfers.js";

export interface AttemptData {
  /** null: its inputs are in the working directory. Otherwise its end, without having run. */
  stage(one: LiveAttempt, data: LaunchData, durable: Promise<void>): Promise<AttemptEnd | null>;
  /** Its end, with what it left where it ended well and the store has that. */
  collect(one: LiveAttempt, outputs: readonly TaskOutput[], end: AttemptEnd): Promise<AttemptEnd>;
}

interface AttemptDataOptions {
  readonly dataDirectory: string;
  readonly cache: BlobDirectory;
  readonly transfers: Transfers;
  readonly clock: Clock;
  readonly log: WorkerLog;
}

export function createAttemptData(options: AttemptDataOptions): AttemptData {
  const { clock } = options;
  const directoryOf = ({ attempt }: LiveAttempt): string =>
    attemptDirectory(options.dataDirectory, attempt);
  return {
    async stage(one, data, durable) {
      const sinceMs = clock.nowMs();
      beginWaiting(one, sinceMs);
      await durable;
      const error = await bringInputs(options, one, join(directoryOf(one), "work"), data);
      one.stagingMs = clock.nowMs() - sinceMs;
      if (one.stop !== null)
        return notStarted("was stopped before its inputs had come", clock.nowMs());
      if (error === null) return null;
      return {
        ...notStarted("", clock.nowMs()),
        outcome: { kind: "input_unavailable", message: error },
      };
    },

    async collect(one, outputs, end) {
      const directory = directoryOf(one);
      const sinceMs = clock.nowMs();
      const usage = { ...end.usage, ...(one.stagingMs !== null && { stagingMs: one.stagingMs }) };
      if (end.outcome.kind !== "exited" || end.outcome.exitCode !== 0) {
        await clear(options, directory);
        return { ...end, usage };
      }
      const found =
        end.outputsProblem === undefined
          ? await takeOutputs(options, one, directory, outputs)
          : ({ ok: false, error: end.outputsProblem } as const);
      await clear(options, directory);
      const timed = { ...usage, collectingMs: clock.nowMs() - sinceMs };
      if (found.ok) return { ...end, usage: timed, outputs: found.value };
      // Told to stop on the way: what has not gone out is not there.
      const outcome = one.stop?.outcome ?? { kind: "output_failed" as const, message: found.error };
      return { ...end, usage: timed, outcome };
    },
  };
}

/** null: the inputs are there. Otherwise why not. */
async function bringInputs(
  { cache, transfers, log }: AttemptDataOptions,
  { attempt, abort: { signal } }: LiveAttempt,
  directory: string,
  data: LaunchData,
): Promise<string | null> {
  if (data.unavailable !== "") return data.unavailable;
  const fetch = ({ sha256, sizeBytes }: DataFile): Promise<string | null> =>
    transfers.carry({ attempt, direction: "fetch", sha256, sizeBytes, path: "" }, signal);
  try {
    return await stageInputs({
      directory,
      inputs: data.inputs,
      cache,
      signal,
      fetch,
      onDamage: (message) => log.warn({ attempt, message }, "cached content thrown away"),
    });
  } catch (error) {
    return messageOf(error);
  }
}

/** What the program left, once the store has it. */
async function takeOutputs(
  { cache, transfers }: AttemptDataOptions,
  { attempt, abort: { signal } }: LiveAttempt,
  directory: string,
  outputs: readonly TaskOutput[],
): Promise<Result<readonly DataFile[], string>> {
  if (outputs.length === 0) return { ok: true, value: [] };
  const keptIn = join(directory, "outputs");
  const found = await collectOutputs({
    directory: join(directory, "work"),
    outputs,
    cache,
    keptIn,
  });
  if (!found.ok) return found;
  const byHash = new Map(found.value.map((file) => [file.sha256, file]));
  const sent = await Promise.all(
    [...byHash.values()].map(async ({ sha256, sizeBytes, path }) => {
      const kept = join(keptIn, sha256);
      const order = { attempt, direction: "put" as const, sha256, sizeBytes, path: kept };
      const error = await transfers.carry(order, signal);
      return error === null ? null : `${path}: ${error}`;
    }),
  );
  const error = sent.find((one) => one !== null) ?? null;
  return error === null ? found : { ok: false, error };
}

/** The files are elsewhere by now; the logs beside them stay. */
async function clear({ log }: AttemptDataOptions, directory: string): Promise<void> {
  for (const name of ["work", "outputs"]) {
    await removeTrees([join(directory, name)]).catch((error: unknown) =>
      log.warn({ error: messageOf(error) }, "cannot remove an attempt's files"),
    );
  }
}

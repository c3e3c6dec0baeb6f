/**
 * The files of attempts on their way: inputs into the working directory before a driver starts the
 * program, outputs out of it after the program has ended. A driver knows nothing of this but that
 * its working directory holds what it holds (`DriverStart.staged`).
 */
import { join } from "node:path";
import type { DataFile, LaunchData } from "../../core/data.js";
import type { Result } from "../../core/result.js";
import type { BlobDirectory } from "../../data/blob-directory.js";
import { collectOutputs } from "../data/collect.js";
import { stageInputs } from "../data/stage.js";
import { messageOf, type WorkerLog } from "../log.js";
import { removeTrees } from "./remove-tree.js";
import type { Transfers } from "./transfers.js";

/** An attempt, its own directory, and what ends its transfers. */
export interface DataPlace {
  readonly attempt: string;
  readonly directory: string;
  readonly signal: AbortSignal;
}

export interface AttemptData {
  /** null: the inputs are there. Otherwise why not. */
  stage(place: DataPlace, data: LaunchData): Promise<string | null>;
  /** What the program left, once the store has it. */
  collect(place: DataPlace, data: LaunchData): Promise<Result<readonly DataFile[], string>>;
  /** The files are elsewhere by now; the logs beside them stay. */
  clear(directory: string): Promise<void>;
}

interface AttemptDataOptions {
  readonly cache: BlobDirectory;
  readonly transfers: Transfers;
  readonly log: WorkerLog;
}

export function createAttemptData({ cache, transfers, log }: AttemptDataOptions): AttemptData {
  async function put(
    { attempt, signal }: DataPlace,
    keptIn: string,
    files: readonly DataFile[],
  ): Promise<string | null> {
    const byHash = new Map(files.map((file) => [file.sha256, file]));
    const sent = await Promise.all(
      [...byHash.values()].map(async ({ sha256, sizeBytes, path }) => {
        const kept = join(keptIn, sha256);
        const order = { attempt, direction: "put" as const, sha256, sizeBytes, path: kept };
        const error = await transfers.carry(order, signal);
        return error === null ? null : `${path}: ${error}`;
      }),
    );
    return sent.find((error) => error !== null) ?? null;
  }

  return {
    async stage({ attempt, directory, signal }, data) {
      if (data.unavailable !== "") return data.unavailable;
      const fetch = ({ sha256, sizeBytes }: DataFile): Promise<string | null> =>
        transfers.carry({ attempt, direction: "fetch", sha256, sizeBytes, path: "" }, signal);
      try {
        return await stageInputs({
          directory: join(directory, "work"),
          inputs: data.inputs,
          cache,
          signal,
          fetch,
          onDamage: (message) => log.warn({ attempt, message }, "cached content thrown away"),
        });
      } catch (error) {
        return messageOf(error);
      }
    },
    async collect(place, { outputs }) {
      if (outputs.length === 0) return { ok: true, value: [] };
      const directory = join(place.directory, "work");
      const keptIn = join(place.directory, "outputs");
      const found = await collectOutputs({ directory, outputs, cache, keptIn });
      if (!found.ok) return found;
      const error = await put(place, keptIn, found.value);
      return error === null ? found : { ok: false, error };
    },
    async clear(directory) {
      for (const name of ["work", "outputs"]) {
        await removeTrees([join(directory, name)]).catch((error: unknown) =>
          log.warn({ error: messageOf(error) }, "cannot remove an attempt's files"),
        );
      }
    },
  };
}

/**
 * What a new supervisor does about the attempts of one that died: what its driver can take up, with
 * all of its output and its exit code, goes on; whatever else still runs is stopped, because nobody
 * has its output or will have its exit code, and the attempt is reported as lost.
 */
import { statSync } from "node:fs";
import type { AttemptId } from "../../core/ids.js";
import type { AttemptFinished } from "../../core/session.js";
import type { Driver, RunningAttempt } from "../driver.js";
import { attemptDirectory } from "../ipc/paths.js";
import type { WorkerLog } from "../log.js";
import { listSegments } from "../logs/segments.js";
import type { LaunchedEntry } from "../pure/ledger-state.js";
import type { TakenUp } from "./attempts.js";
import type { Ledger } from "./ledger.js";

export interface Recovery {
  readonly dataDirectory: string;
  readonly ledger: Ledger;
  readonly drivers: readonly Pick<Driver, "name" | "reap" | "takeUp">[];
  readonly boot: string;
  readonly nowMs: () => number;
  /** Bytes that an attempt has left of a stream, in its directory. */
  readonly writtenBytes: (directory: string, stream: "stdout" | "stderr") => Promise<number>;
  readonly log: WorkerLog;
}

export async function recoverAttempts(recovery: Recovery): Promise<TakenUp[]> {
  const { dataDirectory, ledger, drivers, boot, log } = recovery;
  const orphans = [...ledger.state.launched];
  const found: TakenUp[] = [];
  await Promise.all(
    orphans.map(async ([attempt, entry]) => {
      const directory = attemptDirectory(dataDirectory, attempt);
      const driver = drivers.find((one) => one.name === entry.driver);
      // Pids of another boot belong to somebody else now.
      const identity = entry.boot === boot ? entry.identity : null;
      const running = await takenUp(driver, attempt, directory, { ...entry, identity });
      if (running !== null && entry.terms !== null) {
        found.push({ attempt, terms: entry.terms, running });
        log.info({ attempt }, "attempt of an earlier supervisor taken up");
        return;
      }
      await driver?.reap(attempt, directory, identity);
      ledger.append({
        kind: "finished",
        finished: await lostReport(recovery, attempt, entry, directory),
      });
      log.warn({ attempt }, "attempt lost with its supervisor");
    }),
  );
  await ledger.commit();
  return found;
}

async function takenUp(
  driver: Pick<Driver, "takeUp"> | undefined,
  attempt: AttemptId,
  directory: string,
  { identity, terms, started }: LaunchedEntry,
): Promise<RunningAttempt | null> {
  if (driver?.takeUp === undefined || identity === null || terms === null) return null;
  const { logBytesMax } = terms;
  return driver.takeUp({ attempt, directory, identity, logBytesMax, started });
}

async function lostReport(
  { nowMs, writtenBytes }: Recovery,
  attempt: AttemptId,
  entry: LaunchedEntry,
  directory: string,
): Promise<AttemptFinished> {
  return {
    attempt,
    outcome: { kind: "supervisor_lost" },
    usage: { peakMemoryBytes: null, cpuMs: null },
    startedAtMs: entry.started?.startedAtMs ?? null,
    endedAtMs: nowMs(),
    stdoutBytes: await writtenBytes(directory, "stdout"),
    stderrBytes: await writtenBytes(directory, "stderr"),
  };
}

export async function writtenBytes(
  directory: string,
  stream: "stdout" | "stderr",
): Promise<number> {
  const last = (await listSegments(directory, stream)).at(-1);
  return last === undefined ? 0 : last.start + statSync(last.path).size;
}

/**
 * Has a snapshot taken whenever as many bytes of journal as the last snapshot has were sealed since
 * it, one segment at least: the work of snapshots stays in proportion to the work of the journal,
 * and recovery reads about as much journal as snapshot.
 */
import { Worker } from "node:worker_threads";
import type { Logger } from "pino";
import type { SegmentedJournal } from "../journal/segmented-file.js";
import type { Taken } from "./take-snapshot.js";

export interface SnapshotsOptions {
  readonly directory: string;
  readonly journal: Pick<SegmentedJournal, "sealedTail" | "sealedBehind">;
  readonly segmentBytes: number;
  /** File of the bundled master/shell/snapshot-thread.ts. */
  readonly threadEntry: string;
  /** The snapshot that the master started from. */
  readonly last: Taken | null;
  /** Called when one has been taken, with the sequences of all that can be used, newest first. */
  readonly onUsable: (sequences: readonly number[]) => void;
  readonly log: Logger;
}

/** What the thread says when it has done its work. */
export interface SnapshotMessage {
  readonly taken: Taken | null;
  readonly usable: readonly number[];
}

export interface Snapshots {
  /** Looks whether one is due; called now and then. */
  check(): void;
  stop(): Promise<void>;
}

const checkIntervalMs = 1_000;

export function keepSnapshots(options: SnapshotsOptions): Snapshots {
  const { directory, journal, segmentBytes, threadEntry, log } = options;
  let last: Taken = options.last ?? { sequence: 0, bytes: 0 };
  let thread: Worker | null = null;

  function check(): void {
    const segments = journal.sealedBehind(last.sequence);
    if (thread !== null || segments === 0 || segments * segmentBytes < last.bytes) return;
    const beganMs = performance.now();
    const started = new Worker(threadEntry, { workerData: directory });
    thread = started;
    started.once("message", ({ taken, usable }: SnapshotMessage) => {
      options.onUsable(usable);
      if (taken === null) return;
      last = taken;
      log.info({ ...taken, ms: Math.round(performance.now() - beganMs) }, "snapshot taken");
    });
    // The journal has it all: without a snapshot the next start only takes longer.
    started.once("error", (error) => {
      log.error({ err: error }, "no snapshot could be taken");
      last = { sequence: journal.sealedTail, bytes: last.bytes };
    });
    started.once("exit", () => {
      thread = null;
    });
  }

  const timer = setInterval(check, checkIntervalMs);
  timer.unref();
  return {
    check,
    async stop() {
      clearInterval(timer);
      await thread?.terminate();
    },
  };
}

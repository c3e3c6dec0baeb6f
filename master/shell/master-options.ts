/** What a master is told to start with, and what it is then. */
import type { Logger } from "pino";
import type { HistorySettings } from "../history/archivist.js";
import type { FileSystem } from "../journal/file-system.js";
import type { ClusterSettings } from "../pure/events.js";
import type { KeySource } from "../secrets/keys.js";
import type { SecurityOptions } from "./security.js";

export interface MasterOptions {
  /** `host:port`, without security loopback only; port 0 for any free one. */
  readonly listen: string;
  readonly dataDirectory: string;
  readonly settings: ClusterSettings;
  readonly heartbeatIntervalMs: number;
  /** null: greedy placement only. */
  readonly plannerAddress: string | null;
  readonly planBudgetMs: number;
  /** Solvers that the planner may use. Absent or empty: all. */
  readonly planSolvers?: readonly string[];
  readonly segmentBytes: number;
  /** Absent: the real one. */
  readonly fileSystem?: FileSystem;
  /** File of the bundled snapshot-thread.ts; absent: no snapshots are taken. */
  readonly snapshotThreadEntry?: string;
  /** Finished jobs, and where they go. Absent: `historyDefaults`. */
  readonly history?: HistorySettings;
  /** Whether segments go that snapshots and archive have made superfluous. Absent: they do. */
  readonly trimJournal?: boolean;
  /** Start although the archive lacks jobs that the journal no longer holds. Absent: do not. */
  readonly acceptLostHistory?: boolean;
  /** File of the bundled archive-thread.ts; absent: the archive is used in this thread. */
  readonly archiveThreadEntry?: string;
  /** Of the copy of logs that went through the master; 0: none. Absent: 64 MiB. */
  readonly logCacheBytes?: number;
  /** Of the store of inputs and outputs. Absent: 64 GiB. */
  readonly storeBytes?: number;
  /** Where that is, if workers and users share it. Absent or null: below `dataDirectory`. */
  readonly sharedDirectory?: string | null;
  /** What secrets are sealed with. Absent or null: keys of the master's own, in `dataDirectory`. */
  readonly secretKeys?: Exclude<KeySource, { kind: "own" }> | null;
  readonly version: string;
  /** Mutual TLS; absent or null: plain text. */
  readonly security?: SecurityOptions | null;
  /** Whether the planner is spoken to with this master's certificate; needs security. */
  readonly plannerTls?: boolean;
  readonly log: Logger;
  /** The journal can no longer be written: the process must end. */
  readonly onFatal: (error: Error) => void;
}

export interface RunningMaster {
  readonly address: string;
  readonly epoch: number;
  stop(): Promise<void>;
}

/**
 * The messages between a worker and the master, as both houses see them; proto/codec puts them on
 * the wire. Sequence numbers start at 1 with each stream. A stream opens with a Hello that states
 * everything that is still true, so nothing depends on earlier streams.
 */
import type { DataFile, LaunchData } from "./data.js";
import type { AttemptId, Incarnation } from "./ids.js";
import type { Command, DriverName } from "./job.js";
import type { Resources } from "./resources.js";
import type { LaunchSecrets } from "./secrets.js";
import type { Outcome, UsageReport, WorkerFacts } from "./worker.js";

export interface WorkerMessage {
  readonly sequence: number;
  /** Highest sequence of the master's messages that the worker has durably taken in. */
  readonly acknowledged: number;
  readonly hello: Hello | null;
  readonly heartbeat: Heartbeat | null;
  readonly started: readonly AttemptStarted[];
  readonly finished: readonly AttemptFinished[];
  readonly refused: readonly LaunchRefused[];
  /** Absent: none. */
  readonly held?: readonly AttemptHeld[];
}

export interface Hello {
  readonly incarnation: Incarnation;
  readonly facts: WorkerFacts;
  /** Highest epoch from which this worker has taken a command. */
  readonly epochSeen: number;
  readonly live: readonly AttemptStarted[];
  readonly unacknowledged: readonly AttemptFinished[];
  /** Of the live, those that are held. Absent: none. */
  readonly held?: readonly AttemptId[];
}

/** Advice only: the master's own accounting decides what fits. */
export interface Heartbeat {
  readonly freeMemoryBytes: number;
  readonly loadAverage: number;
}

export interface AttemptStarted {
  readonly attempt: AttemptId;
  readonly startedAtMs: number;
  readonly pid: number;
}

export interface AttemptFinished {
  readonly attempt: AttemptId;
  readonly outcome: Outcome;
  readonly usage: UsageReport;
  /** null: it never started. */
  readonly startedAtMs: number | null;
  readonly endedAtMs: number;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  /** The store holds their content already. Absent: none. */
  readonly outputs?: readonly DataFile[];
}

export const refusalReasons = [
  "stale_epoch",
  "no_capacity",
  "unknown_driver",
  "shutting_down",
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

export interface LaunchRefused {
  readonly attempt: AttemptId;
  readonly reason: RefusalReason;
  readonly message: string;
}

/** An answer to `Hold`. */
export interface AttemptHeld {
  readonly attempt: AttemptId;
  readonly held: boolean;
  /** Why it could not be done, in words; null: it was. */
  readonly problem: string | null;
}

export interface MasterMessage {
  readonly sequence: number;
  /** Highest sequence of the worker's messages whose effects are durable. */
  readonly acknowledged: number;
  readonly welcome: Welcome | null;
  readonly launches: readonly Launch[];
  readonly stops: readonly Stop[];
  /** Its drain is complete and was to end with this: agent and supervisor leave in order. */
  readonly leave: boolean;
  /** Absent: none. */
  readonly holds?: readonly Hold[];
}

export interface Welcome {
  readonly epoch: number;
  readonly heartbeatIntervalMs: number;
  /** A worker silent for this long is lost. */
  readonly silenceLimitMs: number;
  readonly keep: readonly AttemptId[];
  /** Live attempts of the Hello that the master has given up. */
  readonly kill: readonly AttemptId[];
}

export interface Launch {
  readonly attempt: AttemptId;
  readonly epoch: number;
  readonly driver: DriverName;
  /** With the task's own environment merged into the template's. */
  readonly command: Command;
  readonly resources: Resources;
  /** Ids of the devices that the attempt may see. */
  readonly devices: readonly string[];
  readonly timeoutMs: number | null;
  readonly killGraceMs: number;
  readonly stopWhenLostAfterMs: number | null;
  readonly logBytesMax: number;
  /** Absent: the task neither takes files nor leaves any. */
  readonly data?: LaunchData;
  /** Values: in memory and on protected channels only. Absent: the task is given none. */
  readonly secrets?: LaunchSecrets;
}

export interface Stop {
  readonly attempt: AttemptId;
  readonly epoch: number;
  readonly reason: "cancelled" | "timed_out";
  readonly graceMs: number;
}

/** Pauses an attempt where it is, or lets it go on. Said again in every Welcome. */
export interface Hold {
  readonly attempt: AttemptId;
  readonly paused: boolean;
}

export const logStreams = ["stdout", "stderr"] as const;
export type LogStreamName = (typeof logStreams)[number];

/** Master to worker on the log stream. */
export type LogPull =
  | {
      readonly kind: "open";
      readonly request: number;
      readonly attempt: AttemptId;
      readonly stream: LogStreamName;
      /** Negative: this many bytes before the end. */
      readonly offset: number;
      readonly follow: boolean;
      readonly creditBytes: number;
    }
  | { readonly kind: "credit"; readonly request: number; readonly creditBytes: number }
  | { readonly kind: "close"; readonly request: number };

/** Worker to master on the log stream; the first message only says who opened it. */
export interface LogPush {
  readonly incarnation: Incarnation | null;
  readonly request: number;
  readonly offset: number;
  readonly data: Uint8Array;
  readonly droppedBytes: number;
  readonly end: boolean;
  /** Empty: none. */
  readonly error: string;
}

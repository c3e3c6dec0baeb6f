/**
 * The driver port: how an attempt runs. A driver starts programs, bounds them, stops them, and says
 * how they ended. It knows nothing of epochs, leases, time limits or the master: the supervisor
 * decides when an attempt must stop and why, and keeps the records.
 *
 * Every driver passes the suite in `testing/driver-contract.ts`.
 */
import type { TaskOutput } from "../core/data.js";
import type { AttemptId } from "../core/ids.js";
import type { Command, DriverName } from "../core/job.js";
import type { Resources } from "../core/resources.js";
import type { Result } from "../core/result.js";
import type { DriverFacts, Outcome, UnavailableDriver, UsageReport } from "../core/worker.js";

export interface DriverStart {
  readonly attempt: AttemptId;
  readonly worker: string;
  readonly command: Command;
  readonly resources: Resources;
  readonly devices: readonly string[];
  /** Bytes kept of each of stdout and stderr. */
  readonly logBytesMax: number;
  /** Emulates a slower node: the cpu limit is multiplied by it. null: not throttled. */
  readonly throttle: number | null;
  /** The attempt's own directory, made by the driver. Logs go here (logs/segments.ts). */
  readonly directory: string;
  /**
   * `work` below it is the working directory, and holds the attempt's inputs already: they are to
   * belong to whoever the program runs as. What the program leaves there is taken after its end.
   * Only for drivers whose facts say `stagesData`. Absent: false.
   */
  readonly staged?: boolean;
  /**
   * What may be taken of that, for a driver whose programs do not write there themselves and that has
   * to bring it. Absent: nothing.
   */
  readonly outputs?: readonly TaskOutput[];
  /** Its environment has the variables already. Absent: the task is given no secrets. */
  readonly secrets?: DriverSecrets;
  /** Resolves once the launch is durable. The program must not run before. */
  readonly durable: Promise<void>;
  /**
   * Called once, before the first instruction of the program: what a later supervisor needs to find
   * the program again and stop it, if this one dies.
   */
  readonly identify: (identity: DriverIdentity) => void;
}

/** For drivers whose facts say `givesSecrets`. */
export interface DriverSecrets {
  /**
   * In memory, and gone with the attempt. Whatever a driver has to write that holds values of the
   * environment goes here, and not into the attempt's own directory, which is on a disk.
   */
  readonly directory: string;
  /** `files` below it holds the task's secret files: to be given to whoever the program runs as. */
  readonly hasFiles: boolean;
}

/** Opaque to the supervisor: a pid with its start time, a container id. */
export type DriverIdentity = Readonly<Record<string, string | number>>;

/** What a supervisor knows of an attempt that one before it has started. */
export interface DriverLeft {
  readonly attempt: AttemptId;
  readonly directory: string;
  readonly identity: DriverIdentity;
  readonly logBytesMax: number;
  /** null: the earlier supervisor did not come to write it down. */
  readonly started: { readonly pid: number; readonly startedAtMs: number } | null;
}

/** How the program itself ended; the supervisor knows whether it had asked for it. */
export interface DriverEnd {
  readonly outcome: Extract<
    Outcome,
    { kind: "exited" | "signalled" | "out_of_memory" | "not_started" }
  >;
  readonly usage: UsageReport;
  readonly endedAtMs: number;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  /** Why `work` does not hold what the program left, in words; absent: it does. */
  readonly outputsProblem?: string;
}

export type DriverStanding =
  | { readonly kind: "available"; readonly facts: DriverFacts }
  | { readonly kind: "unavailable"; readonly driver: UnavailableDriver };

export interface RunningAttempt {
  /** 0: not known, or none yet. */
  readonly pid: number;
  readonly startedAtMs: number;
  /** Resolves when the program and everything that it left behind are gone. Never rejects. */
  readonly ended: Promise<DriverEnd>;
  /** SIGTERM now, SIGKILL after the grace. Again with a shorter grace: that one counts. */
  stop(graceMs: number): void;
  /**
   * Holds every process of the attempt where it is, or lets them go on; both may be asked again. The
   * attempt keeps what it has, and a stop reaches it all the same; its limits of time are the
   * supervisor's affair. An error is words for the user.
   */
  pause(): Promise<Result<null, string>>;
  resume(): Promise<Result<null, string>>;
  isPaused(): boolean;
}

export interface Driver {
  readonly name: DriverName;
  /** What it can do now, or why it can do nothing; may change while the supervisor lives. */
  standing(): DriverStanding;
  /** What constraints may look at: the worker has these labels beside its own. */
  readonly labels?: Readonly<Record<string, string>>;
  /** An error is a program that could not be started, in words for the user. */
  start(start: DriverStart): Promise<Result<RunningAttempt, string>>;
  /**
   * Takes up what an earlier supervisor of the same boot has started: with all of its output, and
   * with its exit code though it ended meanwhile. null: that cannot be; it is to be reaped. Absent:
   * it never can, because what the driver runs is tied to the supervisor.
   */
  takeUp?(left: DriverLeft): Promise<RunningAttempt | null>;
  /**
   * Stops whatever an earlier supervisor left of an attempt, and returns when it is gone.
   * `identity` is null if that supervisor died before the program had one.
   */
  reap(attempt: AttemptId, directory: string, identity: DriverIdentity | null): Promise<void>;
  close(): Promise<void>;
}

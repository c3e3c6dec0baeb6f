/** What a worker says of itself when it registers, and what its drivers can really do. */
import type { DriverName } from "./job.js";
import type { Device, Resources } from "./resources.js";

/** How a limit is kept on this host; `not_enforced` is said aloud, never implied. */
export type Enforcement = "cgroup_v1" | "cgroup_v2" | "not_enforced";

export interface DriverFacts {
  readonly name: DriverName;
  readonly cpuLimit: Enforcement;
  readonly memoryLimit: Enforcement;
  /**
   * What else a task may rely on elsewhere and not on this host: `processes`, `rlimits`,
   * `no_new_privileges`, `users`, `disk`. Absent: the driver says nothing of it.
   */
  readonly notEnforced?: readonly string[];
  /** It takes inputs and leaves outputs. Absent: it does not. */
  readonly stagesData?: boolean;
  /** It gives attempts their secrets. Absent: it does not. */
  readonly givesSecrets?: boolean;
}

/** A driver that this worker knows and cannot offer now. */
export interface UnavailableDriver {
  readonly name: DriverName;
  /** In words for the user. */
  readonly reason: string;
}

export interface WorkerFacts {
  readonly name: string;
  readonly hostname: string;
  /** Capacity offered to attempts, at most what the node has. */
  readonly capacity: Resources;
  readonly devices: readonly Device[];
  readonly labels: Readonly<Record<string, string>>;
  readonly drivers: readonly DriverFacts[];
  readonly unavailableDrivers: readonly UnavailableDriver[];
  /** Relative to a reference core: a task of estimate e runs e / speed here. */
  readonly speed: number;
  readonly softwareVersion: string;
  /** How it is reached by others: a name among the cluster's links. Absent: like any other. */
  readonly link?: string;
  /** Price of an hour of one attempt on it, in any one currency. Absent: 0. */
  readonly costPerHour?: number;
}

/** Why an attempt ended. */
export type Outcome =
  | { readonly kind: "exited"; readonly exitCode: number }
  | { readonly kind: "signalled"; readonly signal: string }
  | { readonly kind: "timed_out" }
  | { readonly kind: "cancelled" }
  | { readonly kind: "out_of_memory" }
  /** The program could not be started: not found, no permission, bad directory. */
  | { readonly kind: "not_started"; readonly message: string }
  /** What it takes in could not be had, or was not what it should be; it never started. */
  | { readonly kind: "input_unavailable"; readonly message: string }
  /** The program ended well, and what it was to leave is not there, or cannot be taken. */
  | { readonly kind: "output_failed"; readonly message: string }
  /** Stopped by the supervisor after its lease had run out. */
  | { readonly kind: "lease_expired" }
  /** The supervisor died with the attempt; what became of the program is known, its code is not. */
  | { readonly kind: "supervisor_lost" }
  /** Stopped because its worker is being drained: it runs again elsewhere. */
  | { readonly kind: "drained" }
  /** The master gave the attempt up: its worker was lost, or refused or forgot it. */
  | { readonly kind: "lost"; readonly message: string };

export interface UsageReport {
  /** null: not known on this host. */
  readonly peakMemoryBytes: number | null;
  readonly cpuMs: number | null;
  /** How long its inputs took to come, and its outputs to go. Absent: it has none. */
  readonly stagingMs?: number;
  readonly collectingMs?: number;
}

export const drainStages = ["finishing", "closed", "completed"] as const;
/**
 * `finishing`: takes what will be done by the deadline. `closed`: takes nothing, attempts end or
 * are stopped. `completed`: nothing is left on it.
 */
export type DrainStage = (typeof drainStages)[number];

export interface Drain {
  readonly beganAtMs: number;
  /** What still runs then is stopped; null: everything may run to its end. */
  readonly deadlineAtMs: number | null;
  /** Stops also what its task wants kept. */
  readonly force: boolean;
  /** Once nothing is left on it the worker is told to leave, and does so with exit code 0. */
  readonly thenStop: boolean;
  readonly stage: DrainStage;
}

/** A worker on which too many different tasks have failed gets nothing new until then. */
export interface Quarantine {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** How many times in a row, this one included: each lasts longer. */
  readonly level: number;
  readonly message: string;
}

/** A time in which a worker is to run nothing. */
export interface MaintenanceWindow {
  /** Of its worker's windows. */
  readonly id: string;
  /** Of its first occurrence. */
  readonly fromMs: number;
  readonly toMs: number;
  /** From the begin of one occurrence to that of the next; null: it comes once. */
  readonly everyMs: number | null;
}

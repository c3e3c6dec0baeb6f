/**
 * What a reader is told of jobs, tasks, workers and plans: the same shapes for gRPC, the command
 * line and whatever comes later. Made by the master from its state, never stored.
 */
import type { OutputSummary } from "./data.js";
import type { AttemptId, Incarnation, JobId, TaskId, WorkerId } from "./ids.js";
import type { Edge } from "./job.js";
import type { ObjectiveParts, ObjectiveWeights } from "./objective.js";
import type { Resources } from "./resources.js";
import type { Violation } from "./result.js";
import type { SecretUse } from "./secrets.js";
import type { Heartbeat } from "./session.js";
import type {
  Drain,
  MaintenanceWindow,
  Outcome,
  Quarantine,
  UsageReport,
  WorkerFacts,
} from "./worker.js";

export const taskStates = [
  "pending",
  "ready",
  "backoff",
  "launching",
  "running",
  "unknown",
  "paused",
  "succeeded",
  "failed",
  "timed_out",
  "cancelled",
  "skipped",
] as const;
export type TaskStateName = (typeof taskStates)[number];

export const terminalTaskStates: ReadonlySet<TaskStateName> = new Set([
  "succeeded",
  "failed",
  "timed_out",
  "cancelled",
  "skipped",
]);

export const jobStates = ["running", "succeeded", "failed", "timed_out", "cancelled"] as const;
export type JobStateName = (typeof jobStates)[number];

export const attemptStates = ["launching", "running", "stopping", "unknown", "ended"] as const;
export type AttemptStateName = (typeof attemptStates)[number];

export const workerStates = ["connected", "silent", "lost"] as const;
export type WorkerStateName = (typeof workerStates)[number];

export const estimateSources = ["user", "statistics", "model", "unknown"] as const;
export type EstimateSource = (typeof estimateSources)[number];

/** A predicted duration on a worker of speed 1. */
export interface Estimate {
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly source: EstimateSource;
  /** 0 (a guess) to 1 (many like it were seen). */
  readonly confidence: number;
}

/** A plan's entry for one task, rebuilt from the present state. */
export interface Reservation {
  readonly worker: WorkerId;
  /** Absent: the task has no modes. */
  readonly mode?: string;
  readonly startP50AtMs: number;
  readonly endP50AtMs: number;
  readonly startP90AtMs: number;
  readonly endP90AtMs: number;
}

export interface JobSummary {
  readonly id: JobId;
  readonly name: string;
  readonly namespace: string;
  readonly principal: string;
  readonly state: JobStateName;
  readonly taskCounts: Readonly<Partial<Record<TaskStateName, number>>>;
  readonly submittedAtMs: number;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  /** null: some remaining task has no estimate or no reservation. */
  readonly finishP50AtMs: number | null;
  readonly finishP90AtMs: number | null;
  readonly revision: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** Absent: it is not. */
  readonly pausedAtMs?: number;
  /** Attempts after failures, and how many there may be. Absent: the job has no such budget. */
  readonly retries?: { readonly spent: number; readonly budget: number };
}

export interface AttemptView {
  readonly id: AttemptId;
  readonly number: number;
  readonly worker: WorkerId;
  readonly state: AttemptStateName;
  readonly launchedAtMs: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly outcome: Outcome | null;
  readonly usage: UsageReport | null;
  /** Absent: it left none. */
  readonly outputs?: OutputSummary;
  /** Absent: its task has no modes. */
  readonly mode?: string;
  /** Which values it was given, never the values. Absent: none. */
  readonly secrets?: readonly SecretUse[];
}

/** What came of like tasks lets expect of one that has not ended. */
export interface Expectation {
  /** What it asks for now, perhaps more than it was submitted with. */
  readonly askedMemoryBytes: number;
  /** Of the last runs of its kind that succeeded; null: of none is it known. */
  readonly peakMemory: PeakMemory | null;
  /** Of the last 20 attempts of its kind at most, those whose end was their own doing. */
  readonly ends: number;
  /** Of those. */
  readonly failures: number;
}

/** As `MemoryEstimate`. */
export interface PeakMemory {
  readonly p50Bytes: number;
  readonly p95Bytes: number;
  /** How many of the kind it rests on; those of kinds like it beside. */
  readonly runs: number;
}

export interface TaskView {
  readonly id: TaskId;
  readonly name: string;
  /** Name of the template it was expanded from. */
  readonly template: string;
  readonly state: TaskStateName;
  /** Machine-readable reason for the state; empty where the state says it all. */
  readonly reason: string;
  readonly message: string;
  readonly estimate: Estimate | null;
  readonly reservation: Reservation | null;
  readonly attempts: readonly AttemptView[];
  readonly attemptsMax: number;
  readonly readyAtMs: number | null;
  readonly finishedAtMs: number | null;
  /** Absent: nothing is known of its kind, or it has ended. */
  readonly expected?: Expectation;
}

/** The first plan that covered the whole job: what was foreseen at the start. */
export interface InitialPlan {
  readonly adoptedAtMs: number;
  readonly makespanMs: number;
  readonly boundMs: number;
  readonly solver: string;
  readonly tasks: readonly PlannedTask[];
}

export interface PlannedTask {
  readonly name: string;
  readonly worker: WorkerId;
  /** Absent: the task has no modes. */
  readonly mode?: string;
  readonly startAtMs: number;
  readonly endAtMs: number;
}

export interface JobView {
  readonly summary: JobSummary;
  readonly tasks: readonly TaskView[];
  readonly edges: readonly Edge[];
  readonly initialPlan: InitialPlan | null;
}

export interface SubmitReceipt {
  readonly jobId: JobId;
  /** The idempotency key had been seen before. */
  readonly duplicate: boolean;
  readonly warnings: readonly Violation[];
  /** For a dry run: what would happen. */
  readonly forecast: JobView | null;
}

export interface PlanAdoption {
  readonly version: number;
  readonly solver: string;
  readonly makespanMs: number;
  readonly boundMs: number;
  readonly gap: number;
}

/** One message of a watch; `sequence` is where to resume. */
export interface WatchEvent {
  readonly sequence: number;
  readonly atMs: number;
  readonly change:
    | { readonly kind: "snapshot"; readonly job: JobSummary }
    | { readonly kind: "job"; readonly job: JobSummary }
    | { readonly kind: "task"; readonly task: TaskView }
    | { readonly kind: "plan"; readonly plan: PlanAdoption };
}

export interface PlanEntryView {
  readonly taskId: TaskId;
  readonly state: TaskStateName;
  readonly reservation: Reservation;
}

export interface PlanView {
  readonly version: number;
  readonly solver: string;
  readonly adoptedAtMs: number;
  readonly weights: ObjectiveWeights;
  readonly parts: ObjectiveParts;
  readonly value: number;
  /** Proven lower bound of the value, against estimated durations. */
  readonly bound: number;
  readonly gap: number;
  readonly entries: readonly PlanEntryView[];
}

export interface WorkerView {
  readonly facts: WorkerFacts;
  readonly incarnation: Incarnation;
  readonly state: WorkerStateName;
  readonly sinceMs: number;
  readonly lastHeardAtMs: number | null;
  /** Charged to live attempts by the master's own accounting. */
  readonly used: Resources;
  readonly attempts: number;
  /** What the node last said of its own load; null: nothing since the master started. */
  readonly heartbeat: Heartbeat | null;
  /** Closed to new work by an operator since then. */
  readonly cordonedAtMs: number | null;
  readonly drain: Drain | null;
  readonly maintenance: readonly MaintenanceWindow[];
  /** Absent: it is in none. */
  readonly quarantine?: Quarantine;
  /** Absent: nothing is known beside the benchmark in its facts. */
  readonly learntSpeed?: LearntSpeed;
}

/** What runs have taught about a worker's speed. */
export interface LearntSpeed {
  /** Plans take its benchmark times this. */
  readonly factor: number;
  /** How many of its latest runs say so. */
  readonly runs: number;
}

/** What a drain does to an attempt that runs now, or would do. */
export const drainFates = ["finishes", "stopped", "kept"] as const;
export type DrainFate = (typeof drainFates)[number];

/** What would become of a worker's work if it were drained. */
export interface DrainForecast {
  readonly attempts: readonly {
    readonly taskId: TaskId;
    readonly fate: DrainFate;
    /** Expected end at the median as things are, and with the drain; null: not known. */
    readonly endBeforeMs: number | null;
    readonly endAfterMs: number | null;
    /** Where it would run again; empty: on no other worker. */
    readonly nextWorker: string;
  }[];
  /** Waiting tasks that are planned on the worker and would be planned elsewhere, or not at all. */
  readonly moved: number;
  readonly unplaced: number;
  /** Running jobs whose predicted end would change. */
  readonly jobs: readonly {
    readonly jobId: JobId;
    readonly name: string;
    readonly finishBeforeMs: number | null;
    readonly finishAfterMs: number | null;
  }[];
}

export const healthStates = ["serving", "degraded", "starting"] as const;
export type Health = (typeof healthStates)[number];

export const plannerStates = ["connected", "unreachable", "hung", "off"] as const;

export interface PlannerStatus {
  readonly state: (typeof plannerStates)[number];
  readonly message: string;
  readonly plansReceived: number;
  readonly plansAdopted: number;
  readonly plansRejected: number;
  readonly lastHeardAtMs: number | null;
}

export interface ClusterStatus {
  readonly health: Health;
  readonly message: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly durability: "full" | "reduced";
  readonly planner: PlannerStatus;
  readonly jobsRunning: number;
  readonly tasksLive: number;
  readonly workersConnected: number;
  readonly version: string;
  readonly startedAtMs: number;
  readonly stateHash: string;
  /** Absent: the cluster has none. */
  readonly pools?: readonly PoolView[];
}

export interface PoolView {
  readonly name: string;
  readonly capacity: number;
  readonly consumable: boolean;
  /** Held by what runs. */
  readonly used: number;
  /** Gone for good. */
  readonly consumed: number;
}

/**
 * What a user submits, after validation and expansion: a job of tasks and dependencies. Tasks share
 * templates, so an array of ten thousand tasks stores its command once.
 */
import type { TaskData } from "./data.js";
import type { DriverName, DriverOptions } from "./drivers.js";
import type { ObjectiveWeights } from "./objective.js";
import type { GpuRequest, Resources } from "./resources.js";
import type { TaskSecrets } from "./secrets.js";

export { type DriverName, driverNames } from "./drivers.js";

/** How the attempt's program is started; a shell is used only where `script` asks for one. */
export type Program =
  | { readonly kind: "argv"; readonly argv: readonly string[] }
  | { readonly kind: "script"; readonly shell: readonly string[]; readonly script: string };

export interface Command {
  readonly program: Program;
  readonly env: Readonly<Record<string, string>>;
  /** null: a directory of its own for each attempt. */
  readonly workingDirectory: string | null;
  /** null: standard input is empty. */
  readonly stdin: string | null;
  /** Of the task's driver; null: its defaults. */
  readonly options: DriverOptions | null;
}

export const constraintOperators = ["=", "!=", "in", "not_in", "exists", "absent"] as const;

/** A condition on a worker's labels; the label `almanac.worker` is the worker's own name. */
export interface Constraint {
  readonly label: string;
  readonly operator: (typeof constraintOperators)[number];
  readonly values: readonly string[];
}

export interface RetryPolicy {
  /** Attempts in all, the first included; at least 1. */
  readonly attemptsMax: number;
  /** Delay before the second attempt; doubles with each further one. */
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  /** Exit codes after which it is not tried again. Absent: none. */
  readonly never?: readonly ExitCodes[];
  /** What it gets after it has run out of memory. Absent: the same again. */
  readonly moreMemory?: MoreMemory;
  /** It fails once so many attempts have gone down with their workers. Absent: `crashesDefault`. */
  readonly crashesMax?: number;
  /** What is tried once its own attempts are over. Absent: nothing. */
  readonly fallback?: Fallback;
}

/** From one to the other, both included. */
export interface ExitCodes {
  readonly from: number;
  readonly to: number;
}

export interface MoreMemory {
  /** Of what the attempt had that ran out of it; above 1. */
  readonly factor: number;
  /** What it asks for at most; what it asked for at first may be more, and stays. */
  readonly maxBytes: number;
}

export interface Fallback {
  /** A mode like others, of the name `fallback`. */
  readonly way: TaskMode;
  /** Attempts in all of the fallback. */
  readonly attemptsMax: number;
}

export const fallbackMode = "fallback";

/** Bystanders of a bad task go down with it, so the number is not small. */
export const crashesDefault = 5;

/** What happens to an attempt whose worker has gone silent. See reliability P4 in the docs. */
export type OnLost =
  | { readonly kind: "keep" }
  | { readonly kind: "stop"; readonly afterMs: number };

export interface UserEstimate {
  readonly p50Ms: number;
  readonly p90Ms: number;
}

export interface TaskTemplate {
  /** Name in the job file, before expansion; groups statistics of like tasks. */
  readonly name: string;
  readonly driver: DriverName;
  readonly command: Command;
  readonly resources: Resources;
  readonly gpu: GpuRequest | null;
  /** Amounts of cluster-wide pools held while an attempt is live. */
  readonly pools: Readonly<Record<string, number>>;
  readonly constraints: readonly Constraint[];
  /** Higher is more urgent; -1000 to 1000, 0 by default. */
  readonly priority: number;
  /** Wall-clock time by which each task should be done; null: none. */
  readonly deadlineAtMs: number | null;
  /** Duration on a worker of speed 1; null: the user does not know. */
  readonly estimate: UserEstimate | null;
  readonly retry: RetryPolicy;
  /** Limit of one attempt's run; null: none. */
  readonly timeoutMs: number | null;
  /** Time between SIGTERM and SIGKILL. */
  readonly killGraceMs: number;
  readonly onLost: OnLost;
  /** The task may run twice without harm, so a lost attempt is replaced at once. */
  readonly idempotent: boolean;
  /** Not started before this wall-clock time; null: at once. */
  readonly scheduledAtMs: number | null;
  /**
   * At most this many tasks of the job whose templates carry this name run at once (an array whose
   * command differs by element has several templates of one name); null: no limit.
   */
  readonly maxConcurrent: number | null;
  /** Bytes kept of each of stdout and stderr, of each attempt. */
  readonly logBytesMax: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** Files that it takes in and leaves behind. Absent: none. */
  readonly data?: TaskData;
  /** Secrets that each attempt is given, in whatever mode. Absent: none. */
  readonly secrets?: TaskSecrets;
  /** Tasks of the job that give the same name here start at one instant. Absent: it is in none. */
  readonly gang?: string;
  /** No two tasks of the group run in the same domain at once. Absent: it is in none. */
  readonly spread?: DomainGroup;
  /** All tasks of the group run in the same domain. Absent: it is in none. */
  readonly colocate?: DomainGroup;
  /** The deadline is one after which a run is of no use. Absent: being late only costs. */
  readonly hardDeadline?: boolean;
  /** It may be left out at this price, in units of a plan's value. Absent: it may not. */
  readonly skipPrice?: number;
  /** Its failure is not its job's. Absent: it is. */
  readonly mayFail?: boolean;
  /**
   * Several ways to run it, of which a plan chooses one for each attempt; what the template says
   * itself of these things then holds for none of them. Absent: the template is the only way.
   */
  readonly modes?: readonly TaskMode[];
}

/** One of several ways to run a task: all that may differ from one to the next. */
export interface TaskMode
  extends Pick<
    TaskTemplate,
    "driver" | "resources" | "gpu" | "pools" | "constraints" | "estimate" | "timeoutMs"
  > {
  /** Unique in the task. */
  readonly name: string;
  /** null: the template's. */
  readonly command: Command | null;
}

/** Tasks of a job that are placed with a view to one another. */
export interface DomainGroup {
  readonly group: string;
  /** The label whose values are the domains, or `worker`: each worker is one. */
  readonly by: string;
}

/** As `by` of a group: each worker is a domain of its own. */
export const byWorker = "worker";

export interface TaskEntry {
  /** Unique in the job; `train`, `train[7]`, `train[lr=0.1,seed=2]`. */
  readonly name: string;
  /** Index into `JobSpec.templates`. */
  readonly template: number;
  /** Added to the template's environment: array index, matrix values. */
  readonly env: Readonly<Record<string, string>>;
  /** Overrides the template's estimate; null: the template's holds. */
  readonly estimate: UserEstimate | null;
  /** Bytes that the task reads, where known: a feature of the duration predictor. */
  readonly inputBytes: number | null;
}

export const edgeConditions = ["success", "failure", "done"] as const;
export type EdgeCondition = (typeof edgeConditions)[number];

export interface Edge {
  /** Indices into `JobSpec.tasks`. */
  readonly from: number;
  readonly to: number;
  readonly on: EdgeCondition;
}

/** Another job that must end in a certain way before any task of this one starts. */
export interface JobDependency {
  readonly jobId: string;
  readonly on: EdgeCondition;
}

export interface JobSpec {
  readonly name: string;
  readonly namespace: string;
  readonly templates: readonly TaskTemplate[];
  readonly tasks: readonly TaskEntry[];
  /** Acyclic. */
  readonly edges: readonly Edge[];
  /** Jobs that are waited for; tasks without dependencies of their own are held until then. */
  readonly after: readonly JobDependency[];
  /** Limit from submission to the end of the job; null: none. */
  readonly timeoutMs: number | null;
  readonly deadlineAtMs: number | null;
  readonly objective: ObjectiveWeights | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** Attempts after failures, over all tasks. Absent: as many as the tasks allow. */
  readonly retryBudget?: number;
  /** Absent: every task must succeed. */
  readonly success?: SuccessRule;
}

/** When a job has succeeded though not all of its tasks have. */
export interface SuccessRule {
  /** Part of its tasks, above 0 and at most 1. */
  readonly atLeast: number;
}

/** The limits of a job, each tested at the limit and one past it. */
export const jobLimits = {
  tasks: 100_000,
  edges: 1_000_000,
  dependenciesPerTask: 10_000,
  templates: 20_000,
  nameLength: 128,
  argvLength: 1_024,
  argvBytes: 128 * 1024,
  envEntries: 512,
  envBytes: 128 * 1024,
  scriptBytes: 1024 * 1024,
  stdinBytes: 1024 * 1024,
  metadataEntries: 64,
  metadataBytes: 16 * 1024,
  constraints: 64,
  jobDependencies: 64,
  pools: 64,
  customResources: 16,
  attempts: 1_000,
  retryBudget: 1_000_000,
  exitCodeRanges: 64,
  memoryFactor: 100,
  specBytes: 32 * 1024 * 1024,
  logBytes: 1024 * 1024 * 1024,
  gangMembers: 256,
  groupMembers: 10_000,
  modes: 16,
} as const;

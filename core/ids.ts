/** Identifiers. Brands keep a TaskId from being passed where a JobId is meant. */
declare const brand: unique symbol;
type Brand<B extends string> = string & { readonly [brand]: B };

export type JobId = Brand<"JobId">;
/** `<job id>/<task name>`, so that a task is named on the command line as it is listed. */
export type TaskId = Brand<"TaskId">;
/** `<task id>#<attempt number>`; numbers start at 1 and are never used twice. */
export type AttemptId = Brand<"AttemptId">;
export type WorkerId = Brand<"WorkerId">;

export const jobId = (text: string): JobId => text as JobId;
export const workerId = (text: string): WorkerId => text as WorkerId;
export const taskId = (job: JobId, taskName: string): TaskId => `${job}/${taskName}` as TaskId;
export const attemptId = (task: TaskId, number: number): AttemptId =>
  `${task}#${number}` as AttemptId;

/** For identifiers that come from the wire or the journal and are known to be well formed. */
export const parseTaskId = (text: string): TaskId => text as TaskId;
export const parseAttemptId = (text: string): AttemptId => text as AttemptId;

export const jobOfTask = (task: TaskId): JobId => task.slice(0, task.indexOf("/")) as JobId;
export const nameOfTask = (task: TaskId): string => task.slice(task.indexOf("/") + 1);
export const taskOfAttempt = (attempt: AttemptId): TaskId =>
  attempt.slice(0, attempt.lastIndexOf("#")) as TaskId;
export const numberOfAttempt = (attempt: AttemptId): number =>
  Number(attempt.slice(attempt.lastIndexOf("#") + 1));

/**
 * One life of a worker. A new boot of the node or a new supervisor makes a new incarnation; a
 * reconnecting agent keeps its incarnation, because its attempts are still alive.
 */
export interface Incarnation {
  readonly worker: WorkerId;
  /** The node's boot id. */
  readonly boot: string;
  /** Drawn anew whenever a supervisor starts. */
  readonly session: string;
  /**
   * Of the durable list of attempts that the supervisor goes on with: whoever has the same one knows
   * of every attempt that was ever begun here. Absent: an older worker, which does not say.
   */
  readonly ledger?: string;
}

export const sameIncarnation = (a: Incarnation, b: Incarnation): boolean =>
  a.worker === b.worker && a.boot === b.boot && a.session === b.session;

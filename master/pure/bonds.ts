/** Tasks of a job that start together, keep apart or stay together: what launching must heed. */
import { byWorker, type JobSpec, type TaskTemplate } from "../../core/job.js";
import type { Bond, State, Task, WorkerRecord } from "./state.js";
import { isEnded, liveAttempt } from "./state.js";

/** The bonds of each template of a job; members come with the tasks. */
export function bondsOf({ templates }: JobSpec): readonly (readonly Bond[])[] {
  const known = new Map<string, Bond>();
  const bond = (kind: Bond["kind"], name: string, by: string): Bond => {
    const key = `${kind} ${name}`;
    const found = known.get(key) ?? { kind, name, by, members: [] };
    known.set(key, found);
    return found;
  };
  return templates.map(({ gang, spread, colocate }) => [
    ...(gang === undefined ? [] : [bond("gang", gang, byWorker)]),
    ...(spread === undefined ? [] : [bond("spread", spread.group, spread.by)]),
    ...(colocate === undefined ? [] : [bond("colocate", colocate.group, colocate.by)]),
  ]);
}

/** Labels without which a worker is in no domain of the template's groups. */
export function* domainLabels({ spread, colocate }: TaskTemplate): Iterable<string> {
  if (spread !== undefined && spread.by !== byWorker) yield spread.by;
  if (colocate !== undefined && colocate.by !== byWorker) yield colocate.by;
}

export const domainOf = (by: string, { id, facts }: WorkerRecord): string =>
  by === byWorker ? id : (facts.labels[by] ?? "");

/**
 * Whether what runs now of a task's groups leaves it this worker; unknown attempts count too.
 * `soon`: where those are about to be that do not run.
 */
export function bondsAllow(
  state: State,
  task: Task,
  worker: WorkerRecord | undefined,
  soon: (task: Task) => WorkerRecord | undefined = () => undefined,
): boolean {
  if (worker === undefined) return false;
  for (const { kind, by, members } of task.bonds) {
    if (kind === "gang") continue;
    const domain = domainOf(by, worker);
    for (const member of members) {
      const at = member === task ? undefined : (workerOf(state, member) ?? soon(member));
      if (at === undefined) continue;
      if ((domainOf(by, at) === domain) === (kind === "spread")) return false;
    }
  }
  return true;
}

function workerOf(state: State, task: Task): WorkerRecord | undefined {
  const attempt = liveAttempt(task);
  return attempt === null ? undefined : state.workers.get(attempt.worker);
}

/**
 * Where a colocating group has run last: as long as a worker there could run them, its others
 * follow, for what was left may lie there. null: nowhere yet.
 */
export function anchorOf(state: State, { by, members }: Bond): Anchor | null {
  let lastMs = Number.NEGATIVE_INFINITY;
  let last: WorkerRecord | undefined;
  for (const member of members) {
    const attempt = member.attempts.at(-1);
    if (attempt === undefined || attempt.launchedAtMs <= lastMs) continue;
    lastMs = attempt.launchedAtMs;
    last = state.workers.get(attempt.worker);
  }
  return last === undefined ? null : { by, domain: domainOf(by, last) };
}

export interface Anchor {
  readonly by: string;
  readonly domain: string;
}

/** Members of the task's gang that are still to be started, itself among them; null: it is in none. */
export function waitingGang(task: Task): readonly Task[] | null {
  const gang = task.bonds.find(({ kind }) => kind === "gang");
  return gang === undefined ? null : gang.members.filter(isWaiting);
}

/** What is being stopped with its gang will wait again. */
const isWaiting = (task: Task): boolean =>
  !isEnded(task) && (task.status.kind !== "live" || isReleased(task));

export function isReleased(task: Task): boolean {
  const status = liveAttempt(task)?.status;
  if (status?.kind === "stopping") return status.reason === "released";
  return status?.kind === "unknown" && status.stopReason === "released";
}

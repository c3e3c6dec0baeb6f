/**
 * One of an array first, where nothing is known of it: what it took makes the plan of the rest (SLearn,
 * arXiv 2108.10464). Of each kind of which nothing has succeeded and nothing runs, the task that is
 * planned first goes ahead of what is left of other arrays on its worker. Only ahead of tasks that
 * ask for at least as much and stand in no higher rank, so that no capacity waits for it.
 */
import { chargedResources } from "../../core/charge.js";
import { hasSucceeded } from "../../core/estimate.js";
import type { WorkerId } from "../../core/ids.js";
import { fits } from "../../core/resources.js";
import type { State, Task } from "./state.js";
import { isPaused } from "./state.js";
import { kindOfWay, wayNow } from "./ways.js";

/** A task in a worker's queue. */
export interface Queued {
  readonly task: Task;
  /** Lower ones first. */
  turn: number;
}

/** Changes the turns of tasks that go first, in place. */
export function letPilotsGoFirst(
  state: State,
  queues: ReadonlyMap<WorkerId, readonly Queued[]>,
): void {
  const running = new Set([...state.index.live].map((task) => kindOf(state, task)));
  const isCold = (kind: string): boolean =>
    !running.has(kind) && !hasSucceeded(state.statistics, kind);
  for (const [pilot, queue] of firstOfArrays(state, queues, isCold)) {
    let ahead = pilot.turn;
    for (const other of queue) {
      if (other.turn >= ahead || !mayYield(other.task, pilot.task)) continue;
      if (!isCold(kindOf(state, other.task))) ahead = other.turn;
    }
    if (ahead < pilot.turn) pilot.turn = ahead - 0.5;
  }
}

/** Of each cold kind with several tasks that are ready the one that is planned first, and its queue. */
function firstOfArrays(
  state: State,
  queues: ReadonlyMap<WorkerId, readonly Queued[]>,
  isCold: (kind: string) => boolean,
): ReadonlyMap<Queued, readonly Queued[]> {
  const first = new Map<string, { pilot: Queued; queue: readonly Queued[]; count: number }>();
  for (const queue of queues.values()) {
    for (const queued of queue) {
      if (!isUnknown(queued.task)) continue;
      const kind = kindOf(state, queued.task);
      if (!isCold(kind)) continue;
      const known = first.get(kind);
      if (known === undefined) first.set(kind, { pilot: queued, queue, count: 1 });
      else {
        known.count++;
        if (queued.turn < known.pilot.turn) Object.assign(known, { pilot: queued, queue });
      }
    }
  }
  const several = [...first.values()].filter(({ count }) => count > 1);
  return new Map(several.map(({ pilot, queue }) => [pilot, queue]));
}

/** It could start, waits for nobody, and nobody has said how long it takes. */
function isUnknown(task: Task): boolean {
  const { status, entry, template, bonds } = task;
  if (status.kind !== "ready" || isPaused(task)) return false;
  if (entry.estimate !== null || template.estimate !== null || bonds.length > 0) return false;
  return task.ways.length === 1 && template.gpu === null && isEmpty(template.pools);
}

/** Whether it stands in no higher rank, and its place would hold the other as well. */
function mayYield(task: Task, to: Task): boolean {
  if (task.status.kind !== "ready" || task.bonds.length > 0) return false;
  const { priority, deadlineAtMs } = task.template;
  if (deadlineAtMs !== null || task.job.spec.deadlineAtMs !== null) return false;
  if (priority > to.template.priority) return false;
  return fits(chargedResources(to.template), chargedResources(task.template));
}

const kindOf = (state: State, task: Task): string => kindOfWay(wayNow(state, task));

const isEmpty = (pools: Readonly<Record<string, number>>): boolean =>
  Object.keys(pools).length === 0;

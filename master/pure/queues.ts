/** In which order each worker looks at what is planned on it. */
import { letPilotsGoFirst, type Queued } from "./pilots.js";
import type { Job, State, Task, WorkerRecord } from "./state.js";
import { isEnded } from "./state.js";

/** Unstarted tasks of a worker's queue that one pass of dispatch looks at. */
export const lookAhead = 64;

/** Planned tasks of each worker by their turn; rebuilt when the plan, or who waits, has changed. */
export function queuesOf(state: State): Map<WorkerRecord["id"], Task[]> {
  if (state.index.queues !== null) return state.index.queues;
  const timed = new Map<WorkerRecord["id"], Queued[]>();
  const turns = new Map<Job, Float64Array>();
  for (const [id, { worker }] of state.plan.entries) {
    const task = state.tasks.get(id);
    if (task === undefined || isEnded(task)) continue;
    const ofJob = turns.get(task.job) ?? turnsOf(state, task.job);
    turns.set(task.job, ofJob);
    const queue = timed.get(worker) ?? [];
    timed.set(worker, queue);
    queue.push({ task, turn: ofJob[task.index] ?? 0 });
  }
  letPilotsGoFirst(state, timed);
  const queues = new Map<WorkerRecord["id"], Task[]>();
  for (const [worker, queue] of timed) {
    queue.sort((a, b) => a.turn - b.turn);
    queues.set(
      worker,
      queue.map(({ task }) => task),
    );
  }
  state.index.queues = queues;
  return queues;
}

/**
 * Planned starts, but never before that of something it waits for: a task that failed after it had
 * gone early is planned later than what was planned behind its run. Places that those hold must
 * not keep it from starting.
 */
function turnsOf(state: State, job: Job): Float64Array {
  const turns = new Float64Array(job.tasks.length);
  for (const index of job.topological) {
    const task = job.tasks[index];
    if (task === undefined || isEnded(task) || task.status.kind === "live") continue;
    let turn = state.plan.entries.get(task.id)?.startAtMs ?? 0;
    for (let i = job.firstIn[index] ?? 0; i < (job.firstIn[index + 1] ?? 0); i++) {
      const from = job.spec.edges[job.edgesIn[i] ?? -1]?.from ?? -1;
      const before = turns[from] ?? 0;
      if (before >= turn && before > 0) turn = before + 1;
    }
    turns[index] = turn;
  }
  return turns;
}

/** Keeps a pass from walking over what is done; the order of the rest is untouched. */
export function dropEndedHead(queue: Task[]): void {
  let ended = 0;
  while (ended < queue.length) {
    const task = queue[ended];
    if (task === undefined || !isEnded(task)) break;
    ended++;
  }
  if (ended >= lookAhead) queue.splice(0, ended);
}

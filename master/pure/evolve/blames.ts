/**
 * Which ends of attempts are held against the worker they happened on, and which speak for it. A
 * task of a kind that has never succeeded may be what is broken: it counts once for all of its kind,
 * and not at all once the kind has failed on another worker too.
 */
import { hasSucceeded } from "../../../core/estimate.js";
import type { Outcome } from "../../../core/worker.js";
import { crashKind, recentBlames } from "../quarantine.js";
import type { Attempt, Blame, State, Task, Way, WorkerRecord } from "../state.js";
import { kindOfWay } from "../ways.js";
import { touchWorker, workerOf } from "./entities.js";

/** More is not needed to tell, and a list is written with each change of its worker. */
const keptMax = 16;
/** All that a worker takes down with it is one failure of its own. */
const sameCrashMs = 60_000;

/** After the attempt has ended. `wasStopped`: somebody had asked for that. */
export function blameFor(
  state: State,
  { task, attempt, way }: { readonly task: Task; readonly attempt: Attempt; readonly way: Way },
  wasStopped: boolean,
  atMs: number,
): void {
  const { status } = attempt;
  const worker = workerOf(state, attempt.worker);
  if (status.kind !== "ended") return;
  const { outcome, fault } = status;
  if (outcome.kind === "exited" && outcome.exitCode === 0) {
    // The oldest: what fails now and then is not what fails again and again.
    if (worker.blames.length > 0) setBlames(state, worker, recentBlames(worker, atMs).slice(1));
    return;
  }
  if (fault === "worker_down" || outcome.kind === "supervisor_lost") {
    const known = worker.blames.findLast(({ kind }) => kind === crashKind);
    if (known !== undefined && atMs - known.atMs < sameCrashMs) return;
    return add(state, worker, { kind: crashKind, task: null, atMs });
  }
  if (wasStopped || !(fault === "refused" || speaksOfWorker(outcome))) return;
  const kind = kindOfWay(way);
  if (hasSucceeded(state.statistics, kind))
    return add(state, worker, { kind, task: task.id, atMs });
  if (!failsElsewhere(state, worker, kind)) add(state, worker, { kind, task: null, atMs });
}

/** What a task asked for itself (memory, outputs) is its own affair. */
function speaksOfWorker({ kind }: Outcome): boolean {
  return (
    kind === "exited" ||
    kind === "signalled" ||
    kind === "timed_out" ||
    kind === "not_started" ||
    kind === "input_unavailable"
  );
}

/** Takes it back from the others: it is the kind's own fault. */
function failsElsewhere(state: State, worker: WorkerRecord, kind: string): boolean {
  let found = false;
  for (const other of state.workers.values()) {
    if (other === worker || !other.blames.some((blame) => blame.kind === kind)) continue;
    found = true;
    setBlames(
      state,
      other,
      other.blames.filter((blame) => blame.kind !== kind),
    );
  }
  return found;
}

function add(state: State, worker: WorkerRecord, blame: Blame): void {
  const recent = recentBlames(worker, blame.atMs);
  const isSame = ({ kind, task }: Blame): boolean =>
    kind === blame.kind && task === blame.task && kind !== crashKind;
  const others = recent.filter((one) => !isSame(one));
  setBlames(state, worker, [...others, blame].slice(-keptMax));
}

function setBlames(state: State, worker: WorkerRecord, blames: readonly Blame[]): void {
  worker.blames = blames;
  touchWorker(state, worker);
}

/** What the passing of time brings about. Timers are state, so they survive a restart. */
import type { WorkerId } from "../../core/ids.js";
import { forgetKeys, nextKeyForgotten } from "./archive.js";
import { endJobEarly } from "./cancel.js";
import type { Decision } from "./commands.js";
import { noReply } from "./commands.js";
import { drainTimer, goOnDraining } from "./drain.js";
import { settleHeld } from "./endings.js";
import type { Event } from "./events.js";
import { endHopeless, latestStartMs } from "./leaving-out.js";
import { endMaintenance, maintenanceTimer } from "./maintenance.js";
import { endAttempt } from "./outcome.js";
import { overrunTimer, tellOverruns } from "./overruns.js";
import { endQuarantines, quarantineTimer } from "./quarantine.js";
import { faultOf, loseWorker, lost } from "./session.js";
import type { State } from "./state.js";
import { isEnded, liveAttempt } from "./state.js";

export function* tick(
  state: State,
  lastHeard: ReadonlyMap<WorkerId, number>,
  nowMs: number,
): Decision {
  yield* loseSilentWorkers(state, lastHeard, nowMs);
  yield* giveUpUnknown(state, nowMs);
  yield* endQuarantines(state, nowMs);
  for (const worker of state.workers.values()) {
    yield* goOnDraining(worker, nowMs);
    yield* endMaintenance(worker, nowMs);
  }
  yield* tellOverruns(state, nowMs);
  yield* endHopeless(state, nowMs);
  for (const task of [...state.index.backoff]) {
    if (task.status.kind === "backoff" && task.status.untilMs <= nowMs) {
      yield { type: "TaskReleased", task: task.id };
    }
  }
  for (const task of [...state.index.held]) {
    if (!isEnded(task)) yield* settleHeld(state, task, nowMs);
  }
  yield* forgetKeys(state, nowMs);
  for (const job of [...state.index.openJobs]) {
    const { timeoutMs } = job.spec;
    if (timeoutMs === null || job.ending !== null || job.pausedAtMs !== null) continue;
    if (nowMs - job.timeoutFromMs >= timeoutMs) {
      yield* endJobEarly(state, job, "timed_out", "the job ran past its timeout");
    }
  }
  return noReply;
}

function* loseSilentWorkers(
  state: State,
  lastHeard: ReadonlyMap<WorkerId, number>,
  nowMs: number,
): Generator<Event, void, void> {
  for (const worker of state.workers.values()) {
    if (worker.state === "lost") continue;
    // Never heard in this epoch: a new leader starts all silence clocks anew.
    const heardAtMs = lastHeard.get(worker.id) ?? nowMs;
    if (nowMs - heardAtMs > state.settings.silenceLimitMs) {
      yield* loseWorker(state, worker, heardAtMs, nowMs);
    }
  }
}

/** By now the supervisor must have stopped them, wherever they are. */
function* giveUpUnknown(state: State, nowMs: number): Generator<Event, void, void> {
  for (const task of [...state.index.unknown]) {
    const attempt = liveAttempt(task);
    if (attempt?.status.kind !== "unknown") continue;
    const { untilMs } = attempt.status;
    if (untilMs === null || nowMs < untilMs) continue;
    const end = lost("its worker did not return", nowMs, faultOf(attempt));
    yield* endAttempt(state, attempt.id, end, nowMs);
  }
}

/** When the next Tick can change anything, in wall-clock milliseconds; null: never. */
export function nextWake(state: State, lastHeard: ReadonlyMap<WorkerId, number>): number | null {
  let atMs = Number.POSITIVE_INFINITY;
  for (const timer of timers(state, lastHeard)) atMs = Math.min(atMs, timer);
  return Number.isFinite(atMs) ? atMs : null;
}

function* timers(state: State, lastHeard: ReadonlyMap<WorkerId, number>): Iterable<number> {
  for (const worker of state.workers.values()) {
    yield drainTimer(worker) ?? Number.POSITIVE_INFINITY;
    yield maintenanceTimer(worker);
    const heardAtMs = lastHeard.get(worker.id);
    if (worker.state === "lost" || heardAtMs === undefined) continue;
    yield heardAtMs + state.settings.silenceLimitMs + 1;
  }
  for (const task of state.index.unknown) {
    const status = liveAttempt(task)?.status;
    if (status?.kind === "unknown" && status.untilMs !== null) yield status.untilMs;
  }
  for (const task of state.index.backoff) {
    if (task.status.kind === "backoff") yield task.status.untilMs;
  }
  for (const { template } of state.index.held) {
    if (template.scheduledAtMs !== null) yield template.scheduledAtMs;
  }
  yield nextKeyForgotten(state) ?? Number.POSITIVE_INFINITY;
  for (const task of state.index.hard) yield latestStartMs(state, task) + 1;
  yield quarantineTimer(state);
  yield overrunTimer(state);
  for (const { spec, ending, timeoutFromMs, pausedAtMs } of state.index.openJobs) {
    if (spec.timeoutMs === null || ending !== null || pausedAtMs !== null) continue;
    yield timeoutFromMs + spec.timeoutMs;
  }
}

/** Events of attempts: what they are charged for, and what their ends teach. */
import { chargedResources } from "../../../core/charge.js";
import { hasSucceeded, observe } from "../../../core/estimate.js";
import type { AttemptId } from "../../../core/ids.js";
import { numberOfAttempt, taskOfAttempt } from "../../../core/ids.js";
import type { TaskTemplate } from "../../../core/job.js";
import { addResources, subtractResources } from "../../../core/resources.js";
import { assert } from "../../../core/result.js";
import type { Launching } from "../events.js";
import { touch } from "../hash.js";
import { expectEnd, expectNoEnd, standsStill } from "../overruns.js";
import { heldForMs } from "../pausing.js";
import { speedOf } from "../speed.js";
import type { Attempt, AttemptStatus, State, Task } from "../state.js";
import { kindOfWay, wayNamed } from "../ways.js";
import { blameFor } from "./blames.js";
import { claimFor, learnRun } from "./calibration.js";
import {
  liveAttemptOf,
  type Of,
  setStatus,
  taskOf,
  touchJob,
  touchTask,
  touchWorker,
  workerOf,
} from "./entities.js";
import { learnEnd } from "./experience.js";
import { learnSpeed } from "./speed.js";

/** Share of a new sample in the running mean of the overhead. */
const overheadGain = 0.1;
/** A report that was this late waited for something else than the launch: a master, say. */
const overheadMaxMs = 1_000;

export function attemptLaunched(state: State, event: Launching, atMs: number): void {
  const task = taskOf(state, taskOfAttempt(event.attempt));
  const worker = workerOf(state, event.worker);
  const way = wayNamed(task, event.mode);
  const { named, template } = way;
  claimFor(state, event.attempt, task, way);
  const { secrets } = event;
  const attempt: Attempt = {
    id: event.attempt,
    number: numberOfAttempt(event.attempt),
    worker: event.worker,
    session: worker.incarnation.session,
    devices: event.devices,
    ...named,
    ...(secrets === undefined ? {} : { secrets }),
    launchedAtMs: atMs,
    launchedSequence: state.seq,
    status: { kind: "launching" },
  };
  task.attempts.push(attempt);
  expectEnd(state, task, attempt, atMs);
  if (task.job.startedAtMs === null) {
    task.job.startedAtMs = atMs;
    touchJob(state, task.job);
  }
  worker.live.set(event.attempt, task);
  worker.used = addResources(worker.used, chargedResources(template));
  charge(state, task, template, 1);
  setStatus(state, task, { kind: "live" });
  touchWorker(state, worker);
}

export function gangLaunched(state: State, event: Of<"GangLaunched">, atMs: number): void {
  for (const launching of event.attempts) attemptLaunched(state, launching, atMs);
}

export function attemptStarted(
  state: State,
  { attempt: id, startedAtMs }: Of<"AttemptStarted" | "AttemptRecovered">,
  atMs: number,
): void {
  const { task, attempt } = liveAttemptOf(state, id);
  const { status } = attempt;
  if (status.kind === "unknown" && !standsStill(attempt)) expectEnd(state, task, attempt, atMs);
  state.index.unknown.delete(task);
  const stopReason =
    status.kind === "stopping"
      ? status.reason
      : status.kind === "unknown"
        ? status.stopReason
        : null;
  setAttempt(
    state,
    task,
    attempt,
    stopReason === null
      ? { kind: "running", startedAtMs }
      : { kind: "stopping", startedAtMs, reason: stopReason },
  );
}

export function attemptStopRequested(state: State, event: Of<"AttemptStopRequested">): void {
  const { task, attempt } = liveAttemptOf(state, event.attempt);
  const { status } = attempt;
  if (status.kind === "unknown") {
    return setAttempt(state, task, attempt, { ...status, stopReason: event.reason });
  }
  const startedAtMs = status.kind === "running" ? status.startedAtMs : null;
  setAttempt(state, task, attempt, { kind: "stopping", startedAtMs, reason: event.reason });
}

export function attemptBecameUnknown(state: State, event: Of<"AttemptBecameUnknown">): void {
  const { task, attempt } = liveAttemptOf(state, event.attempt);
  const { status } = attempt;
  const startedAtMs =
    status.kind === "launching" || status.kind === "ended" ? null : status.startedAtMs;
  const stopReason = status.kind === "stopping" ? status.reason : null;
  state.index.unknown.add(task);
  expectNoEnd(state, attempt);
  state.facts++;
  setAttempt(state, task, attempt, {
    kind: "unknown",
    startedAtMs,
    untilMs: event.untilMs,
    stopReason,
  });
}

/** Given up as of now, whatever it was kept for. */
export function attemptResolved(state: State, id: AttemptId, atMs: number): void {
  const { task, attempt } = liveAttemptOf(state, id);
  assert(attempt.status.kind === "unknown", `attempt ${id} is known`);
  setAttempt(state, task, attempt, { ...attempt.status, untilMs: atMs });
}

export function attemptEnded(state: State, event: Of<"AttemptEnded">, atMs: number): void {
  const { task, attempt } = liveAttemptOf(state, event.attempt);
  const worker = workerOf(state, attempt.worker);
  const { startedAtMs, endedAtMs, outcome, usage, outputs, fault } = event;
  const { status: before } = attempt;
  const hadStarted =
    before.kind !== "launching" && before.kind !== "ended" && before.startedAtMs !== null;
  const left = {
    ...(outputs === undefined ? {} : { outputs }),
    ...(fault === undefined ? {} : { fault }),
  };
  const ended = { kind: "ended" as const, startedAtMs, endedAtMs, outcome, usage, ...left };
  const way = wayNamed(task, attempt.mode);
  const { template, groups } = way;
  const pausedMs = heldForMs(attempt, endedAtMs);
  attempt.endedSequence = state.seq;
  setAttempt(state, task, attempt, ended);
  state.index.unknown.delete(task);
  expectNoEnd(state, attempt);
  worker.live.delete(attempt.id);
  worker.used = subtractResources(worker.used, chargedResources(template));
  charge(state, task, template, -1);
  if (startedAtMs !== null || hadStarted) consume(state, template);
  if (!task.job.progressed) {
    task.job.progressed = true;
    touchJob(state, task.job);
  }
  state.facts++;
  touchWorker(state, worker);
  blameFor(state, { task, attempt, way }, isAsked(before), atMs);
  learnEnd(state, way, ended, isAsked(before));
  const succeeded = startedAtMs !== null && outcome.kind === "exited" && outcome.exitCode === 0;
  // Of a kind of which nothing is known, another one is to go first now.
  if (!succeeded && !hasSucceeded(state.statistics, kindOfWay(way))) state.index.queues = null;
  const ranMs = Math.max(0, endedAtMs - (startedAtMs ?? endedAtMs) - pausedMs);
  learnRun(state, attempt.id, succeeded ? ranMs * speedOf(worker) : null);
  if (startedAtMs === null || outcome.kind !== "exited") return;
  // Failed runs are not labels for durations: they end early.
  if (succeeded) {
    learnSpeed(state, worker, { task, way, ranMs });
    observe(state.statistics, groups, ranMs * speedOf(worker), template.estimate);
  }
  const overheadMs = Math.max(0, atMs - attempt.launchedAtMs - ranMs - pausedMs);
  if (overheadMs > overheadMaxMs) return;
  state.overheadMs += overheadGain * (overheadMs - state.overheadMs);
}

const isAsked = (status: AttemptStatus): boolean =>
  status.kind === "stopping" || (status.kind === "unknown" && status.stopReason !== null);

export function attemptHeld(state: State, event: Of<"AttemptHeld">, atMs: number): void {
  const { task, attempt } = liveAttemptOf(state, event.attempt);
  const { sinceMs = null } = attempt.held ?? {};
  const problem = event.problem === undefined ? {} : { problem: event.problem };
  attempt.held = {
    sinceMs: event.held ? (sinceMs ?? atMs) : null,
    totalMs: event.held ? (attempt.held?.totalMs ?? 0) : heldForMs(attempt, atMs),
    ...problem,
  };
  if (standsStill(attempt)) expectNoEnd(state, attempt);
  else if (attempt.status.kind !== "unknown") expectEnd(state, task, attempt, atMs);
  state.facts++;
  touchTask(state, task);
}

function charge(state: State, task: Task, { pools }: TaskTemplate, sign: 1 | -1): void {
  for (const [pool, amount] of Object.entries(pools)) {
    state.poolUse.set(pool, (state.poolUse.get(pool) ?? 0) + sign * amount);
  }
  const { liveInGroup, groupOfTemplate } = task.job;
  const group = groupOfTemplate[task.entry.template] ?? 0;
  liveInGroup[group] = (liveInGroup[group] ?? 0) + sign;
}

/** What its attempt has taken of consumable pools is gone; what never began took nothing. */
function consume(state: State, template: TaskTemplate): void {
  for (const { name, consumable } of state.settings.pools) {
    const amount = template.pools[name] ?? 0;
    if (consumable !== true || amount === 0) continue;
    const consumed = (state.poolConsumed.get(name) ?? 0) + amount;
    state.poolConsumed.set(name, consumed);
    touchPool(state, name);
  }
}

export const touchPool = (state: State, name: string): void =>
  touch(state.hash, `pool/${name}`, () => String(state.poolConsumed.get(name)));

function setAttempt(state: State, task: Task, attempt: Attempt, status: AttemptStatus): void {
  attempt.status = status;
  touchTask(state, task);
}

/** What workers say: they register, come back, report, refuse and fall silent. */
import { matchesGlob } from "../../core/glob.js";
import type { AttemptId, Incarnation } from "../../core/ids.js";
import { sameIncarnation, taskOfAttempt } from "../../core/ids.js";
import { fail } from "../../core/result.js";
import type { AttemptFinished, Hello } from "../../core/session.js";
import type { Command, Decision } from "./commands.js";
import { noReply } from "./commands.js";
import type { Event, Fault } from "./events.js";
import { type AttemptEnd, endAttempt } from "./outcome.js";
import { takeHeld } from "./pausing.js";
import type { Attempt, State, Task, WorkerRecord } from "./state.js";
import { liveAttempt } from "./state.js";

export const workersMax = 10_000;

/**
 * A worker says who it is and all that is still true. Attempts it still runs are taken up;
 * reports that no master acknowledged are taken in; what it has never heard of is given up, or
 * launched again where the launch may have been lost on the way.
 */
export function* workerHello(state: State, hello: Hello, nowMs: number): Decision {
  const { incarnation, facts } = hello;
  const before = state.workers.get(incarnation.worker);
  if (before === undefined && state.workers.size >= workersMax) {
    return fail("limit_exceeded", "no more workers can join", [
      { field: "worker", message: "workers known to the master", limit: workersMax },
    ]);
  }
  if (facts.name !== incarnation.worker) {
    return fail("invalid_argument", "a worker's name and its incarnation differ", [
      { field: "facts.name", message: `is ${facts.name}, incarnation says ${incarnation.worker}` },
    ]);
  }
  const returning = before !== undefined && sameIncarnation(before.incarnation, incarnation);
  const knows = whatItKnows(before?.incarnation, incarnation);
  if (before !== undefined && knows === "nothing" && before.state !== "lost") {
    yield* loseWorker(state, before, nowMs, nowMs);
  }
  yield { type: "WorkerRegistered", incarnation, facts };

  yield* takeReports(state, incarnation, hello.unacknowledged, nowMs);
  for (const started of hello.live) {
    const found = liveOn(state, started.attempt, incarnation);
    if (found !== null) yield* takeUp(found.attempt, started.startedAtMs);
  }
  const alive = new Set(hello.live.map((started) => started.attempt));
  for (const attempt of forgotten(state, incarnation, alive)) {
    if (returning && attempt.status.kind === "launching") continue;
    if (knows !== "all" && attempt.status.kind === "unknown") continue;
    const end = lost("its worker no longer knows it", nowMs, faultOf(attempt));
    yield* endAttempt(state, attempt.id, end, nowMs);
  }
  const held = new Set(hello.held ?? []);
  for (const { attempt } of hello.live) {
    const found = liveOn(state, attempt, incarnation);
    if (found !== null) {
      yield* takeHeld(found.attempt, { held: held.has(attempt), problem: null });
    }
  }
  return noReply;
}

/**
 * Of what was begun on the worker before. A supervisor with another ledger, on a machine that was
 * not off meanwhile, knows nothing: it may all still run. `unsaid`: by an older worker.
 */
function whatItKnows(
  before: Incarnation | undefined,
  now: Incarnation,
): "all" | "nothing" | "unsaid" {
  if (before === undefined || before.boot !== now.boot || sameIncarnation(before, now))
    return "all";
  if (before.ledger === undefined || now.ledger === undefined) return "unsaid";
  return before.ledger === now.ledger ? "all" : "nothing";
}

function* takeUp(attempt: Attempt, startedAtMs: number): Generator<Event, void, void> {
  if (attempt.status.kind === "unknown") {
    yield { type: "AttemptRecovered", attempt: attempt.id, startedAtMs };
  } else if (attempt.status.kind === "launching") {
    yield { type: "AttemptStarted", attempt: attempt.id, startedAtMs };
  }
}

/** Attempts charged to the worker that its Hello does not list. */
function forgotten(
  state: State,
  incarnation: Incarnation,
  alive: ReadonlySet<AttemptId>,
): Attempt[] {
  const worker = state.workers.get(incarnation.worker);
  const attempts: Attempt[] = [];
  for (const [id, task] of worker?.live ?? []) {
    const attempt = liveAttempt(task);
    if (!alive.has(id) && attempt !== null) attempts.push(attempt);
  }
  return attempts;
}

export function* workerReport(
  state: State,
  command: Extract<Command, { type: "WorkerReport" }>,
  nowMs: number,
): Decision {
  const worker = state.workers.get(command.incarnation.worker);
  if (worker === undefined || !sameIncarnation(worker.incarnation, command.incarnation)) {
    return fail("failed_precondition", `${command.incarnation.worker} has a newer incarnation`);
  }
  for (const started of command.started) {
    const found = liveOn(state, started.attempt, command.incarnation);
    if (found !== null) yield* takeUp(found.attempt, started.startedAtMs);
  }
  yield* takeReports(state, command.incarnation, command.finished, nowMs);
  for (const refusal of command.refused) {
    const found = liveOn(state, refusal.attempt, command.incarnation);
    if (found === null) continue;
    const message = `refused (${refusal.reason}): ${refusal.message}`;
    yield* releaseGang(found.task, found.attempt);
    // One that is leaving, or obeys a newer master, has done nothing wrong.
    const { reason } = refusal;
    const isWrong = reason === "no_capacity" || reason === "unknown_driver";
    const end = lost(message, nowMs, isWrong ? "refused" : null);
    yield* endAttempt(state, refusal.attempt, end, nowMs);
  }
  for (const answer of command.held ?? []) {
    const found = liveOn(state, answer.attempt, command.incarnation);
    if (found !== null) yield* takeHeld(found.attempt, answer);
  }
  return noReply;
}

/** What was launched with a refused attempt is stopped, and waits again for all to start together. */
function* releaseGang(task: Task, refused: Attempt): Generator<Event, void, void> {
  for (const { kind, members } of task.bonds) {
    if (kind !== "gang") continue;
    for (const member of members) {
      const attempt = member === task ? null : liveAttempt(member);
      if (attempt === null || attempt.launchedAtMs !== refused.launchedAtMs) continue;
      if (attempt.status.kind === "stopping") continue;
      yield { type: "AttemptStopRequested", attempt: attempt.id, reason: "released" };
    }
  }
}

/** A report counts if its attempt is live on that worker; any other is a duplicate or too late. */
function* takeReports(
  state: State,
  incarnation: Incarnation,
  reports: readonly AttemptFinished[],
  nowMs: number,
): Generator<Event, void, void> {
  for (const { attempt, outcome, usage, startedAtMs, endedAtMs, outputs = [] } of reports) {
    const found = liveOn(state, attempt, incarnation);
    if (found === null) continue;
    // Files that the task does not declare were never asked for.
    const declared = found.task.template.data?.outputs ?? [];
    const left = outputs.filter((file) =>
      declared.some(({ path }) => matchesGlob(path, file.path)),
    );
    const end = { outcome, usage, startedAtMs, endedAtMs };
    const whole = left.length === 0 ? end : { ...end, outputs: left };
    yield* endAttempt(state, attempt, whole, nowMs);
  }
}

function liveOn(
  state: State,
  id: AttemptId,
  incarnation: Incarnation,
): { task: Task; attempt: Attempt } | null {
  const task = state.tasks.get(taskOfAttempt(id));
  const attempt = task === undefined ? null : liveAttempt(task);
  if (task === undefined || attempt === null) return null;
  return attempt.id === id && attempt.worker === incarnation.worker ? { task, attempt } : null;
}

export function* workerDisconnected(state: State, incarnation: Incarnation): Decision {
  const worker = state.workers.get(incarnation.worker);
  const current = worker !== undefined && sameIncarnation(worker.incarnation, incarnation);
  if (current && worker.state === "connected") {
    yield { type: "WorkerDisconnected", worker: worker.id };
  }
  return noReply;
}

/**
 * The worker has been silent for too long. What may run twice is replaced at once; the rest is
 * unknown until its worker returns or, where the task says so, until it must have been stopped.
 */
export function* loseWorker(
  state: State,
  worker: WorkerRecord,
  lastHeardAtMs: number,
  nowMs: number,
): Generator<Event, void, void> {
  yield { type: "WorkerLost", worker: worker.id, lastHeardAtMs };
  for (const [id, task] of [...worker.live]) {
    const attempt = liveAttempt(task);
    if (attempt === null || attempt.status.kind === "unknown") continue;
    if (task.template.idempotent) {
      const end = lost("its worker was lost", nowMs, faultOf(attempt));
      yield* endAttempt(state, id, end, nowMs);
      continue;
    }
    const { onLost, killGraceMs } = task.template;
    const untilMs =
      onLost.kind === "keep"
        ? null
        : lastHeardAtMs + onLost.afterMs + killGraceMs + state.settings.clockMarginMs;
    yield { type: "AttemptBecameUnknown", attempt: id, untilMs };
  }
}

export const lost = (message: string, nowMs: number, fault: Fault | null = null): AttemptEnd => ({
  outcome: { kind: "lost", message },
  usage: { peakMemoryBytes: null, cpuMs: null },
  startedAtMs: null,
  endedAtMs: nowMs,
  ...(fault === null ? {} : { fault }),
});

/** What had not started cannot have taken its worker down. */
export const faultOf = ({ status }: Attempt): Fault | null =>
  status.kind === "launching" || status.kind === "ended" || status.startedAtMs === null
    ? null
    : "worker_down";

/**
 * Starts what may start now. On each worker tasks go in plan order; a ready one may go early if it
 * fits, to its p90, beside every reservation that stands before it (safe backfill). Nothing starts
 * that would run into a maintenance window or past a drain's deadline. Workers are never changed
 * here: that is repair's part.
 */

import { chargedResources } from "../../core/charge.js";
import { attemptId } from "../../core/ids.js";
import { addResources, fits, subtractResources } from "../../core/resources.js";
import { bondsAllow, waitingGang } from "./bonds.js";
import type { Decision } from "./commands.js";
import { noReply } from "./commands.js";
import { freeDevices } from "./device-choice.js";
import { durationOn, remainingOn } from "./estimates.js";
import type { Event, Launching } from "./events.js";
import { GangVotes } from "./gang-votes.js";
import { freeUntilMs } from "./openness.js";
import { elapsedMs, pauseAheadMs } from "./pausing.js";
import { takenOf } from "./pool-room.js";
import { predecessors } from "./problem-tasks.js";
import { Profile } from "./profile.js";
import { dropEndedHead, lookAhead, queuesOf } from "./queues.js";
import { secretUses } from "./secrets.js";
import { speedOf } from "./speed.js";
import type { State, Task, WorkerRecord } from "./state.js";
import { isEnded, isPaused, liveAttempt } from "./state.js";
import { wayNow } from "./ways.js";

export function* dispatch(state: State, nowMs: number): Decision {
  if (state.index.ready.size === 0) return noReply;
  const queues = queuesOf(state);
  const votes = new GangVotes();
  for (const worker of state.workers.values()) {
    const queue = queues.get(worker.id);
    if (worker.state === "connected" && queue !== undefined) {
      yield* dispatchOn(state, worker, queue, { nowMs, votes });
    }
  }
  for (const id of yield* votes.launch(state)) {
    const worker = state.workers.get(id);
    const queue = queues.get(id);
    if (worker === undefined || queue === undefined) continue;
    yield* dispatchOn(state, worker, queue, { nowMs, votes });
  }
  // Whoever could vote has: others that were behind a gang without hope go with the next pass.
  return noReply;
}

interface Pass {
  readonly nowMs: number;
  readonly votes: GangVotes;
}

function* dispatchOn(
  state: State,
  worker: WorkerRecord,
  queue: Task[],
  pass: Pass,
): Generator<Event, void, void> {
  const { nowMs, votes } = pass;
  const untilMs = freeUntilMs(worker, nowMs);
  if (untilMs <= nowMs) return;
  dropEndedHead(queue);
  const { capacity } = worker.facts;
  let profile: Profile | null = null;
  let waiting = 0;
  for (const task of queue) {
    if (waiting >= lookAhead || capacity.cpuMillis <= worker.used.cpuMillis) return;
    if (isEnded(task) || task.status.kind === "live") continue;
    const ready = task.status.kind === "ready";
    // What waits for a pool is not what this worker waits for: others may go ahead.
    if (isPaused(task)) continue;
    if (ready && !(mayRunNow(state, task) && bondsAllow(state, task, worker))) continue;
    const launching = ready
      ? launchingNow(state, task, worker, { ...pass, profile, untilMs })
      : null;
    if (launching !== null) {
      if (isGang(task)) {
        votes.add(task, worker, launching);
        profile ??= runningOn(state, worker, nowMs);
      } else yield { type: "AttemptLaunched", ...launching };
      const { p90Ms } = durationOn(state, task, speedOf(worker));
      profile?.add(nowMs, nowMs + p90Ms, wayNow(state, task).template);
      continue;
    }
    waiting++;
    profile ??= runningOn(state, worker, nowMs);
    reserve(state, profile, task, worker, nowMs);
  }
}

const runningOn = (state: State, worker: WorkerRecord, nowMs: number): Profile =>
  Profile.ofRunning(worker, nowMs, (live) => ({
    template: wayNow(state, live).template,
    endAtMs: expectedEnd(state, live, worker, nowMs),
  }));

/** What starting a ready task here and now would be, or null where it cannot be. */
function launchingNow(
  state: State,
  task: Task,
  worker: WorkerRecord,
  turn: Pass & { readonly profile: Profile | null; readonly untilMs: number },
): Launching | null {
  const { nowMs, votes, profile, untilMs } = turn;
  if (isGang(task) && !votes.isOpen(waitingGang(task) ?? [])) return null;
  const { facts, used } = worker;
  const free = subtractResources(facts.capacity, addResources(used, votes.resourcesOn(worker.id)));
  const { template, named } = wayNow(state, task);
  if (!fits(chargedResources(template), free)) return null;
  const devices = freeDevices(worker, template.gpu, votes.devicesOn(worker.id));
  if (devices === null) return null;
  const { p50Ms, p90Ms } = durationOn(state, task, speedOf(worker));
  const { hardDeadline, deadlineAtMs } = task.template;
  if (hardDeadline === true && nowMs + p50Ms > (deadlineAtMs ?? 0)) return null;
  // In plan order as it was planned, at the median; ahead of its turn only where that is safe.
  const mayGo =
    profile === null
      ? nowMs + p50Ms <= untilMs
      : profile.fits(nowMs, nowMs + Math.max(p50Ms, p90Ms), template);
  if (!mayGo) return null;
  const attempt = attemptId(task.id, task.attempts.length + 1);
  return { attempt, worker: worker.id, devices, ...named, ...secretUses(state, task) };
}

/** Others of its gang wait with it. */
const isGang = (task: Task): boolean => (waitingGang(task)?.length ?? 0) > 1;

/** Limits that are not the worker's: pools, and how many of one template may run at once. */
function mayRunNow(state: State, task: Task): boolean {
  const { pools, maxConcurrent } = wayNow(state, task).template;
  const { liveInGroup, groupOfTemplate } = task.job;
  const live = liveInGroup[groupOfTemplate[task.entry.template] ?? 0] ?? 0;
  if (maxConcurrent !== null && live >= maxConcurrent) return false;
  return Object.entries(pools).every(([name, amount]) => {
    const pool = state.settings.pools.find((candidate) => candidate.name === name);
    return pool !== undefined && takenOf(state, name) + amount <= pool.capacity;
  });
}

/** Holds a waiting task's place against those behind it, from when it can be ready. */
function reserve(
  state: State,
  profile: Profile,
  task: Task,
  worker: WorkerRecord,
  nowMs: number,
): void {
  const readyAtMs = expectedTurn(state, task, nowMs);
  if (!Number.isFinite(readyAtMs)) return;
  const { p50Ms } = durationOn(state, task, speedOf(worker));
  const { template } = wayNow(state, task);
  const startAtMs = profile.earliestFit(Math.max(nowMs, readyAtMs), p50Ms, template);
  profile.add(startAtMs, startAtMs + p50Ms, template);
}

/** A gang's is when the last of its members can start, and not before the time planned for it. */
function expectedTurn(state: State, task: Task, nowMs: number): number {
  const gang = waitingGang(task);
  if (gang === null || gang.length < 2) return expectedReady(state, task, nowMs);
  const turns = gang.map((member) => {
    const plannedMs = state.plan.entries.get(member.id)?.startAtMs ?? nowMs;
    return Math.max(plannedMs, expectedReady(state, member, nowMs));
  });
  return Math.max(...turns);
}

/** When a task's predecessors will be done as far as can be told; infinite if it cannot. */
function expectedReady(state: State, task: Task, nowMs: number): number {
  if (task.status.kind === "ready") return nowMs;
  if (task.status.kind === "backoff") return task.status.untilMs;
  let readyAtMs = nowMs;
  if (task.held) readyAtMs = task.template.scheduledAtMs ?? Number.POSITIVE_INFINITY;
  for (const [before] of predecessors(task)) {
    if (isEnded(before)) continue;
    const attempt = liveAttempt(before);
    const entry = state.plan.entries.get(before.id);
    const on = attempt?.worker ?? entry?.worker;
    const at = on === undefined ? undefined : state.workers.get(on);
    if (at === undefined || attempt?.status.kind === "unknown") return Number.POSITIVE_INFINITY;
    if (attempt !== null) {
      readyAtMs = Math.max(readyAtMs, expectedEnd(state, before, at, nowMs));
    } else {
      const { p50Ms } = durationOn(state, before, speedOf(at));
      readyAtMs = Math.max(readyAtMs, entry?.endAtMs ?? 0, nowMs + p50Ms);
    }
  }
  return readyAtMs;
}

/** A live attempt's end at the median, given how long it has taken so far. */
function expectedEnd(state: State, task: Task, worker: WorkerRecord, nowMs: number): number {
  const attempt = liveAttempt(task);
  if (attempt === null || attempt.status.kind === "unknown") return Number.POSITIVE_INFINITY;
  const left = remainingOn(state, task, speedOf(worker), elapsedMs(attempt, nowMs)).p50Ms;
  return nowMs + pauseAheadMs(attempt, nowMs) + left;
}

/** The invariants of docs/architecture.md, recomputed from the entities alone. */

import { taskOfAttempt, workerId } from "../../../core/ids.js";
import { deviceThousandths } from "../../../core/resources.js";
import { bondsAllow, waitingGang } from "../bonds.js";
import { satisfies } from "../condition.js";
import { durationOn } from "../estimates.js";
import type { Launching, Recorded } from "../events.js";
import { forecast } from "../forecast.js";
import { predecessors } from "../problem-tasks.js";
import { speedOf } from "../speed.js";
import type { State, Task, WorkerRecord } from "../state.js";
import { isEnded, isPaused, liveAttempt } from "../state.js";
import { wayNamed, wayNow } from "../ways.js";

/** Everything that is wrong; empty in every state that events can lead to. */
export function brokenInvariants(state: State): string[] {
  return [
    ...brokenCapacities(state),
    ...brokenPools(state),
    ...brokenLimits(state),
    ...[...state.tasks.values()].flatMap((task) => brokenTask(state, task)),
    ...brokenJobs(state),
    ...brokenDrains(state),
    ...brokenBonds(state),
    ...brokenPolicies(state),
  ];
}

/** Budgets are kept, remedies are what policies allow, and not everything is in quarantine. */
function brokenPolicies(state: State): string[] {
  const broken: string[] = [];
  for (const { id, spec, retriesSpent } of state.jobs.values()) {
    if (retriesSpent > (spec.retryBudget ?? retriesSpent))
      broken.push(`${id} spent ${retriesSpent}`);
  }
  for (const { id, remedy, template } of state.tasks.values()) {
    const { moreMemory, fallback } = template.retry;
    if (remedy?.fallback === true && fallback === undefined) broken.push(`${id} has no fallback`);
    if ((remedy?.memoryBytes ?? 0) > (moreMemory?.maxBytes ?? 0)) broken.push(`${id} grows`);
  }
  const all = [...state.workers.values()];
  const taken = all.filter(({ quarantine }) => quarantine !== null);
  if (taken.length > all.length / 2) broken.push(`${taken.length} workers are in quarantine`);
  return broken;
}

function brokenCapacities(state: State): string[] {
  const broken: string[] = [];
  for (const worker of state.workers.values()) {
    let [cpu, memory] = [0, 0];
    for (const task of worker.live.values()) {
      const { resources } = wayNow(state, task).template;
      cpu += resources.cpuMillis;
      memory += resources.memoryBytes;
    }
    if (memory !== worker.used.memoryBytes) broken.push(`${worker.id} miscounts its memory`);
    if (memory > worker.facts.capacity.memoryBytes) broken.push(`${worker.id} has no such memory`);
    if (cpu !== worker.used.cpuMillis) broken.push(`${worker.id} counts ${worker.used.cpuMillis}`);
    if (cpu > worker.facts.capacity.cpuMillis) broken.push(`${worker.id} is over-committed`);
    broken.push(...brokenDevices(state, worker));
  }
  return broken;
}

function brokenDevices(state: State, { id, live }: WorkerRecord): string[] {
  const shares = new Map<string, number>();
  for (const task of live.values()) {
    const { gpu } = wayNow(state, task).template;
    for (const device of liveAttempt(task)?.devices ?? []) {
      const share = gpu?.kind === "share" ? gpu.thousandths : deviceThousandths;
      shares.set(device, (shares.get(device) ?? 0) + share);
    }
  }
  return [...shares].flatMap(([device, share]) =>
    share > deviceThousandths ? [`device ${device} of ${id} holds ${share}`] : [],
  );
}

function brokenDrains(state: State): string[] {
  return [...state.workers.values()].flatMap(({ id, drain, live }) =>
    drain?.stage === "completed" && live.size > 0 ? [`${id} is drained, and runs something`] : [],
  );
}

/** What runs of a group, runs where it may. */
function brokenBonds(state: State): string[] {
  return [...state.index.live].flatMap((task) => {
    const worker = state.workers.get(liveAttempt(task)?.worker ?? workerId(""));
    return bondsAllow(state, task, worker) ? [] : [`${task.id} runs where its group forbids it`];
  });
}

function brokenPools(state: State): string[] {
  const broken: string[] = [];
  for (const pool of state.settings.pools) {
    let used = 0;
    for (const task of state.tasks.values()) {
      if (liveAttempt(task) === null) continue;
      used += wayNow(state, task).template.pools[pool.name] ?? 0;
    }
    const consumed = state.poolConsumed.get(pool.name) ?? 0;
    if (consumed > 0 && pool.consumable !== true) broken.push(`pool ${pool.name} is consumed`);
    if (used + consumed > pool.capacity) broken.push(`pool ${pool.name} gave ${used + consumed}`);
    if (used !== (state.poolUse.get(pool.name) ?? 0))
      broken.push(`pool ${pool.name} is miscounted`);
  }
  return broken;
}

/** How many run of what is limited within a job. */
function brokenLimits(state: State): string[] {
  const broken: string[] = [];
  for (const job of state.jobs.values()) {
    for (const { name, maxConcurrent } of job.spec.templates) {
      const live = job.tasks.filter((t) => t.template.name === name && liveAttempt(t) !== null);
      const group = job.spec.templates.findIndex((t) => t.name === name);
      if (live.length !== job.liveInGroup[group]) broken.push(`${job.id} miscounts live tasks`);
      if (live.length > (maxConcurrent ?? Number.POSITIVE_INFINITY)) {
        broken.push(`${job.id} runs ${live.length} of ${name}`);
      }
    }
  }
  return broken;
}

function brokenTask(state: State, task: Task): string[] {
  const broken: string[] = [];
  const live = task.attempts.filter((attempt) => attempt.status.kind !== "ended");
  if (live.length > 1) broken.push(`${task.id} runs twice at once`);
  if ((task.status.kind === "live") !== (live.length === 1))
    broken.push(`${task.id} lost its attempt`);
  const unstarted = task.status.kind === "pending" && !task.held && task.blockers === 0;
  if (task.blockers < 0) broken.push(`${task.id} waits for less than nothing`);
  if (unstarted) broken.push(`${task.id} is pending for nothing`);
  task.attempts.forEach((attempt, index) => {
    if (attempt.number !== index + 1) broken.push(`${task.id} skipped an attempt number`);
  });
  const { index, plan } = state;
  const indexed: [Set<Task>, boolean][] = [
    [index.ready, task.status.kind === "ready"],
    [index.live, task.status.kind === "live"],
    [index.backoff, task.status.kind === "backoff"],
    [index.hard, task.template.hardDeadline === true && !isEnded(task) && live.length === 0],
    [index.unknown, live[0]?.status.kind === "unknown"],
  ];
  if (indexed.some(([set, expected]) => set.has(task) !== expected)) {
    broken.push(`${task.id} is indexed wrongly`);
  }
  if (isEnded(task) && plan.entries.has(task.id)) broken.push(`${task.id} ended, still planned`);
  return broken;
}

function brokenJobs(state: State): string[] {
  const broken: string[] = [];
  for (const job of state.jobs.values()) {
    const open = job.tasks.filter((task) => !isEnded(task)).length;
    if (open !== job.open) broken.push(`${job.id} counts ${job.open} open tasks of ${open}`);
    if ((open === 0) !== (job.state !== "running"))
      broken.push(`${job.id} ${job.state}, ${open} open`);
  }
  return broken;
}

/** A worker that is closed, or soon will be, gets nothing that it is not to have. */
function launchedOnClosed(
  state: State,
  task: Task,
  { worker: id, mode }: Launching,
  nowMs: number,
): string[] {
  const worker = state.workers.get(id);
  if (worker === undefined) return [`${task.id} started on no worker`];
  const broken: string[] = [];
  const { p50Ms } = durationOn(state, task, speedOf(worker), wayNamed(task, mode));
  const endMs = nowMs + p50Ms;
  const { hardDeadline, deadlineAtMs } = task.template;
  const { cordonedAtMs, drain, maintenance, quarantine } = worker;
  if (quarantine !== null) broken.push(`${task.id} started on ${id}, which is in quarantine`);
  if (isPaused(task)) broken.push(`${task.id} started while it was paused`);
  if (hardDeadline === true && endMs > (deadlineAtMs ?? 0)) {
    broken.push(`${task.id} started too late for its hard deadline`);
  }
  if (cordonedAtMs !== null) broken.push(`${task.id} started on ${id}, which is cordoned`);
  if (drain !== null && (drain.stage !== "finishing" || endMs > (drain.deadlineAtMs ?? 0))) {
    broken.push(`${task.id} started on ${id}, which is being drained`);
  }
  for (const { id: window, fromMs, toMs, everyMs } of maintenance) {
    for (let shift = 0; fromMs + shift < endMs; shift += everyMs ?? Number.POSITIVE_INFINITY) {
      if (toMs + shift > nowMs) broken.push(`${task.id} would run into window ${window} of ${id}`);
    }
  }
  return broken;
}

/** It is given the values that count now of all that it asks for, and of nothing else. */
function promisedOther(state: State, task: Task, { attempt, secrets = [] }: Launching): string[] {
  const { env = {}, files = {} } = task.template.secrets ?? {};
  const asked = new Set([...Object.values(env), ...Object.values(files)]);
  const broken = secrets.flatMap(({ name, version }) => {
    const known = [...state.secrets.values()].find(
      (one) => one.name === name && one.namespace === task.job.spec.namespace,
    );
    const right = asked.delete(name) && version === (known?.version ?? 0);
    return right ? [] : [`${attempt} was promised version ${version} of ${name}`];
  });
  return [...broken, ...[...asked].map((name) => `${attempt} was promised no ${name}`)];
}

/** What a task that is being started waits for must have come true, and its worker be open. */
export function brokenLaunch(state: State, { event, atMs }: Recorded): string[] {
  if (event.type === "GangLaunched") {
    return event.attempts.flatMap((launching) => brokenStart(state, launching, atMs));
  }
  return event.type === "AttemptLaunched" ? brokenStart(state, event, atMs) : [];
}

function brokenStart(state: State, launching: Launching, atMs: number): string[] {
  const { attempt } = launching;
  const task = state.tasks.get(taskOfAttempt(attempt));
  if (task === undefined) return [`${attempt} is of no task`];
  const left = waitingGang(task) ?? [];
  if (left.length > 0) return [`${task.id} started without ${left[0]?.id} of its gang`];
  const closed = launchedOnClosed(state, task, launching, atMs);
  if (closed.length > 0) return closed;
  const otherSecrets = promisedOther(state, task, launching);
  if (otherSecrets.length > 0) return otherSecrets;
  // A further attempt stands on what was true at the first: a retry may run a predecessor again.
  if (task.attempts.length > task.attemptsBefore + 1) return [];
  const early = [...predecessors(task)].filter(
    ([{ status }, on]) => status.kind !== "ended" || !satisfies(on, status.state),
  );
  return early.map(([before, on]) => `${task.id} started before ${before.id} ended with ${on}`);
}

/** Reservations that will not be kept, for their worker takes nothing new by then. */
export function brokenForecast(state: State, nowMs: number): string[] {
  return [...forecast(state, nowMs)].flatMap(([id, { worker: on, startP50AtMs, endP50AtMs }]) => {
    const worker = state.workers.get(on);
    if (worker === undefined || state.tasks.get(id)?.status.kind === "live") return [];
    const { cordonedAtMs, drain, maintenance } = worker;
    const late = drain !== null && endP50AtMs > (drain.deadlineAtMs ?? 0);
    const once = maintenance.filter(({ everyMs }) => everyMs === null);
    const inside = once.some(({ fromMs, toMs }) => startP50AtMs < toMs && endP50AtMs > fromMs);
    const broken = cordonedAtMs !== null || late || inside;
    return broken ? [`${id} is promised on ${on}, which is closed then`] : [];
  });
}

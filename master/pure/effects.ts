/** What must leave the master because of what happened: commands to workers, and notices. */
import type { AttemptId, WorkerId } from "../../core/ids.js";
import { taskOfAttempt } from "../../core/ids.js";
import type { Hello, Hold, Launch, Stop } from "../../core/session.js";
import { launchData } from "./data.js";
import type { Event, Recorded } from "./events.js";
import { type SecretNeeds, secretNeeds } from "./secrets.js";
import type { Attempt, State, Task } from "./state.js";
import { isPaused, liveAttempt } from "./state.js";
import { wayNamed } from "./ways.js";

/** A launch as it was decided: whoever sends it puts the values of its secrets in. */
export interface DecidedLaunch extends Launch {
  /** Absent: the task is given no secrets. */
  readonly needs?: SecretNeeds;
}

export interface WorkerCommands {
  readonly launches: DecidedLaunch[];
  readonly stops: Stop[];
  readonly holds: Hold[];
  leave: boolean;
}

export type Commands = Map<WorkerId, WorkerCommands>;

/** Commands that events cause, by worker. Sent only once the events are durable. */
export function effects(state: State, events: readonly Recorded[]): Commands {
  const commands: Commands = new Map();
  for (const { event } of events) {
    if (event.type === "AttemptLaunched") addLaunch(state, event.attempt, commands);
    else if (event.type === "GangLaunched") {
      for (const { attempt } of event.attempts) addLaunch(state, attempt, commands);
    } else if (event.type === "AttemptStopRequested") addStop(state, event.attempt, commands);
    else if (event.type === "DrainCompleted") addLeave(state, event.worker, commands);
    else for (const task of heldBy(state, event)) addHold(task, commands);
  }
  return commands;
}

/** Tasks of whose live attempts an event says that they are to be held, or no longer. */
function heldBy(state: State, event: Event): readonly Task[] {
  switch (event.type) {
    case "AttemptStarted":
    case "AttemptRecovered": {
      // Whoever paused it while it was on its way meant it too.
      const found = find(state, event.attempt);
      return found !== null && isPaused(found.task) ? [found.task] : [];
    }
    case "JobPaused":
    case "JobResumed":
      return state.jobs.get(event.job)?.tasks ?? [];
    case "TaskPaused":
    case "TaskResumed": {
      const task = state.tasks.get(event.task);
      return task === undefined ? [] : [task];
    }
    default:
      return [];
  }
}

/** What a worker that has just said Hello must be told: what to keep, kill, launch and stop. */
export function welcome(
  state: State,
  hello: Hello,
): { readonly keep: AttemptId[]; readonly kill: AttemptId[]; readonly commands: WorkerCommands } {
  const worker = state.workers.get(hello.incarnation.worker);
  const keep: AttemptId[] = [];
  const kill: AttemptId[] = [];
  for (const { attempt } of hello.live) (worker?.live.has(attempt) ? keep : kill).push(attempt);
  const commands: Commands = new Map();
  for (const [id, task] of worker?.live ?? []) {
    const status = liveAttempt(task)?.status;
    if (status?.kind === "launching") addLaunch(state, id, commands);
    if (status?.kind === "stopping") addStop(state, id, commands);
    if (isPaused(task) || hello.held?.includes(id) === true) addHold(task, commands);
  }
  addLeave(state, hello.incarnation.worker, commands);
  return { keep, kill, commands: commandsOf(commands, hello.incarnation.worker) };
}

function addLaunch(state: State, id: AttemptId, commands: Commands): void {
  const found = find(state, id);
  if (found !== null)
    commandsOf(commands, found.attempt.worker).launches.push(launchOf(state, found));
}

function launchOf(state: State, { task, attempt }: Found): DecidedLaunch {
  const { entry } = task;
  const { template } = wayNamed(task, attempt.mode);
  const data = launchData(task);
  return {
    attempt: attempt.id,
    epoch: state.epoch,
    driver: template.driver,
    command: { ...template.command, env: { ...template.command.env, ...entry.env } },
    resources: template.resources,
    devices: attempt.devices,
    timeoutMs: template.timeoutMs,
    killGraceMs: template.killGraceMs,
    // An idempotent attempt is replaced at once, so there is nothing to wait for once it is lost.
    stopWhenLostAfterMs: template.onLost.kind === "stop" ? template.onLost.afterMs : null,
    logBytesMax: template.logBytesMax,
    ...(data === null ? {} : { data }),
    ...secretNeeds(task.job.spec, task.template, attempt.secrets),
  };
}

function addStop(state: State, id: AttemptId, commands: Commands): void {
  const found = find(state, id);
  if (found?.attempt.status.kind !== "stopping") return;
  const { reason } = found.attempt.status;
  commandsOf(commands, found.attempt.worker).stops.push({
    attempt: id,
    epoch: state.epoch,
    // To the worker a stop is a stop; what becomes of the task is not its business.
    reason: reason === "timed_out" ? "timed_out" : "cancelled",
    graceMs: found.task.template.killGraceMs,
  });
}

interface Found {
  readonly task: Task;
  readonly attempt: Attempt;
}

function find(state: State, id: AttemptId): Found | null {
  const task = state.tasks.get(taskOfAttempt(id));
  const attempt = task === undefined ? null : liveAttempt(task);
  return task !== undefined && attempt?.id === id ? { task, attempt } : null;
}

/** As its task is to be now; what is being stopped has to go on to that. */
function addHold(task: Task, commands: Commands): void {
  const attempt = liveAttempt(task);
  if (attempt === null || attempt.status.kind === "stopping") return;
  const hold = { attempt: attempt.id, paused: isPaused(task) };
  commandsOf(commands, attempt.worker).holds.push(hold);
}

/** Told again with each Hello of the same incarnation, for the first word may have been lost. */
function addLeave(state: State, id: WorkerId, commands: Commands): void {
  const drain = state.workers.get(id)?.drain;
  if (drain?.stage === "completed" && drain.thenStop) commandsOf(commands, id).leave = true;
}

function commandsOf(commands: Commands, worker: WorkerId): WorkerCommands {
  const known = commands.get(worker) ?? { launches: [], stops: [], holds: [], leave: false };
  commands.set(worker, known);
  return known;
}

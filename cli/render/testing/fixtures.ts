/** Views of a cluster that never was, made from a seed: the same text every time. */
import { attemptId, jobId, taskId, type WorkerId, workerId } from "../../../core/ids.js";
import { defaultObjective } from "../../../core/objective.js";
import type {
  AttemptView,
  ClusterStatus,
  JobSummary,
  JobView,
  PlannedTask,
  PlanView,
  TaskStateName,
  TaskView,
  WorkerView,
} from "../../../core/views.js";
import type { Outcome } from "../../../core/worker.js";
import { coloursOff, type Screen } from "../screen.js";

export const submittedAtMs = Date.UTC(2026, 10, 20, 14, 0, 0);
export const jobFixtureId = jobId("j-7f3a9c");

export function screenOf(width: number, nowMs = submittedAtMs + 60_000): Screen {
  return { width, nowMs, colour: coloursOff, timeZone: "UTC" };
}

export interface JobShape {
  readonly tasks: number;
  readonly workers: readonly {
    readonly name: string;
    readonly slots: number;
    readonly speed: number;
  }[];
  /** Time since submission at which the view is taken. */
  readonly atMs: number;
  readonly failEvery?: number;
}

export const threeWorkers: JobShape["workers"] = [
  { name: "fast-1", slots: 2, speed: 2 },
  { name: "slow-1", slots: 1, speed: 1 },
  { name: "slow-2", slots: 1, speed: 1 },
];

const stages = ["project", "difference", "fit", "background", "mosaic"];

/** Tasks in list order, each on the slot that is free first; actual times vary around the plan. */
export function jobFixture(shape: JobShape): JobView {
  const random = randomFrom(shape.tasks * 31 + 7);
  const planned = new Slots(shape.workers);
  const actual = new Slots(shape.workers);
  const plan: PlannedTask[] = [];
  const tasks: TaskView[] = [];
  const nowMs = submittedAtMs + shape.atMs;
  for (let index = 0; index < shape.tasks; index += 1) {
    const stage = stages[Math.floor((index * stages.length) / shape.tasks)] ?? "project";
    const workMs = 2_000 + Math.floor(random() * 14_000);
    const foreseen = planned.place(workMs);
    const name = `${stage}[${index + 1}]`;
    plan.push({ name, ...foreseen });
    const real = actual.place(workMs * (0.85 + random() * 0.4), foreseen.worker);
    const fails = shape.failEvery !== undefined && (index + 1) % shape.failEvery === 0;
    tasks.push(taskFixture(name, stage, workMs, foreseen, real, fails, nowMs));
  }
  const makespanMs = Math.max(0, ...plan.map(({ endAtMs }) => endAtMs)) - submittedAtMs;
  return {
    summary: summaryFixture(tasks, plan.length === 0 ? 0 : makespanMs, nowMs),
    tasks,
    edges: tasks.slice(1).map((_, index) => ({ from: index, to: index + 1, on: "success" })),
    initialPlan:
      plan.length === 0
        ? null
        : {
            adoptedAtMs: submittedAtMs,
            makespanMs,
            boundMs: Math.round(makespanMs * 0.957),
            solver: "highs",
            tasks: plan,
          },
  };
}

const reasons = {
  pending: { reason: "dependencies", message: "waits for 1 task" },
  running: { reason: "", message: "" },
  failed: { reason: "exit_code", message: "exit code 1" },
  succeeded: { reason: "", message: "" },
} as const;

function taskFixture(
  name: string,
  template: string,
  workMs: number,
  foreseen: Omit<PlannedTask, "name">,
  real: Omit<PlannedTask, "name">,
  fails: boolean,
  nowMs: number,
): TaskView {
  const id = taskId(jobFixtureId, name);
  const started = real.startAtMs <= nowMs;
  const ended = real.endAtMs <= nowMs;
  const state = ended ? (fails ? "failed" : "succeeded") : started ? "running" : "pending";
  const outcome: Outcome = { kind: "exited", exitCode: fails ? 1 : 0 };
  const attempt: AttemptView = {
    id: attemptId(id, 1),
    number: 1,
    worker: real.worker,
    state: ended ? "ended" : "running",
    launchedAtMs: real.startAtMs,
    startedAtMs: real.startAtMs,
    endedAtMs: ended ? real.endAtMs : null,
    outcome: ended ? outcome : null,
    usage: ended ? { peakMemoryBytes: 96 * 1024 * 1024, cpuMs: workMs } : null,
  };
  return {
    id,
    name,
    template,
    state,
    ...reasons[state],
    estimate: {
      p50Ms: workMs,
      p90Ms: Math.round(workMs * 1.3),
      source: "statistics",
      confidence: 0.8,
    },
    reservation: ended
      ? null
      : {
          worker: real.worker,
          startP50AtMs: foreseen.startAtMs,
          endP50AtMs: foreseen.endAtMs,
          startP90AtMs: foreseen.startAtMs + 900,
          endP90AtMs: foreseen.endAtMs + 4_000,
        },
    attempts: started ? [attempt] : [],
    attemptsMax: 3,
    readyAtMs: started ? real.startAtMs : null,
    finishedAtMs: ended ? real.endAtMs : null,
  };
}

function summaryFixture(tasks: readonly TaskView[], makespanMs: number, nowMs: number): JobSummary {
  const taskCounts: Partial<Record<TaskStateName, number>> = {};
  for (const { state } of tasks) taskCounts[state] = (taskCounts[state] ?? 0) + 1;
  const done = tasks.every(({ finishedAtMs }) => finishedAtMs !== null);
  const endMs = Math.max(submittedAtMs, ...tasks.map((task) => task.finishedAtMs ?? 0));
  const failed = (taskCounts.failed ?? 0) > 0;
  return {
    id: jobFixtureId,
    name: "sky-mosaic",
    namespace: "default",
    principal: "ana",
    state: !done ? "running" : failed ? "failed" : "succeeded",
    taskCounts,
    submittedAtMs,
    startedAtMs: submittedAtMs,
    finishedAtMs: done ? endMs : null,
    finishP50AtMs: done ? null : Math.max(nowMs, submittedAtMs + makespanMs),
    finishP90AtMs: done ? null : Math.max(nowMs, submittedAtMs + makespanMs) + 8_000,
    revision: 1,
    metadata: { project: "M17" },
  };
}

export function workersFixture(): WorkerView[] {
  return ["fast-1", "slow-1", "slow-2"].map((name, index) => ({
    facts: {
      name,
      hostname: "node-7",
      capacity: {
        cpuMillis: index === 0 ? 4_000 : 2_000,
        memoryBytes: 8 * 1024 ** 3,
        diskBytes: 0,
        networkBps: 0,
        custom: index === 0 ? { licence: 2 } : {},
      },
      devices: index === 0 ? [{ id: "GPU-0", type: "h200", memoryBytes: 139 * 1024 ** 3 }] : [],
      labels: { zone: "a" },
      drivers: [{ name: "process", cpuLimit: "cgroup_v2", memoryLimit: "not_enforced" }],
      unavailableDrivers: [],
      speed: index === 0 ? 2 : 1,
      softwareVersion: "0.1.0",
    },
    incarnation: { worker: workerId(name), boot: "b", session: "s" },
    state: index === 2 ? "silent" : "connected",
    sinceMs: submittedAtMs - 3_600_000,
    lastHeardAtMs: submittedAtMs + (index === 2 ? 48_000 : 59_500),
    used: {
      cpuMillis: index === 0 ? 3_500 : 1_000,
      memoryBytes: 1.5 * 1024 ** 3,
      diskBytes: 0,
      networkBps: 0,
      custom: index === 0 ? { licence: 1 } : {},
    },
    attempts: index === 0 ? 2 : 1,
    heartbeat: index === 2 ? null : { loadAverage: 1.25, freeMemoryBytes: 5.5 * 1024 ** 3 },
    cordonedAtMs: index === 2 ? submittedAtMs : null,
    drain: null,
    maintenance: [],
  }));
}

export function planFixture(job: JobView): PlanView {
  return {
    version: 17,
    solver: "highs",
    adoptedAtMs: submittedAtMs + 55_000,
    weights: defaultObjective,
    parts: { makespanS: 92, flowS: 410.5, tardinessS: 0, moves: 1, cost: 0, skipped: 0 },
    value: 174.15,
    bound: 168.2,
    gap: 0.0342,
    entries: job.tasks.flatMap(({ id, state, reservation }) =>
      reservation === null ? [] : [{ taskId: id, state, reservation }],
    ),
  };
}

export function clusterFixture(): ClusterStatus {
  return {
    health: "degraded",
    message: "the planner does not answer; tasks are placed greedily",
    epoch: 3,
    sequence: 48_213,
    durability: "full",
    planner: {
      state: "hung",
      message: "no answer to plan request 18",
      plansReceived: 42,
      plansAdopted: 17,
      plansRejected: 2,
      lastHeardAtMs: submittedAtMs + 30_000,
    },
    jobsRunning: 1,
    tasksLive: 4,
    workersConnected: 2,
    version: "0.1.0",
    startedAtMs: submittedAtMs - 7_200_000,
    stateHash: "9f1c2b7e",
  };
}

class Slots {
  readonly #slots: { readonly worker: WorkerId; readonly speed: number; freeMs: number }[];
  constructor(workers: JobShape["workers"]) {
    this.#slots = workers.flatMap(({ name, slots, speed }) =>
      Array.from({ length: slots }, () => ({
        worker: workerId(name),
        speed,
        freeMs: submittedAtMs,
      })),
    );
  }
  place(workMs: number, on?: WorkerId): Omit<PlannedTask, "name"> {
    const candidates = this.#slots.filter(({ worker }) => on === undefined || worker === on);
    const slot = candidates.reduce((a, b) => (b.freeMs < a.freeMs ? b : a));
    const startAtMs = slot.freeMs;
    slot.freeMs = Math.round(startAtMs + workMs / slot.speed);
    return { worker: slot.worker, startAtMs, endAtMs: slot.freeMs };
  }
}

/** Mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

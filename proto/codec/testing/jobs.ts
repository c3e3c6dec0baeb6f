/** Generators of jobs that keep core's rules, and of the views that are made of them. */
import fc from "fast-check";
import { jobId, taskId, workerId } from "../../../core/ids.js";
import type { Edge, JobSpec, TaskEntry, TaskMode, TaskTemplate } from "../../../core/job.js";
import { edgeConditions } from "../../../core/job.js";
import {
  attemptStates,
  estimateSources,
  type JobSummary,
  type JobView,
  jobStates,
  type TaskView,
  taskStates,
  type WatchEvent,
} from "../../../core/views.js";
import * as any from "./arbitraries.js";

const durationMs = fc.integer({ min: 1, max: 1_000_000_000 });
const amount = fc.integer({ min: 1, max: 2 ** 40 });
const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.option(value, { nil: null });
const estimate = fc
  .tuple(durationMs, durationMs)
  .map(([p50Ms, more]) => ({ p50Ms, p90Ms: p50Ms + more }));
const on = fc.constantFrom(...edgeConditions);
const weight = fc.double({ min: 0.01, max: 1e6, noNaN: true });
export const weights = fc.record({
  makespan: weight,
  flow: weight,
  tardiness: weight,
  moves: weight,
  cost: weight,
});

const label = fc.stringMatching(/^[a-z]{1,8}$/);
const constraint = fc.oneof(
  fc.record({
    label,
    operator: fc.constantFrom("=" as const, "!="),
    values: fc.tuple(any.text),
  }),
  fc.record({
    label,
    operator: fc.constantFrom("in" as const, "not_in"),
    values: fc.array(any.text, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    label,
    operator: fc.constantFrom("exists" as const, "absent"),
    values: fc.constant([]),
  }),
);

const gpuType = orNull(any.name);
const gpu = fc.oneof(
  fc.record({
    kind: fc.constant("whole" as const),
    count: fc.integer({ min: 1, max: 32 }),
    type: gpuType,
    memoryBytes: amount,
  }),
  fc.record({
    kind: fc.constant("share" as const),
    thousandths: fc.integer({ min: 1, max: 1000 }),
    type: gpuType,
    memoryBytes: amount,
  }),
);

const command = any.command.map((value) => ({
  ...value,
  program:
    value.program.kind === "script"
      ? { ...value.program, script: `true ${value.program.script}` }
      : value.program,
  workingDirectory: value.workingDirectory === null ? null : `/${value.workingDirectory}`,
  // What the rules say of options is core/validate-driver's matter.
  options: null,
}));

const terms = fc.record(
  {
    spread: fc.record({ group: any.name, by: fc.constant("worker") }),
    skipPrice: fc.double({ min: 0, max: 1e9, noNaN: true }),
    mayFail: fc.constant(true),
  },
  { requiredKeys: [] },
);

const plainTemplate = fc.record({
  name: any.name,
  driver: fc.constant("process" as const),
  command,
  resources: fc.record({
    cpuMillis: fc.integer({ min: 1, max: 1_000_000 }),
    memoryBytes: amount,
    diskBytes: amount,
    networkBps: amount,
    custom: any.record(amount).map(({ cpu, memory, disk, network, gpu: _gpu, ...rest }) => rest),
  }),
  gpu: orNull(gpu),
  pools: any.record(amount),
  constraints: fc.array(constraint, { maxLength: 3 }),
  priority: fc.integer({ min: -1000, max: 1000 }),
  deadlineAtMs: orNull(durationMs),
  estimate: orNull(estimate),
  retry: fc
    .tuple(fc.integer({ min: 1, max: 10 }), durationMs, durationMs)
    .map(([attemptsMax, backoffMs, more]) => ({
      attemptsMax,
      backoffMs,
      backoffMaxMs: backoffMs + more,
    })),
  timeoutMs: orNull(durationMs),
  killGraceMs: fc.integer({ min: 1, max: 60_000 }),
  onLost: fc.oneof(
    fc.constant({ kind: "keep" as const }),
    fc.record({ kind: fc.constant("stop" as const), afterMs: durationMs }),
  ),
  idempotent: any.flag,
  scheduledAtMs: orNull(durationMs),
  maxConcurrent: fc.constant(null),
  logBytesMax: fc.integer({ min: 65_536, max: 1_000_000 }),
  metadata: any.record(any.text),
});

const mode = fc.record({ plain: plainTemplate, ownCommand: any.flag }).map(
  ({ plain, ownCommand }): Omit<TaskMode, "name"> => ({
    driver: plain.driver,
    command: ownCommand ? plain.command : null,
    resources: plain.resources,
    gpu: plain.gpu,
    pools: plain.pools,
    constraints: plain.constraints,
    estimate: plain.estimate,
    timeoutMs: plain.timeoutMs,
  }),
);

const modes = fc
  .array(mode, { maxLength: 2 })
  .map((list) =>
    list.length === 0 ? {} : { modes: list.map((one, i) => ({ ...one, name: `m${i}` })) },
  );

const codes = fc
  .tuple(fc.integer({ min: 1, max: 255 }), fc.integer({ min: 1, max: 255 }))
  .map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));

/** What a retry policy may say beside how often. */
const remedies = fc.record(
  {
    never: fc.array(codes, { minLength: 1, maxLength: 3 }),
    moreMemory: fc.record({
      factor: fc.double({ min: 1.1, max: 100, noNaN: true }),
      maxBytes: fc.integer({ min: 1, max: 2 ** 40 }),
    }),
    crashesMax: fc.integer({ min: 1, max: 10 }),
    fallback: fc.record({
      way: mode.map((one) => ({ ...one, name: "fallback" })),
      attemptsMax: fc.integer({ min: 1, max: 10 }),
    }),
  },
  { requiredKeys: [] },
);

const template: fc.Arbitrary<TaskTemplate> = fc
  .tuple(plainTemplate, terms, modes, remedies)
  .map(([plain, more, ways, after]) => ({
    ...plain,
    ...more,
    ...ways,
    retry: { ...plain.retry, ...after },
  }));

const policies = fc.record(
  {
    retryBudget: fc.nat(1_000),
    success: fc.record({ atLeast: fc.double({ min: 0.01, max: 1, noNaN: true }) }),
  },
  { requiredKeys: [] },
);

/** Edges lead from lower to higher tasks, each at most once, so that the graph is acyclic. */
function edgesOf(tasks: number, seeds: readonly (readonly [number, number, Edge["on"]])[]): Edge[] {
  const edges = new Map<string, Edge>();
  for (const [a, b, condition] of seeds) {
    const [from, to] = [a % tasks, b % tasks].sort((x, y) => x - y) as [number, number];
    if (from !== to) edges.set(`${from}-${to}`, { from, to, on: condition });
  }
  return [...edges.values()];
}

export const jobSpec: fc.Arbitrary<JobSpec> = fc
  .record({
    name: any.name,
    namespace: fc.constant("default"),
    templates: fc.array(template, { minLength: 1, maxLength: 3 }),
    tasks: fc.array(
      fc.record({
        template: fc.nat(),
        env: any.record(any.text),
        estimate: orNull(estimate),
        inputBytes: orNull(amount),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    edges: fc.array(fc.tuple(fc.nat(), fc.nat(), on), { maxLength: 8 }),
    after: fc.array(fc.record({ jobId: any.name, on }), { maxLength: 2 }),
    timeoutMs: orNull(durationMs),
    deadlineAtMs: orNull(durationMs),
    objective: orNull(weights),
    metadata: any.record(any.text),
    policy: policies,
  })
  .map(({ policy, ...draft }) => ({
    ...draft,
    ...policy,
    tasks: draft.tasks.map((task, index): TaskEntry => {
      const own = task.template % draft.templates.length;
      const hasModes = draft.templates[own]?.modes !== undefined;
      const estimateOf = hasModes ? null : task.estimate;
      return { ...task, name: `t[${index}]`, template: own, estimate: estimateOf };
    }),
    edges: edgesOf(draft.tasks.length, draft.edges),
  }));

export const worker = any.name.map(workerId);
/** Of what may be of a task without modes. */
const withMode = <T extends object>(plain: fc.Arbitrary<T>) =>
  fc
    .tuple(plain, fc.option(any.name))
    .map(([view, name]) => ({ ...view, ...(name === null ? {} : { mode: name }) }));
const plainReservation = fc.record({
  worker,
  startP50AtMs: any.count,
  endP50AtMs: any.count,
  startP90AtMs: any.count,
  endP90AtMs: any.count,
});
export const reservation = withMode(plainReservation);
export const anyEstimate = fc.record({
  p50Ms: any.count,
  p90Ms: any.count,
  source: fc.constantFrom(...estimateSources),
  confidence: fc.double({ min: 0, max: 1, noNaN: true }),
});
const id = any.name.map(jobId);
export const taskOfAny = fc.tuple(id, any.name).map(([job, task]) => taskId(job, task));

const plainSummary = fc.record({
  id,
  name: any.name,
  namespace: any.name,
  principal: any.text,
  state: fc.constantFrom(...jobStates),
  taskCounts: fc.dictionary(fc.constantFrom(...taskStates), fc.nat(1_000), {
    noNullPrototype: true,
  }),
  submittedAtMs: any.count,
  startedAtMs: any.countOrNull,
  finishedAtMs: any.countOrNull,
  finishP50AtMs: any.countOrNull,
  finishP90AtMs: any.countOrNull,
  revision: fc.nat(1_000),
  metadata: any.record(any.text),
});
const summaryMore = fc.record(
  {
    pausedAtMs: any.count,
    retries: fc.record({ spent: fc.nat(1_000), budget: fc.nat(1_000) }),
  },
  { requiredKeys: [] },
);
export const jobSummary: fc.Arbitrary<JobSummary> = fc
  .tuple(plainSummary, summaryMore)
  .map(([plain, more]) => ({ ...plain, ...more }));

const attemptView = fc.record({
  id: any.attempt,
  number: any.positive,
  worker,
  state: fc.constantFrom(...attemptStates),
  launchedAtMs: any.count,
  startedAtMs: any.countOrNull,
  endedAtMs: any.countOrNull,
  outcome: orNull(any.outcome),
  usage: orNull(any.usage),
});

const expectation = fc.record({
  askedMemoryBytes: any.count,
  peakMemory: orNull(fc.record({ p50Bytes: any.count, p95Bytes: any.count, runs: fc.nat(1_000) })),
  ends: fc.nat(1_000),
  failures: fc.nat(1_000),
});

const plainTaskView = fc.record({
  id: taskOfAny,
  name: any.name,
  template: any.name,
  state: fc.constantFrom(...taskStates),
  reason: any.text,
  message: any.text,
  estimate: orNull(anyEstimate),
  reservation: orNull(reservation),
  attempts: fc.array(withMode(attemptView), { maxLength: 3 }),
  attemptsMax: fc.nat(1_000),
  readyAtMs: any.countOrNull,
  finishedAtMs: any.countOrNull,
});
export const taskView: fc.Arbitrary<TaskView> = fc
  .tuple(plainTaskView, fc.option(expectation))
  .map(([plain, expected]) => ({ ...plain, ...(expected === null ? {} : { expected }) }));

const plannedTask = fc.record({
  name: any.name,
  worker,
  startAtMs: any.count,
  endAtMs: any.count,
});

export const jobView: fc.Arbitrary<JobView> = fc.record({
  summary: jobSummary,
  tasks: fc.array(taskView, { maxLength: 3 }),
  edges: fc.array(fc.record({ from: fc.nat(99), to: fc.nat(99), on }), { maxLength: 4 }),
  initialPlan: orNull(
    fc.record({
      adoptedAtMs: any.count,
      makespanMs: any.count,
      boundMs: any.count,
      solver: any.name,
      tasks: fc.array(withMode(plannedTask), { maxLength: 3 }),
    }),
  ),
});

const change = fc.oneof(
  fc.record({ kind: fc.constant("snapshot" as const), job: jobSummary }),
  fc.record({ kind: fc.constant("job" as const), job: jobSummary }),
  fc.record({ kind: fc.constant("task" as const), task: taskView }),
  fc.record({
    kind: fc.constant("plan" as const),
    plan: fc.record({
      version: any.count,
      solver: any.name,
      makespanMs: any.count,
      boundMs: any.count,
      gap: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  }),
);
export const watchEvent: fc.Arbitrary<WatchEvent> = fc.record({
  sequence: any.count,
  atMs: any.count,
  change,
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkPlan, violationsMax } from "./check.js";
import { greedy } from "./greedy.js";
import { emptyPlan, type Plan } from "./plan.js";
import type { PlanViolation } from "./plan-violation.js";
import {
  groupColocate,
  groupGang,
  groupSpread,
  none,
  type Problem,
  taskKept,
  taskRunning,
} from "./problem.js";
import { randomInteger, seededRandom } from "./random.js";
import { layeredProblem } from "./testing/layered-problem.js";
import { isFeasible } from "./testing/oracle.js";
import { allExtras, randomProblem } from "./testing/random-problem.js";

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

interface Placed {
  readonly option: number;
  readonly worker: number;
  readonly start: number;
  readonly end: number;
  readonly devices?: number;
}

const right: readonly Placed[] = [
  { option: 0, worker: 0, start: 0, end: 10 },
  { option: 1, worker: 0, start: 10, end: 20 },
  { option: 2, worker: 1, start: 0, end: 10, devices: 0b01 },
];

interface Break {
  readonly task?: number;
  readonly placed?: Partial<Placed>;
  readonly problem?: (base: Problem) => Problem;
}

const same = (base: Problem): Problem => base;
const withTasks =
  (change: Partial<Problem["tasks"]>) =>
  (base: Problem): Problem => ({ ...base, tasks: { ...base.tasks, ...change } });
const withOptions =
  (change: Partial<Problem["options"]>) =>
  (base: Problem): Problem => ({ ...base, options: { ...base.options, ...change } });

/** The first task asks for a share of the device that the third has half of. */
const withSecondShare =
  (share: number, memory: number) =>
  (base: Problem): Problem => ({
    ...withOptions({ gpuRequest: Int32Array.of(1, none, 0) })(base),
    gpuRequests: {
      count: 2,
      whole: new Uint8Array(2),
      share: Uint16Array.of(500, share),
      type: Int32Array.of(0, none),
      memory: Int32Array.of(10, memory),
    },
  });

const infinite = Number.POSITIVE_INFINITY;

const groupOf = (kind: number, ...members: number[]): Problem["groups"] => ({
  count: 1,
  kind: Uint8Array.of(kind),
  level: new Uint8Array(1),
  first: Uint32Array.of(0, members.length),
  member: Uint32Array.from(members),
});

const withSite = (base: Problem, ...domains: number[]): Problem => ({
  ...base,
  workers: { ...base.workers, domainLevels: ["site"], domain: Uint16Array.from(domains) },
});

const broken: Record<Exclude<PlanViolation["kind"], "wrong_length">, Break> = {
  unplanned: { task: 2, placed: { option: none, worker: none, devices: 0 } },
  no_such_worker: { task: 2, placed: { worker: 9 } },
  no_such_option: { task: 2, placed: { option: 0 } },
  wrong_class: { problem: withOptions({ class: Uint16Array.of(1, 0, 0) }) },
  wrong_worker: { problem: withOptions({ worker: Int32Array.of(1, none, none) }) },
  wrong_duration: { task: 2, placed: { end: 9 } },
  milestone_occupies: { problem: withTasks({ block: Int32Array.of(none, 1, 2) }) },
  running_moved: {
    problem: withTasks({
      state: Uint8Array.of(taskRunning, 0, 0),
      fixedWorker: Int32Array.of(0, none, none),
      fixedOption: Int32Array.of(0, none, none),
      fixedStart: Int32Array.of(-1, none, none),
      fixedEnd: Int32Array.of(9, none, none),
    }),
  },
  kept_moved: {
    problem: withTasks({
      state: Uint8Array.of(taskKept, 0, 0),
      previousWorker: Int32Array.of(1, none, none),
      previousOption: Int32Array.of(0, none, none),
    }),
  },
  release: { problem: withTasks({ release: Int32Array.of(0, 0, 1) }) },
  horizon: { task: 2, placed: { start: 995, end: 1_005 } },
  hard_due: { problem: withTasks({ hardDue: Int32Array.of(none, none, 9) }) },
  waits_for_left_out: {
    task: 0,
    placed: { option: none, worker: none },
    problem: withTasks({ skipPrice: Float64Array.of(4, infinite, infinite) }),
  },
  gang_incomplete: {
    task: 2,
    placed: { option: none, worker: none, devices: 0 },
    problem: (base) => ({
      ...base,
      tasks: { ...base.tasks, skipPrice: new Float64Array(3).fill(1) },
      groups: groupOf(groupGang, 0, 2),
    }),
  },
  gang_apart: { problem: (base) => ({ ...base, groups: groupOf(groupGang, 1, 2) }) },
  not_spread: {
    problem: (base) => ({ ...withSite(base, 0, 0), groups: groupOf(groupSpread, 0, 2) }),
  },
  not_together: {
    problem: (base) => ({ ...withSite(base, 0, 1), groups: groupOf(groupColocate, 0, 2) }),
  },
  precedence: { task: 1, placed: { worker: 1, start: 9, end: 19 } },
  capacity: {
    placed: { start: 15, end: 25 },
    problem: (base) => ({ ...base, edges: { ...base.edges, count: 0 } }),
  },
  pool: {
    task: 2,
    placed: { start: 5, end: 15 },
    problem: withTasks({
      poolFirst: Uint32Array.of(0, 0, 1, 2),
      poolIndex: Uint16Array.of(0, 0),
      poolAmount: Int32Array.of(1, 1),
    }),
  },
  device_count: { task: 2, placed: { devices: 0 } },
  device_missing: { task: 2, placed: { devices: 0b100 } },
  device_type: { task: 2, placed: { devices: 0b10 } },
  device_too_small: {
    problem: (base) => ({
      ...base,
      gpuRequests: {
        ...base.gpuRequests,
        whole: Uint8Array.of(1),
        share: Uint16Array.of(0),
        memory: Int32Array.of(60),
      },
    }),
  },
  device_share: { placed: { worker: 1, devices: 0b01 }, problem: withSecondShare(600, 5) },
  device_memory: { placed: { worker: 1, devices: 0b01 }, problem: withSecondShare(400, 35) },
};

describe("checking a plan", () => {
  it("agrees with a search tick by tick, on right plans and on slightly wrong ones", () => {
    let wrong = 0;
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 8 }), (seed, tasks) => {
        const problem = randomProblem(seed, { tasks, extras: seed % 2 === 0 ? allExtras : {} });
        const plan = greedy(problem);
        expect(checkPlan(problem, plan).violations.length === 0).toBe(isFeasible(problem, plan));
        disturb(problem, plan, seededRandom(seed));
        const { violations } = checkPlan(problem, plan);
        if (violations.length > 0) wrong++;
        expect(violations.length === 0).toBe(isFeasible(problem, plan));
      }),
      { numRuns: 400 },
    );
    expect(wrong).toBeGreaterThan(100);
  });

  it("computes the objective by its definition", () => {
    const base = smallProblem();
    const problem: Problem = {
      ...base,
      tickMs: 500,
      weights: { makespan: 1, flow: 10, tardiness: 100, moves: 1000, cost: 0 },
      tasks: {
        ...base.tasks,
        release: Int32Array.of(-4, 0, 0),
        due: Int32Array.of(8, 30, none),
        flowWeight: Float64Array.of(1, 2, 0),
        tardinessWeight: Float64Array.of(3, 1, 1),
        moveWeight: Float64Array.of(1, 1, 7),
        previousWorker: Int32Array.of(1, 0, none),
      },
    };
    const plan = planOf([
      { option: 0, worker: 0, start: 0, end: 10 },
      { option: 1, worker: 0, start: 10, end: 20 },
      { option: 2, worker: 1, start: 0, end: 10, devices: 0b01 },
    ]);
    const { violations, evaluation } = checkPlan(problem, plan);
    expect(violations).toEqual([]);
    // Flow: 1·(10+4) + 2·20 ticks; late: 3·(10-8) ticks; moved: the first task.
    expect(evaluation.parts).toEqual({
      makespanS: 10,
      flowS: 27,
      tardinessS: 3,
      moves: 1,
      cost: 0,
      skipped: 0,
    });
    expect(evaluation.value).toBe(10 + 270 + 300 + 1000);
  });

  it("blames no plan for what facts over-commit, only for adding to it", () => {
    const base = smallProblem();
    const problem: Problem = {
      ...base,
      // Worker 0 has shrunk under the running task 0, and a block takes the rest.
      workers: { ...base.workers, capacity: Int32Array.of(1, 4) },
      tasks: {
        ...base.tasks,
        state: Uint8Array.of(taskRunning, 0, 0),
        fixedWorker: Int32Array.of(0, none, none),
        fixedOption: Int32Array.of(0, none, none),
        fixedStart: Int32Array.of(-3, none, none),
        fixedEnd: Int32Array.of(7, none, none),
      },
    };
    const facts = { option: 0, worker: 0, start: -3, end: 7 };
    const elsewhere = { option: 2, worker: 1, start: 0, end: 10, devices: 0b01 };
    const right = planOf([facts, { option: 1, worker: 1, start: 7, end: 17 }, elsewhere]);
    expect(kindsOf(problem, right)).toEqual([]);
    const wrong = planOf([facts, { option: 1, worker: 0, start: 7, end: 17 }, elsewhere]);
    expect(kindsOf(problem, wrong)).toEqual(["capacity"]);
  });

  it("reports no more violations than its limit", () => {
    const problem = layeredProblem({ tasks: 2_000, workers: 2, layer: 10, seed: 1 });
    const { violations } = checkPlan(problem, emptyPlan(problem.tasks.count));
    expect(violations.length).toBe(violationsMax);
  });

  it("takes well under a second for ten thousand tasks", () => {
    const problem = layeredProblem({ tasks: 10_000, workers: 8, layer: 500, seed: 1 });
    const plan = greedy(problem);
    const times = [0, 1, 2].map(() => {
      const begin = performance.now();
      expect(checkPlan(problem, plan).violations).toEqual([]);
      return performance.now() - begin;
    });
    expect(Math.min(...times)).toBeLessThan(1_000);
  });
});

describe("one thing broken in a right plan is found and named", () => {
  it("the right plan itself is right", () => {
    expect(kindsOf(smallProblem(), planOf(right))).toEqual([]);
  });

  it("wrong_length", () => {
    const plan = planOf(right);
    const shorter = { ...plan, worker: plan.worker.slice(1) };
    expect(kindsOf(smallProblem(), shorter)).toEqual(["wrong_length"]);
    expect(checkPlan(smallProblem(), shorter).evaluation.value).toBe(Number.POSITIVE_INFINITY);
  });

  it.each(Object.entries(broken))("%s", (kind, { task = 0, placed = {}, problem = same }) => {
    const plan = right.map((entry, index) => (index === task ? { ...entry, ...placed } : entry));
    expect(kindsOf(problem(smallProblem()), planOf(plan))).toEqual([kind]);
  });
});

function planOf(placed: readonly Placed[]): Plan {
  return {
    option: Int32Array.from(placed, (entry) => entry.option),
    worker: Int32Array.from(placed, (entry) => entry.worker),
    start: Int32Array.from(placed, (entry) => entry.start),
    end: Int32Array.from(placed, (entry) => entry.end),
    devices: Uint32Array.from(placed, (entry) => entry.devices ?? 0),
  };
}

const kindsOf = (problem: Problem, plan: Plan): PlanViolation["kind"][] =>
  checkPlan(problem, plan).violations.map((violation) => violation.kind);

/**
 * Worker 0 (capacity 2) and worker 1 (capacity 4, a device of type 0 with 40 MiB and one of type 1),
 * of one class although they differ: a checker must not rely on classes being alike. Three tasks of 10 ticks and demand 2, the second after the first; the third
 * takes half a device of type 0.
 */
function smallProblem(): Problem {
  const base = layeredProblem({ tasks: 3, workers: 2, layer: 0, seed: 1 });
  return {
    ...base,
    horizon: 1_000,
    dimensions: ["cpu"],
    unit: Float64Array.of(1),
    workers: { ...base.workers, classOf: Uint16Array.of(0, 0), capacity: Int32Array.of(2, 4) },
    devices: {
      count: 2,
      worker: Uint32Array.of(1, 1),
      type: Uint16Array.of(0, 1),
      memory: Int32Array.of(40, 80),
    },
    gpuRequests: {
      count: 1,
      whole: Uint8Array.of(0),
      share: Uint16Array.of(500),
      type: Int32Array.of(0),
      memory: Int32Array.of(10),
    },
    pools: {
      count: 1,
      names: ["licence"],
      capacity: Int32Array.of(1),
      consumable: new Uint8Array(1),
    },
    options: {
      count: 3,
      blockFirst: Uint32Array.of(0, 1, 2, 3),
      class: Uint16Array.of(0, 0, 0),
      worker: Int32Array.of(none, none, none),
      duration: Int32Array.of(10, 10, 10),
      durationP90: Int32Array.of(20, 20, 20),
      demandRow: Uint32Array.of(0, 0, 0),
      demand: Int32Array.of(2),
      gpuRequest: Int32Array.of(none, none, 0),
      cost: new Float64Array(3),
      poolFirst: new Uint32Array(4),
      poolIndex: new Uint16Array(0),
      poolAmount: new Int32Array(0),
    },
    edges: {
      count: 1,
      from: Uint32Array.of(0),
      to: Uint32Array.of(1),
      lag: Int32Array.of(0),
      fixed: Int32Array.of(0),
      kib: Float64Array.of(0),
    },
  };
}

/** Changes one number of one column, by little. */
function disturb(problem: Problem, plan: Plan, random: () => number): void {
  const task = randomInteger(random, problem.tasks.count);
  const shift = randomInteger(random, 9) - 4;
  switch (randomInteger(random, 5)) {
    case 0:
      plan.worker[task] = randomInteger(random, problem.workers.count);
      break;
    case 1:
      plan.option[task] = (plan.option[task] ?? 0) + shift;
      break;
    case 2:
      plan.devices[task] = randomInteger(random, 16);
      break;
    case 3:
      plan.end[task] = (plan.end[task] ?? 0) + shift;
      break;
    default:
      plan.start[task] = (plan.start[task] ?? 0) + shift;
      plan.end[task] = (plan.end[task] ?? 0) + shift;
  }
}

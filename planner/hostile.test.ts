import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkPlan } from "../core/check.js";
import { horizonMax, type Problem } from "../core/problem.js";
import { ProblemBuilder } from "../core/problem-builder.js";
import { encodePlanRequests } from "../proto/codec/plan.js";
import type { PlannerServiceClient } from "../proto/codec/services.js";
import { type Planner, startPlanner } from "./server.js";
import { dagProblem } from "./testing/dag-problem.js";
import { hostileProblem } from "./testing/hostile-problem.js";
import {
  connect,
  orderOf,
  type PlanOutcome,
  requestPlan,
  sendPlan,
} from "./testing/plan-client.js";
import { bundleSolverThread, type SolverThreadBundle } from "./testing/solver-thread-bundle.js";

const log = pino({ level: "silent" });
let bundle: SolverThreadBundle;
let planner: Planner;
let client: PlannerServiceClient;

beforeAll(async () => {
  bundle = await bundleSolverThread();
  const entry = bundle.entry;
  planner = await startPlanner({
    listen: "127.0.0.1:0",
    threads: 2,
    solverThreadEntry: entry,
    predictor: null,
    log,
  });
  client = connect(planner.address);
});

afterAll(async () => {
  client.close();
  await planner.stop();
  bundle.remove();
});

/** Every plan of an accepted problem holds, and no engine fell over it. */
function expectSound(problem: Problem, outcome: PlanOutcome, hint: string) {
  expectHeld(problem, outcome, hint);
  const failed = outcome.summary?.solvers.filter((solver) => solver.failed) ?? [];
  expect(
    failed.map(({ solver, message }) => `${solver}: ${message}`),
    hint,
  ).toEqual([]);
}

/** Every plan holds; engines that count in 32 bits may have been thrown out over longer times. */
function expectHeld(problem: Problem, { error, incumbents }: PlanOutcome, hint: string) {
  expect(error, hint).toBeNull();
  for (const { plan, bound, value } of incumbents) {
    expect(checkPlan(problem, plan).violations, hint).toEqual([]);
    expect(bound, hint).toBeLessThanOrEqual(value * (1 + 1e-6) + 1e-6);
  }
}

async function expectAlive(): Promise<void> {
  const problem = dagProblem(3, 12);
  const { summary, error } = await requestPlan(client, problem, orderOf({})).outcome;
  expect(error).toBeNull();
  expect(summary?.reason).toBe("optimal");
}

describe("a problem with anything in its columns", () => {
  it("is refused by name, or planned as it stands", async () => {
    const refused: string[] = [];
    for (let seed = 1; seed <= 120; seed += 1) {
      const { problem, what } = hostileProblem(seed);
      const hint = `seed ${seed}: ${what}`;
      const requests = encodePlanRequests(orderOf({ wallMs: 30 }), problem);
      const outcome = await sendPlan(client, requests, problem.tasks.count).outcome;
      expect(outcome.wallMs, hint).toBeLessThan(5_000);
      if (outcome.error === null) expectSound(problem, outcome, hint);
      else {
        refused.push(outcome.error.code);
        expect(["invalid_argument", "limit_exceeded"], hint).toContain(outcome.error.code);
        expect(outcome.summary, hint).toBeNull();
      }
    }
    expect(refused.length).toBeGreaterThan(20);
    expect(refused.length).toBeLessThan(110);
    await expectAlive();
  }, 60_000);
});

type Draw = (builder: ProblemBuilder) => void;

const one = (duration: number, demand = 1) => ({ class: 0, duration, demand: [demand] });

/** At the edge of what there is, and what comes of it: a value, or none. */
const edges: Readonly<Record<string, { readonly draw: Draw; readonly value: number | null }>> = {
  "no workers and no tasks": { draw: () => {}, value: 0 },
  "milestones and no workers": {
    draw: (builder) => {
      builder.addTask({ options: null, release: 5 });
      builder.addTask({ options: null });
      builder.addEdge(0, 1, { lag: 3 });
    },
    value: 8,
  },
  "one task": {
    draw: (builder) => {
      builder.addWorker({ capacity: [1] });
      builder.addTask({ options: [one(7)] });
    },
    value: 7,
  },
  "a task of no worker": {
    draw: (builder) => void builder.addTask({ options: [one(7)] }),
    value: null,
  },
  "a worker of nothing": {
    draw: (builder) => {
      builder.addWorker({ capacity: [0] });
      builder.addTask({ options: [one(7)] });
    },
    value: null,
  },
  "a task that takes nothing on a worker of nothing": {
    draw: (builder) => {
      builder.addWorker({ capacity: [0] });
      builder.addTask({ options: [one(7, 0)] });
    },
    value: 7,
  },
  "demand above every worker, but a price to leave it out": {
    draw: (builder) => {
      builder.addWorker({ capacity: [2] });
      builder.addTask({ options: [one(7, 3)], skipPrice: 4 });
      builder.addTask({ options: [one(2)] });
    },
    value: 6,
  },
  "an end at the horizon": {
    draw: (builder) => {
      builder.addWorker({ capacity: [1] });
      builder.addTask({ options: [one(horizonMax - 5)], release: 5 });
    },
    value: horizonMax,
  },
  "an end past the horizon": {
    draw: (builder) => {
      builder.addWorker({ capacity: [1] });
      builder.addTask({ options: [one(horizonMax - 5)] });
      builder.addTask({ options: [one(6)] });
    },
    value: null,
  },
  "lags that reach past 32 bits": {
    draw: (builder) => {
      builder.addWorker({ capacity: [1] });
      for (let task = 0; task < 4; task += 1) builder.addTask({ options: [one(horizonMax)] });
      for (let task = 1; task < 4; task += 1) {
        builder.addEdge(task - 1, task, { lag: horizonMax });
      }
    },
    value: null,
  },
  "data that travels for longer than there is time": {
    draw: (builder) => {
      builder.addWorker({ capacity: [1], class: 0, link: 0 });
      builder.addWorker({ capacity: [1], class: 1, link: 1 });
      builder.setLinks([0, horizonMax, horizonMax, 0], [0, horizonMax, horizonMax, 0]);
      builder.addTask({ options: [one(3)] });
      builder.addTask({ options: [one(3), { ...one(1), class: 1 }] });
      builder.addEdge(0, 1, { kib: 2 ** 40, fixed: horizonMax });
    },
    value: 6,
  },
};

describe("a problem at the edge", () => {
  for (const [name, { draw, value }] of Object.entries(edges)) {
    it(`of ${name} is planned as far as it can be`, async () => {
      const builder = new ProblemBuilder({ dimensions: ["cpu"], horizon: horizonMax });
      draw(builder);
      const problem = builder.build();
      const outcome = await requestPlan(client, problem, orderOf({ wallMs: 400 })).outcome;
      expectHeld(problem, outcome, name);
      expect(outcome.summary?.value).toBe(value ?? Number.POSITIVE_INFINITY);
    });
  }
});

describe("a budget", () => {
  it("of one millisecond gives a plan, one of none is refused", async () => {
    const problem = dagProblem(4, 200);
    const { summary, incumbents } = await requestPlan(client, problem, orderOf({ wallMs: 1 }))
      .outcome;
    expect(incumbents.length).toBeGreaterThan(0);
    expect(summary?.value).toBeLessThan(Number.POSITIVE_INFINITY);
    const none = await requestPlan(client, problem, orderOf({ wallMs: 0 })).outcome;
    expect(none.error?.code).toBe("limit_exceeded");
  });

  it("of one unit of work gives the same plan twice", async () => {
    const problem = dagProblem(4, 60);
    const order = orderOf({ workUnits: 1, wallMs: 60_000 });
    const [a, b] = [
      await requestPlan(client, problem, order).outcome,
      await requestPlan(client, problem, order).outcome,
    ];
    expect(a.summary).toMatchObject({ reason: "budget", deterministic: true });
    expect(b.incumbents.at(-1)?.plan).toEqual(a.incumbents.at(-1)?.plan);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lowerBound } from "./bounds.js";
import { checkPlan, evaluate } from "./check.js";
import { decode, freeChoice } from "./decode.js";
import { greedy, priorityOrders, rankOrder } from "./greedy.js";
import { none, type Problem, taskRunning } from "./problem.js";
import { ProblemBuilder } from "./problem-builder.js";
import { layeredProblem } from "./testing/layered-problem.js";
import { bruteForce } from "./testing/oracle.js";
import { randomProblem } from "./testing/random-problem.js";

/** Weights stay on those alone that nothing waits for, as a job's weight lies on its last milestone. */
function endsAlone(problem: Problem): Problem {
  const waited = new Set(problem.edges.from);
  const flowWeight = problem.tasks.flowWeight.map((_, task) => (waited.has(task) ? 0 : 1));
  return { ...problem, tasks: { ...problem.tasks, flowWeight } };
}

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

describe("the lower bound", () => {
  it("is never above the optimum of tiny problems, and often is the optimum", () => {
    let solved = 0;
    let met = 0;
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 4 }), (seed, tasks) => {
        const problem = randomProblem(seed, { tasks, workers: 2, durationMax: 4 });
        const plan = greedy(problem);
        const { evaluation } = checkPlan(problem, plan);
        const latestEnd = Math.min(14, Math.max(...plan.end));
        const optimum = bruteForce(problem, { value: evaluation.value, latestEnd });
        // The greedy plan ends past what brute force can afford.
        if (optimum === null) return;
        const bound = lowerBound(problem);
        solved++;
        if (bound.value >= optimum.value - 1e-9) met++;
        expect(bound.value).toBeLessThanOrEqual(optimum.value + 1e-9);
        expect(bound.makespanTicks).toBeLessThanOrEqual(optimum.makespanTicks);
      }),
      { numRuns: 150 },
    );
    expect(solved).toBeGreaterThan(100);
    expect(met).toBeGreaterThan(solved / 2);
  });

  it("is never above any part of any plan that decoding gives", () => {
    const chance = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 40 }), chance, (seed, tasks, edges) => {
        const problem = randomProblem(seed, { tasks, edges });
        const bound = lowerBound(problem);
        for (const { order } of priorityOrders(problem)) {
          const plan = decode(problem, order, freeChoice(problem));
          if (plan === null) throw new Error("no plan");
          const { parts, value } = checkPlan(problem, plan).evaluation;
          expect(bound.value).toBeLessThanOrEqual(value);
          expect(bound.parts.makespanS).toBeLessThanOrEqual(parts.makespanS);
          expect(bound.parts.flowS).toBeLessThanOrEqual(parts.flowS);
          expect(bound.parts.tardinessS).toBeLessThanOrEqual(parts.tardinessS);
          expect(bound.parts.moves).toBeLessThanOrEqual(parts.moves);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("proves the makespan of a large random problem to within three percent", () => {
    const problem = layeredProblem({ tasks: 2_000, workers: 8, layer: 100, seed: 3 });
    const { parts } = checkPlan(problem, greedy(problem)).evaluation;
    const bound = lowerBound(problem).parts.makespanS;
    expect(bound).toBeLessThanOrEqual(parts.makespanS);
    expect(bound).toBeGreaterThan(0.97 * parts.makespanS);
  });

  it("is never above the optimum where only the ends of jobs count", () => {
    let proved = 0;
    for (let seed = 0; seed < 80; seed++) {
      const problem = endsAlone(
        randomProblem(seed, { tasks: 4, workers: 2, durationMax: 4, edges: 0.5 }),
      );
      const plan = decode(problem, null, freeChoice(problem));
      if (plan === null) continue;
      const value = evaluate(problem, plan).value;
      const latestEnd = Math.min(14, Math.max(...plan.end));
      const optimum = bruteForce(problem, { value: value + 1e-6, latestEnd })?.value ?? value;
      const bound = lowerBound(problem).value;
      expect(bound, `seed ${seed}`).toBeLessThanOrEqual(optimum + 1e-9 * Math.max(1, optimum));
      proved++;
    }
    for (let seed = 0; seed < 30; seed++) {
      const problem = endsAlone(randomProblem(seed, { tasks: 60, workers: 3, edges: 0.1 }));
      const plan = decode(problem, null, freeChoice(problem));
      if (plan === null) continue;
      const { flowS } = evaluate(problem, plan).parts;
      expect(lowerBound(problem).parts.flowS, `seed ${seed}`).toBeLessThanOrEqual(flowS + 1e-6);
    }
    expect(proved).toBeGreaterThan(40);
  });

  it("shares a full machine among jobs of which only the ends count", () => {
    const builder = new ProblemBuilder({ dimensions: ["cpu"], weights: { flow: 1 } });
    builder.addWorker({ capacity: [1] });
    // Twenty jobs of two tasks: by themselves they end at 5, on one worker at 10, 20, 30, …
    for (let job = 0; job < 20; job++) {
      const options = [{ class: 0, duration: 5, demand: [1] }];
      const tasks = [0, 1].map((k) => builder.addTask({ id: `${job}/${k}`, job, options }));
      const end = builder.addTask({ id: `${job}/`, job, options: null, flowWeight: 1 });
      for (const task of tasks) builder.addEdge(task, end);
    }
    const problem = builder.build();
    const ticks = lowerBound(problem).parts.flowS / (problem.tickMs / 1_000);
    expect(ticks).toBeCloseTo((10 * 20 * 21) / 2, 3);
  });

  it("bounds the flow time of many independent tasks to within a quarter", () => {
    const problem = layeredProblem({ tasks: 2_000, workers: 8, layer: 0, seed: 3 });
    const order = rankOrder(problem, "weighted_shortest");
    const plan = decode(problem, order, freeChoice(problem));
    if (plan === null) throw new Error("no plan");
    const { flowS } = checkPlan(problem, plan).evaluation.parts;
    expect(lowerBound(problem).parts.flowS).toBeLessThanOrEqual(flowS);
    expect(lowerBound(problem).parts.flowS).toBeGreaterThan(0.75 * flowS);
  });
});

describe("the bound of the makespan", () => {
  it("weighs classes by their speed: 30 unit tasks on a worker of speed 2 and one of 1", () => {
    const problem = filling(30, [10, 20]);
    expect(lowerBound(problem).makespanTicks).toBe(200);
  });

  it("counts what runs and what blocks hold", () => {
    const base = filling(3, [10, 10]);
    const problem: Problem = {
      ...base,
      tasks: {
        ...base.tasks,
        state: Uint8Array.of(taskRunning, 0, 0),
        fixedWorker: Int32Array.of(0, none, none),
        fixedOption: Int32Array.of(0, none, none),
        fixedStart: Int32Array.of(-3, none, none),
        fixedEnd: Int32Array.of(7, none, none),
      },
      blocks: {
        count: 1,
        worker: Uint32Array.of(1),
        from: Int32Array.of(0),
        to: Int32Array.of(21),
        use: Int32Array.of(8_000, 0),
      },
    };
    // Worker 0 from 7 and worker 1 from 21 do 20 ticks of work: 7 + 14, and 6 shared after 21.
    expect(lowerBound(problem).makespanTicks).toBe(24);
  });

  it("sees a pool through which all must pass", () => {
    const base = filling(6, [10, 10]);
    const problem: Problem = {
      ...base,
      pools: {
        count: 1,
        names: ["licence"],
        capacity: Int32Array.of(1),
        consumable: new Uint8Array(1),
      },
      tasks: {
        ...base.tasks,
        poolFirst: Uint32Array.of(0, 1, 2, 3, 4, 5, 6),
        poolIndex: new Uint16Array(6),
        poolAmount: new Int32Array(6).fill(1),
      },
    };
    expect(lowerBound(problem).makespanTicks).toBe(60);
  });

  it("adds the tail behind a crowd and the head before it", () => {
    // One task, then four that fill a worker each, then one: 10 + 20 + 10 on two workers.
    const base = filling(6, [10, 10]);
    const problem: Problem = {
      ...base,
      edges: {
        count: 8,
        from: Uint32Array.of(0, 0, 0, 0, 1, 2, 3, 4),
        to: Uint32Array.of(1, 2, 3, 4, 5, 5, 5, 5),
        lag: new Int32Array(8),
        fixed: new Int32Array(8),
        kib: new Float64Array(8),
      },
    };
    expect(lowerBound(problem).makespanTicks).toBe(40);
  });

  it("is of the confined tasks where a set of workers is the bottleneck", () => {
    const base = filling(10, [10, 10]);
    const onFirst = base.options.worker.map((_, option) => (option < 12 ? 0 : none));
    const class0 = base.options.class.map((of, option) => (option < 12 ? 0 : of));
    const problem = { ...base, options: { ...base.options, class: class0, worker: onFirst } };
    expect(lowerBound(problem).makespanTicks).toBe(60);
  });
});

/** Tasks that fill a worker's cpu, on one worker of each of two classes, with their durations. */
function filling(tasks: number, durations: readonly [number, number]): Problem {
  const base = layeredProblem({ tasks, workers: 2, layer: 0, seed: 1 });
  return {
    ...base,
    options: {
      ...base.options,
      duration: base.options.duration.map((_, option) => durations[option % 2] ?? 0),
      demand: base.options.demand.map((_, place) => (place % 2 === 0 ? 8_000 : 1)),
    },
  };
}

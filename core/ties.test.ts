import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lowerBound } from "./bounds.js";
import { checkPlan } from "./check.js";
import { decodePartly, freeChoice } from "./decode.js";
import { greedy } from "./greedy.js";
import { gangsAreAcyclic } from "./groups.js";
import { prepare } from "./prepare.js";
import { none, type Problem } from "./problem.js";
import { ProblemBuilder } from "./problem-builder.js";
import { bruteForce, isFeasible } from "./testing/oracle.js";
import { allExtras, type Extras, randomProblem } from "./testing/random-problem.js";

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** Workers of capacity 1 and class 0, of the given sites. */
function cluster(...sites: number[]): ProblemBuilder {
  const builder = new ProblemBuilder({ dimensions: ["cpu"], domainLevels: ["site"] });
  for (const site of sites)
    builder.addWorker({ class: 0, capacity: [1], domains: [site], link: site });
  return builder;
}

const takes = (duration: number) => [{ class: 0, duration, demand: [1] }];

const on = (worker: number, duration: number) => [{ class: 0, worker, duration, demand: [1] }];

describe("data on an edge", () => {
  it("is paid only between different workers, by latency, size and the edge's own part", () => {
    const builder = cluster(0, 1);
    // A tick of latency and three per GiB between the two sites.
    builder.setLinks([0, 1, 1, 0], [0, 3, 3, 0]);
    const first = builder.addTask({ options: on(0, 5) });
    const second = builder.addTask({ options: on(1, 5) });
    builder.addEdge(first, second, { kib: 1.5 * 2 ** 20, fixed: 2 });
    const problem = builder.build();
    const plan = greedy(problem);
    // 5 + 2 + 1 + ceil(1.5 × 3).
    expect(plan.start[1]).toBe(13);
    expect(checkPlan(problem, plan).violations).toEqual([]);
    plan.start[1] = 12;
    plan.end[1] = 17;
    expect(checkPlan(problem, plan).violations).toMatchObject([
      { kind: "precedence", earliest: 13 },
    ]);
  });

  it("keeps a task on the worker of its input where that is sooner", () => {
    const builder = cluster(0, 0);
    const first = builder.addTask({ options: takes(5) });
    const heavy = builder.addTask({ options: takes(5) });
    const light = builder.addTask({ options: takes(5) });
    builder.addEdge(first, heavy, { fixed: 20 });
    builder.addEdge(first, light, { fixed: 1 });
    const plan = greedy(builder.build());
    expect(plan.worker[heavy]).toBe(plan.worker[first]);
    expect(plan.worker[light]).not.toBe(plan.worker[first]);
    expect(plan.start[light]).toBe(6);
  });
});

describe("a gang", () => {
  it("starts as one, when the last of its members finds room", () => {
    const builder = cluster(0, 0, 0);
    builder.addTask({ options: on(1, 7), priority: 9 });
    const members = [0, 1, 2].map(() => builder.addTask({ options: takes(3) }));
    builder.addGroup("gang", members);
    const problem = builder.build();
    const { plan } = decodePartly(prepare(problem), null, freeChoice(problem));
    expect(members.map((task) => plan.start[task])).toEqual([7, 7, 7]);
    expect(checkPlan(problem, plan).violations).toEqual([]);
  });

  it("is left out whole, or not at all", () => {
    const builder = cluster(0, 0);
    const skipPrice = 4;
    const members = [0, 1, 2].map(() => builder.addTask({ options: takes(3), skipPrice }));
    builder.addGroup("gang", members);
    const problem = builder.build();
    const plan = greedy(problem);
    expect([...plan.worker]).toEqual([none, none, none]);
    const { violations, evaluation } = checkPlan(problem, plan);
    expect(violations).toEqual([]);
    expect(evaluation.value).toBe(12);
  });

  it("cannot wait for itself, directly or around another", () => {
    const chained = (...edges: (readonly [number, number])[]): Problem => {
      const builder = cluster(0, 0);
      for (let task = 0; task < 4; task++) builder.addTask({ options: takes(1) });
      builder.addGroup("gang", [0, 1]);
      for (const [from, to] of edges) builder.addEdge(from, to);
      return builder.build();
    };
    expect(gangsAreAcyclic(chained([0, 2], [2, 3]))).toBe(true);
    expect(gangsAreAcyclic(chained([0, 1]))).toBe(false);
    expect(gangsAreAcyclic(chained([0, 2], [2, 1]))).toBe(false);
  });
});

describe("a spread group", () => {
  it("puts no two members on one site, and fails where there are more members than sites", () => {
    const spread = (members: number): Problem => {
      const builder = cluster(0, 0, 1);
      const tasks = Array.from({ length: members }, () => builder.addTask({ options: takes(3) }));
      builder.addGroup("spread", tasks);
      return builder.build();
    };
    const plan = greedy(spread(2));
    expect([...plan.worker]).toEqual([0, 2]);
    expect([...greedy(spread(3)).worker]).toEqual([0, 2, none]);
  });
});

describe("a colocated group", () => {
  it("goes where all its members can run, though the first could go elsewhere", () => {
    const builder = cluster(0, 1);
    const anywhere = builder.addTask({ options: takes(3) });
    const there = builder.addTask({ options: on(1, 3) });
    builder.addGroup("colocate", [anywhere, there]);
    const problem = builder.build();
    const plan = greedy(problem);
    expect([...plan.worker]).toEqual([1, 1]);
    expect(checkPlan(problem, plan).violations).toEqual([]);
  });
});

describe("a task that may be left out", () => {
  it("is, where its hard deadline cannot be met; so is what waits for it, but no milestone", () => {
    const builder = cluster(0);
    const late = builder.addTask({ options: takes(9), hardDue: 8, skipPrice: 3 });
    const after = builder.addTask({ options: takes(1), skipPrice: 2 });
    const other = builder.addTask({ options: takes(4) });
    const end = builder.addTask({ options: null, flowWeight: 1 });
    builder.addEdge(late, after);
    for (const task of [after, other]) builder.addEdge(task, end);
    const problem = builder.build();
    const plan = greedy(problem);
    expect([...plan.worker]).toEqual([none, none, 0, none]);
    expect(plan.end[end]).toBe(4);
    const { violations, evaluation } = checkPlan(problem, plan);
    expect(violations).toEqual([]);
    expect(evaluation.parts).toMatchObject({ makespanS: 4, skipped: 5 });
  });

  it("must be planned all the same if one that must waits for it", () => {
    const builder = cluster(0);
    const late = builder.addTask({ options: takes(9), hardDue: 8, skipPrice: 3 });
    builder.addEdge(late, builder.addTask({ options: takes(1) }));
    const problem = builder.build();
    expect(checkPlan(problem, greedy(problem)).violations).not.toEqual([]);
  });
});

describe("a consumable pool", () => {
  it("counts over all time, and by option", () => {
    const builder = cluster(0, 0);
    const budget = builder.addPool("budget", 3, "consumable");
    const option = (duration: number, amount: number) => ({
      class: 0,
      duration,
      demand: [1],
      pools: [{ pool: budget, amount }],
    });
    for (let task = 0; task < 2; task++) builder.addTask({ options: [option(2, 2), option(5, 1)] });
    const problem = builder.build();
    const plan = greedy(problem);
    // The first takes the dear way, for the second only the cheap one is left.
    expect([...plan.end]).toEqual([2, 5]);
    plan.option[1] = plan.option[0] as number;
    plan.end[1] = 2;
    const over = greedy(problem);
    over.option[1] = 2;
    over.end[1] = (over.start[1] as number) + 2;
    expect(checkPlan(problem, over).violations).toMatchObject([{ kind: "pool", usage: 4 }]);
  });
});

describe("random problems with everything at once", () => {
  it("are decoded into feasible plans, or it is said which tasks stand nowhere", () => {
    let whole = 0;
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 20 }), (seed, tasks) => {
        const problem = randomProblem(seed, { tasks, extras: allExtras });
        const { plan, unplaced } = decodePartly(prepare(problem), null, freeChoice(problem));
        const { violations } = checkPlan(problem, plan);
        if (unplaced === 0) {
          whole++;
          expect(violations).toEqual([]);
        }
        expect(violations.length === 0).toBe(isFeasible(problem, plan));
      }),
      { numRuns: 400 },
    );
    expect(whole).toBeGreaterThan(150);
  });

  const names = Object.keys(allExtras) as (keyof Extras)[];
  it.each(names)("have no bound above their optimum: %s", (name) => {
    let solved = 0;
    fc.assert(
      fc.property(seeds, fc.integer({ min: 2, max: 4 }), (seed, tasks) => {
        const settings = { tasks, workers: 2, durationMax: 4, devices: false };
        const problem = randomProblem(seed, { ...settings, extras: { [name]: true } });
        const upper = { value: Number.POSITIVE_INFINITY, latestEnd: 11 };
        const optimum = bruteForce(problem, upper);
        if (optimum === null) return;
        solved++;
        expect(checkPlan(problem, optimum.plan).violations).toEqual([]);
        expect(lowerBound(problem).value).toBeLessThanOrEqual(optimum.value + 1e-9);
      }),
      { numRuns: 40 },
    );
    expect(solved).toBeGreaterThan(15);
  });
});

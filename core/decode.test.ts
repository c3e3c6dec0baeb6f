import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkPlan } from "./check.js";
import { type Choice, choiceOf, decode, decodePrepared, freeChoice, orderOf } from "./decode.js";
import { greedy, priorityOrders, rankOrder } from "./greedy.js";
import { prepare } from "./prepare.js";
import { none, type Problem, taskKept, taskRunning } from "./problem.js";
import { seededRandom } from "./random.js";
import { layeredProblem } from "./testing/layered-problem.js";
import { bruteForce } from "./testing/oracle.js";
import { randomProblem } from "./testing/random-problem.js";

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

describe("decoding an order", () => {
  it("gives a feasible plan for any order, on problems with every feature", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 25 }), (seed, tasks) => {
        const problem = randomProblem(seed, { tasks });
        for (const order of [
          ...priorityOrders(problem).map(({ order }) => order),
          shuffled(problem, seed),
          null,
        ]) {
          const plan = decode(problem, order, freeChoice(problem));
          expect(plan).not.toBeNull();
          if (plan !== null) expect(checkPlan(problem, plan).violations).toEqual([]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("gives the same plan again, from a problem prepared anew or used before", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const problem = randomProblem(seed, { tasks: 20 });
        const prepared = prepare(problem);
        const order = shuffled(problem, seed);
        const first = decodePrepared(prepared, order, freeChoice(problem));
        decodePrepared(prepared, null, freeChoice(problem));
        expect(decodePrepared(prepared, order, freeChoice(problem))).toEqual(first);
        expect(decode(problem, order, freeChoice(problem))).toEqual(first);
      }),
      { numRuns: 50 },
    );
  });

  it("leaves running tasks where they are and kept ones on their worker and option", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const problem = randomProblem(seed, { tasks: 20 });
        const { tasks } = problem;
        const plan = greedy(problem);
        for (let task = 0; task < tasks.count; task++) {
          if (tasks.state[task] === taskRunning) {
            expect(plan.start[task]).toBe(tasks.fixedStart[task]);
            expect(plan.end[task]).toBe(tasks.fixedEnd[task]);
            expect(plan.devices[task]).toBe(tasks.fixedDevices[task]);
          }
          if (tasks.state[task] === taskKept) {
            expect(plan.worker[task]).toBe(tasks.previousWorker[task]);
            expect(plan.option[task]).toBe(tasks.previousOption[task]);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it("decoded again by its own starts, with its own workers, a plan does not get later", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        // Best fit may give devices otherwise the second time, and kept tasks go first.
        const problem = randomProblem(seed, { tasks: 20, devices: false, facts: false });
        const plan = decode(problem, shuffled(problem, seed), freeChoice(problem));
        if (plan === null) throw new Error("no plan");
        const again = decode(problem, orderOf(plan), choiceOf(plan));
        plan.end.forEach((end, task) => {
          expect(again?.end[task]).toBeLessThanOrEqual(end);
        });
      }),
      { numRuns: 100 },
    );
  });

  it("reaches the optimum of tiny problems by some order and some choice", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 3 }), (seed, tasks) => {
        const problem = randomProblem(seed, {
          tasks,
          workers: 2,
          durationMax: 4,
          devices: false,
          facts: false,
        });
        const best = bestOfAll(problem);
        const found = bruteForce(problem, { value: best.value, latestEnd: best.latestEnd });
        expect(found?.value ?? best.value).toBeCloseTo(best.value, 9);
      }),
      { numRuns: 60 },
    );
  });
});

describe("choosing a worker", () => {
  it("takes the earliest finish, a fast one late before a slow one now", () => {
    // Workers 0 (fast) and 1 (half as fast); the second of two tasks that fill a worker.
    const plan = decode(twoFilling(), null, freeChoice(twoFilling()));
    expect([...(plan?.worker ?? [])]).toEqual([0, 0]);
  });

  it("stays where it was if that costs no time, and moves if it does", () => {
    const base = layeredProblem({ tasks: 1, workers: 4, layer: 0, seed: 1 });
    const withPrevious = (previous: number): Problem => ({
      ...base,
      tasks: {
        ...base.tasks,
        moveWeight: Float64Array.of(1),
        previousWorker: Int32Array.of(previous),
      },
    });
    expect(workerOf(withPrevious(none))).toBe(0);
    expect(workerOf(withPrevious(2))).toBe(2);
    // Worker 3 is slow.
    expect(workerOf(withPrevious(3))).toBe(0);
  });

  it("obeys a forced worker and a forced option", () => {
    const problem = twoFilling();
    const choice: Choice = { worker: Int32Array.of(1, none), option: Int32Array.of(none, 3) };
    const plan = decode(problem, null, choice);
    expect([...(plan?.worker ?? [])]).toEqual([1, 1]);
    expect([...(plan?.option ?? [])]).toEqual([1, 3]);
  });
});

describe("what cannot be placed", () => {
  const drained = (): Problem => {
    const base = layeredProblem({ tasks: 3, workers: 1, layer: 1, seed: 1 });
    return {
      ...base,
      horizon: 100_000,
      options: { ...base.options, class: new Uint16Array(6) },
      tasks: {
        ...base.tasks,
        // The third is a milestone after the second; the first two need the drained worker.
        block: Int32Array.of(0, 1, none),
        state: Uint8Array.of(taskRunning, 0, 0),
        fixedWorker: Int32Array.of(0, none, none),
        fixedOption: Int32Array.of(0, none, none),
        fixedStart: Int32Array.of(-5, none, none),
        fixedEnd: Int32Array.of(50, none, none),
      },
      blocks: {
        count: 1,
        worker: Uint32Array.of(0),
        from: Int32Array.of(0),
        to: Int32Array.of(100_000),
        use: Int32Array.of(8_000, 32_768),
      },
    };
  };

  it("makes decoding answer null", () => {
    expect(decode(drained(), null, freeChoice(drained()))).toBeNull();
  });

  it("is left out by greedy, with all that waits for it, and named by the check", () => {
    const plan = greedy(drained());
    expect([...plan.worker]).toEqual([0, none, none]);
    const { violations } = checkPlan(drained(), plan);
    expect(violations).toEqual([{ kind: "unplanned", task: 1 }]);
  });

  it("is all of a graph with a cycle, and what waits for it", () => {
    const base = layeredProblem({ tasks: 3, workers: 1, layer: 0, seed: 1 });
    const cyclic: Problem = {
      ...base,
      edges: {
        count: 2,
        from: Uint32Array.of(0, 1),
        to: Uint32Array.of(1, 0),
        lag: Int32Array.of(0, 0),
        fixed: new Int32Array(2),
        kib: new Float64Array(2),
      },
    };
    expect(decode(cyclic, null, freeChoice(cyclic))).toBeNull();
    expect([...greedy(cyclic).worker]).toEqual([none, none, 0]);
  });
});

describe("speed", () => {
  it("ten thousand tasks on eight workers are placed in well under a second", () => {
    const problem = layeredProblem({ tasks: 10_000, workers: 8, layer: 500, seed: 1 });
    const order = rankOrder(problem, "bottom_level");
    // The best of three, for the machine may be busy; some 40 ms on a quiet one.
    const times = [0, 1, 2].map(() => {
      const begin = performance.now();
      expect(decode(problem, order, freeChoice(problem))).not.toBeNull();
      return performance.now() - begin;
    });
    expect(Math.min(...times)).toBeLessThan(1_000);
  });
});

const workerOf = (problem: Problem): number | undefined => greedy(problem).worker[0];

/** Two tasks of 10 ticks on worker 0 and 30 on worker 1, each filling a worker. */
function twoFilling(): Problem {
  const base = layeredProblem({ tasks: 2, workers: 2, layer: 0, seed: 1 });
  return {
    ...base,
    options: {
      ...base.options,
      duration: Int32Array.of(10, 30, 10, 30),
      demand: Int32Array.of(8_000, 1, 8_000, 1),
    },
  };
}

function shuffled(problem: Problem, seed: number): Int32Array {
  const random = seededRandom(seed);
  const key = Float64Array.from({ length: problem.tasks.count }, () => random());
  return Int32Array.from(key, (_, task) => task).sort((a, b) => (key[a] ?? 0) - (key[b] ?? 0));
}

/** Every order, every option and worker of every task. */
function bestOfAll(problem: Problem): { readonly value: number; readonly latestEnd: number } {
  const prepared = prepare(problem);
  const tasks = Array.from({ length: problem.tasks.count }, (_, task) => task);
  const orders = permutations(tasks).map((order) => Int32Array.from(order));
  let value = Number.POSITIVE_INFINITY;
  let latestEnd = 0;
  for (const choice of choicesOf(problem, freeChoice(problem), 0)) {
    for (const order of orders) {
      const plan = decodePrepared(prepared, order, choice);
      if (plan === null) continue;
      latestEnd = Math.max(latestEnd, ...plan.end);
      value = Math.min(value, checkPlan(problem, plan).evaluation.value);
    }
  }
  return { value, latestEnd: Math.min(latestEnd, 16) };
}

/** One choice, changed in place between the steps. */
function* choicesOf(problem: Problem, choice: Choice, task: number): Generator<Choice> {
  if (task === problem.tasks.count) {
    yield choice;
    return;
  }
  const block = problem.tasks.block[task] ?? none;
  if (block === none) {
    yield* choicesOf(problem, choice, task + 1);
    return;
  }
  const after = problem.options.blockFirst[block + 1] ?? 0;
  for (let option = problem.options.blockFirst[block] ?? 0; option < after; option++) {
    for (let worker = 0; worker < problem.workers.count; worker++) {
      choice.option[task] = option;
      choice.worker[task] = worker;
      yield* choicesOf(problem, choice, task + 1);
    }
  }
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}

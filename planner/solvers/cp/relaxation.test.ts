import { describe, expect, it } from "vitest";
import { checkPlan } from "../../../core/check.js";
import { planOfFacts } from "../../../core/plan.js";
import { none, type Problem, taskRunning } from "../../../core/problem.js";
import { ProblemBuilder } from "../../../core/problem-builder.js";
import { randomInteger, seededRandom } from "../../../core/random.js";
import { bruteForce } from "../../../core/testing/oracle.js";
import { solve } from "../../testing/solver-contract.js";
import { randomProject } from "../project/testing/random-project.js";
import { cp } from "./cp.js";
import { type Engine, isFixed, reasonNone } from "./engine.js";
import { buildModel, type Model } from "./model.js";
import { propagate } from "./propagate.js";
import { valuesOf } from "./schedule.js";
import { decide, explain } from "./trail.js";

const project = (seed: number, tasks: number): Problem =>
  randomProject(seed, { tasks, modesMax: 3, withEverything: true, durationMax: 3 });

/** A chain of tasks that take 5 ticks for nothing, or 2 for one of three vouchers. */
function chain(tasks: number): Problem {
  const builder = new ProblemBuilder({ dimensions: ["a"] });
  builder.addWorker({ capacity: [1] });
  const pool = builder.addPool("vouchers", 3, "consumable");
  for (let task = 0; task < tasks; task += 1) {
    builder.addTask({
      options: [
        { class: 0, duration: 5, demand: [1] },
        { class: 0, duration: 2, demand: [1], pools: [{ pool, amount: 1 }] },
      ],
    });
    if (task > 0) builder.addEdge(task - 1, task);
  }
  return builder.build();
}

describe("the relaxation of modes", () => {
  it("knows without search how many tasks of a path can be short", () => {
    const { engine, objective } = buildModel(chain(8));
    expect(propagate(engine)).toBe(true);
    expect(engine.low[objective.side]).toBe(3 * 2 + 5 * 5);
  });

  it("keeps every plan, and its reasons hold in all of them", () => {
    let checked = 0;
    for (let seed = 0; seed < 25; seed += 1) {
      const problem = project(seed, 3);
      const model = buildModel(problem);
      if (model.impossible || model.engine.last === null) continue;
      // Options that another one beats have no place in the model, nor have needless delays.
      const all = plansOf(problem, 7)
        .filter(({ option }) =>
          model.tasks.every(
            (placed, task) =>
              placed === null ||
              placed.places.length === 0 ||
              placed.places.some((place) => place.option === option[task]),
          ),
        )
        .filter(({ end }) => end.every((at) => at <= model.latest))
        .map((plan) => valuesOf(model, plan).fill(0, 0, 1));
      checked += dive(model, all, seed);
    }
    expect(checked).toBeGreaterThan(100);
  });

  it("lets the optimum be found and proved where pools are scarce", () => {
    let taken = 0;
    for (let seed = 0; seed < 40; seed += 1) {
      const problem = project(seed, 4);
      if (cp.declines(problem) !== null) continue;
      const { best, bound } = solve(cp, problem, 1, 1_000_000);
      if (best === null) throw new Error(`seed ${seed}: there is a plan`);
      const { violations, evaluation } = checkPlan(problem, best);
      expect(violations, `seed ${seed}`).toEqual([]);
      const latestEnd = best.end.reduce((a, b) => Math.max(a, b), 0);
      const optimum = bruteForce(problem, { value: evaluation.value + 1e-6, latestEnd })?.value;
      expect(evaluation.value, `seed ${seed}`).toBe(optimum);
      expect(bound, `seed ${seed}`).toBe(optimum);
      taken += 1;
    }
    expect(taken).toBeGreaterThan(20);
  });
});

/** All feasible plans with starts up to `latest`. */
function plansOf(problem: Problem, latest: number) {
  const { tasks, options } = problem;
  let partial = [planOfFacts(problem)];
  for (let task = 0; task < tasks.count; task += 1) {
    if (tasks.state[task] === taskRunning) continue;
    const block = tasks.block[task] as number;
    const first = block === none ? none : (options.blockFirst[block] as number);
    const after = block === none ? 0 : (options.blockFirst[block + 1] as number);
    partial = partial.flatMap((plan) => {
      const longer: (typeof plan)[] = [];
      for (let option = first; option < after; option += 1) {
        for (let start = 0; start <= latest; start += 1) {
          const next = structuredClone(plan);
          const ticks = option === none ? 0 : (options.duration[option] as number);
          next.option[task] = option;
          next.worker[task] = option === none ? none : 0;
          next.start[task] = start;
          next.end[task] = start + ticks;
          longer.push(next);
        }
      }
      return longer;
    });
  }
  return partial.filter((plan) => checkPlan(problem, plan).violations.length === 0);
}

/** Goes down by random decisions; returns how many reasons were held against all plans. */
function dive({ engine }: Model, all: readonly Int32Array[], seed: number): number {
  const random = seededRandom(seed);
  let checked = 0;
  let ok = propagate(engine);
  for (let at = 0; ; ) {
    for (; at < engine.trailLength; at += 1) checked += checkEntry(engine, all, at, seed);
    if (!ok) {
      const atoms = [...engine.conflict.subarray(0, engine.conflictLength)];
      expect(
        all.filter((values) => satisfies(values, atoms)),
        `seed ${seed}`,
      ).toEqual([]);
      return checked;
    }
    const open = Array.from({ length: engine.sides / 2 }, (_, k) => 2 * k).filter(
      (side) => !isFixed(engine, side),
    );
    const side = open[randomInteger(random, Math.max(1, open.length))];
    if (side === undefined) return checked;
    const least = engine.low[side] as number;
    const most = -(engine.low[side + 1] as number);
    const cut = least + randomInteger(random, Math.min(9, most - least));
    if (random() < 0.3) decide(engine, side, cut + 1);
    else decide(engine, side ^ 1, -cut);
    ok = propagate(engine);
  }
}

const sideValue = (values: Int32Array, side: number): number => {
  const value = values[side >> 1] as number;
  return (side & 1) === 0 ? value : -value;
};

const satisfies = (values: Int32Array, atoms: readonly number[]): boolean =>
  atoms.every((side, k) => k % 2 === 1 || sideValue(values, side) >= (atoms[k + 1] as number));

function checkEntry(engine: Engine, all: readonly Int32Array[], at: number, seed: number): number {
  const reason = engine.trailReason[at] as number;
  if (reason === reasonNone) return 0;
  const side = engine.trailSide[at] as number;
  const value = engine.trailLow[at] as number;
  const from = explain(engine, reason, side, value);
  const atoms =
    engine.trailLevel[at] === 0 ? [] : [...engine.explained.subarray(from, engine.explainedLength)];
  engine.explainedLength = from;
  const wrong = all.filter((v) => satisfies(v, atoms) && sideValue(v, side) < value);
  expect(wrong, `seed ${seed}, entry ${at}`).toEqual([]);
  return 1;
}

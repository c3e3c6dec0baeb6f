import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkPlan } from "./check.js";
import { choiceOf, freeChoice, orderOf } from "./decode.js";
import { placeInOrder, rankOrder } from "./greedy.js";
import { type Problem, taskRunning } from "./problem.js";
import { ProblemBuilder } from "./problem-builder.js";
import { beginRollOuts, type Doubts, quantileOfEnds, rollOn, samplesFor } from "./roll-outs.js";
import { allExtras, randomProblem } from "./testing/random-problem.js";

interface Shape {
  readonly workers: number;
  readonly tasks: number;
  readonly isChain?: boolean;
  /** The first one runs, and has for so long. */
  readonly ranFor?: number;
}

/** Tasks of 100 ticks, or 200 in one case of ten, and a milestone behind all of them. */
function problemOf({ workers, tasks, isChain = false, ranFor }: Shape): Problem {
  const builder = new ProblemBuilder({ dimensions: ["cpu"] });
  for (let worker = 0; worker < workers; worker++) builder.addWorker({ class: 0, capacity: [1] });
  const options = [{ class: 0, duration: 100, durationP90: 200, demand: [1] }];
  const running = { worker: 0, option: 0, start: -(ranFor ?? 0), end: 50 };
  const rows = Array.from({ length: tasks }, (_, index) =>
    builder.addTask(
      index === 0 && ranFor !== undefined
        ? { options, state: taskRunning, fixed: running }
        : { options },
    ),
  );
  const milestone = builder.addTask({ options: null });
  rows.forEach((row, index) => {
    if (isChain && index > 0) builder.addEdge(rows[index - 1] ?? 0, row);
    builder.addEdge(row, milestone);
  });
  return builder.build();
}

const doubts = (tasks: number, ranFor = 0, isAlike = false): Doubts => ({
  own: Uint32Array.from({ length: tasks }, (_, task) => 1_000 + task * 7_919),
  shared: Uint32Array.from({ length: tasks }, (_, task) => (isAlike ? 5 : 90_000 + task * 104_729)),
  ranFor: Float64Array.from({ length: tasks }, (_, task) => (task === 0 ? ranFor : 0)),
  standsFor: new Float64Array(tasks),
});

function rollOut(problem: Problem, given: Doubts, samples = 400, probes = 1_000) {
  const plan = placeInOrder(problem, rankOrder(problem, "bottom_level"), freeChoice(problem));
  const watched = Int32Array.of(problem.tasks.count - 1);
  const order = orderOf(plan);
  const rollOuts = beginRollOuts({
    ...{ problem, order, choice: choiceOf(plan), doubts: given, samples, watched },
  });
  while (!rollOn(rollOuts, probes));
  const at = (share: number): number => quantileOfEnds(rollOuts, 0, share);
  return { rollOuts, p50: at(0.5), p90: at(0.9) };
}

describe("roll-outs of a plan", () => {
  it("say of one task what its estimate says", () => {
    const { p50, p90 } = rollOut(problemOf({ workers: 1, tasks: 1 }), doubts(1), 2_000);
    expect(p50 / 100).toBeCloseTo(1, 1);
    expect(p90 / 200).toBeCloseTo(1, 1);
  });

  it("do not add up p90s: of a chain of twenty the p90 is far below twenty p90s", () => {
    const chain = problemOf({ workers: 1, tasks: 20, isChain: true });
    const { p50, p90 } = rollOut(chain, doubts(20));
    // The mean of such a log-normal is 1.16 times its median.
    expect(p50).toBeGreaterThan(20 * 105);
    expect(p90).toBeLessThan(20 * 150);
    expect(p90).toBeGreaterThan(p50);
  });

  it("know that the last of many is late: of thirty side by side the median is past a p90", () => {
    const wide = problemOf({ workers: 30, tasks: 30 });
    expect(rollOut(wide, doubts(30)).p50).toBeGreaterThan(200);
  });

  it("are wider where errors are shared", () => {
    const wide = problemOf({ workers: 3, tasks: 30 });
    const apart = rollOut(wide, doubts(30));
    const alike = rollOut(wide, doubts(30, 0, true));
    expect(alike.p90 / alike.p50).toBeGreaterThan(1.1 * (apart.p90 / apart.p50));
  });

  it("take what runs from where it is: past its p90 it is never due now", () => {
    const at = (ranFor: number) =>
      rollOut(problemOf({ workers: 1, tasks: 1, ranFor }), doubts(1, ranFor)).p50;
    expect(at(50)).toBeLessThan(100);
    expect(at(400)).toBeGreaterThan(at(90));
    expect(at(4_000)).toBeGreaterThan(at(400));
  });

  it("are the same in slices of any size, and the same again", () => {
    const wide = problemOf({ workers: 4, tasks: 40 });
    const whole = rollOut(wide, doubts(40), 20);
    expect(rollOut(wide, doubts(40), 20, 1).rollOuts.ends).toEqual(whole.rollOuts.ends);
    expect(rollOut(wide, doubts(40), 20, 17).rollOuts.ends).toEqual(whole.rollOuts.ends);
  });

  it("play plans that the checker has nothing against, whatever the problem has", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const problem = randomProblem(seed, {
          ...{ tasks: 8, facts: true, devices: true, pools: true, edges: 0.3 },
          extras: allExtras,
        });
        const plan = placeInOrder(problem, rankOrder(problem, "bottom_level"), freeChoice(problem));
        fc.pre(checkPlan(problem, plan).violations.length === 0);
        const rollOuts = beginRollOuts({
          ...{ problem, order: orderOf(plan), choice: choiceOf(plan), samples: 1 },
          doubts: doubts(problem.tasks.count, seed % 50),
          watched: Int32Array.from(plan.start, (_, task) => task),
        });
        rollOn(rollOuts, 1_000_000);
        const { spread, decoding, ends } = rollOuts;
        // What was drawn too long for the horizon of the problem tells nothing.
        fc.pre(decoding !== null && decoding.unplaced === 0);
        expect(checkPlan(spread.problem, decoding.plan).violations).toEqual([]);
        expect(ends).toEqual(decoding.plan.end);
      }),
      { numRuns: 200 },
    );
  });

  it("are fewer for larger windows, and never too few to tell", () => {
    expect(samplesFor(10)).toBe(120);
    expect(samplesFor(2_000)).toBe(75);
    expect(samplesFor(10_000)).toBe(40);
    expect(samplesFor(0)).toBe(120);
    expect(samplesFor(10, 5)).toBe(5);
  });
});

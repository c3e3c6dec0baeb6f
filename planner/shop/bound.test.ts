import { describe, expect, it } from "vitest";
import { randomInteger, seededRandom } from "../../core/random.js";
import { shopProblem } from "../testing/shop-problem.js";
import { jacksonBound, type OneMachineJob, shopBound } from "./bound.js";
import { shopModel } from "./model.js";

/** Least makespan of one machine with heads and tails, by trying every sequence. */
function optimum(jobs: readonly OneMachineJob[], time = 0): number {
  if (jobs.length === 0) return 0;
  let best = Number.POSITIVE_INFINITY;
  for (const job of jobs) {
    const end = Math.max(time, job.head) + job.duration;
    const others = optimum(
      jobs.filter((other) => other !== job),
      end,
    );
    best = Math.min(best, Math.max(end + job.tail, others));
  }
  return best;
}

describe("the one-machine bound", () => {
  it("comes within one of the optimum of Carlier's (1982) seven jobs", () => {
    const jobs = [
      [10, 5, 7],
      [13, 6, 26],
      [11, 7, 24],
      [20, 4, 21],
      [30, 3, 8],
      [0, 6, 17],
      [30, 2, 0],
    ].map(([head = 0, duration = 0, tail = 0]) => ({ head, duration, tail }));
    expect(optimum(jobs)).toBe(50);
    expect(jacksonBound(jobs)).toBeLessThanOrEqual(50);
    expect(jacksonBound(jobs)).toBeGreaterThanOrEqual(49);
  });

  it("is never above the optimum, and often on it", () => {
    let tight = 0;
    for (let seed = 0; seed < 200; seed += 1) {
      const random = seededRandom(seed);
      const jobs = Array.from({ length: 5 }, () => ({
        head: randomInteger(random, 12),
        duration: 1 + randomInteger(random, 6),
        tail: randomInteger(random, 12),
      }));
      const best = optimum(jobs);
      expect(jacksonBound(jobs), `seed ${seed}`).toBeLessThanOrEqual(best);
      if (jacksonBound(jobs) === best) tight += 1;
    }
    expect(tight).toBeGreaterThan(120);
  });
});

describe("the bound of a shop", () => {
  it("is at least the load of every machine that has no substitute", () => {
    const problem = shopProblem(5, 30, { isPlain: true });
    const load = [0, 0, 0];
    problem.options.duration.forEach((duration, option) => {
      const machine = problem.options.class[option] as number;
      load[machine] = (load[machine] ?? 0) + duration;
    });
    expect(shopBound(shopModel(problem))).toBeGreaterThanOrEqual(Math.max(...load));
  });
});

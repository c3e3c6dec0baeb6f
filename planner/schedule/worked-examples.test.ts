/** The worked examples of the papers that list scheduling with look at communication comes from. */
import { describe, expect, it } from "vitest";
import { checkPlan } from "../../core/check.js";
import { freeChoice } from "../../core/decode.js";
import { greedy } from "../../core/greedy.js";
import type { Problem } from "../../core/problem.js";
import { ProblemBuilder } from "../../core/problem-builder.js";
import { lns } from "../solvers/lns/lns.js";
import { solve } from "../testing/solver-contract.js";
import { planOfDraft } from "./candidate.js";
import { createDraft, decodeDraft } from "./draft.js";
import { createKernel } from "./kernel.js";
import { lookAhead } from "./peft.js";

type Edge = readonly [from: number, to: number, ticks: number];

/** Three processors, one task at a time; data pays between any two of them. */
function example(times: readonly (readonly number[])[], edges: readonly Edge[]): Problem {
  const builder = new ProblemBuilder({ dimensions: ["processor"] });
  for (let worker = 0; worker < 3; worker += 1) builder.addWorker({ capacity: [1] });
  for (const row of times) {
    builder.addTask({
      options: row.map((duration, worker) => ({ class: worker, duration, demand: [1] })),
    });
  }
  for (const [from, to, fixed] of edges) builder.addEdge(from - 1, to - 1, { fixed });
  return builder.build();
}

/** Topcuoglu, Hariri & Wu 2002, figure 2 and table 1. */
const heftExample = example(
  [
    [14, 16, 9],
    [13, 19, 18],
    [11, 13, 19],
    [13, 8, 17],
    [12, 13, 10],
    [13, 16, 9],
    [7, 15, 11],
    [5, 11, 14],
    [18, 12, 20],
    [21, 7, 16],
  ],
  [
    [1, 2, 18],
    [1, 3, 12],
    [1, 4, 9],
    [1, 5, 11],
    [1, 6, 14],
    [2, 8, 19],
    [2, 9, 16],
    [3, 7, 23],
    [4, 8, 27],
    [4, 9, 23],
    [5, 9, 13],
    [6, 8, 15],
    [7, 10, 17],
    [8, 10, 11],
    [9, 10, 13],
  ],
);

/** Arabnejad & Barbosa 2014, figure 2. */
const peftExample = example(
  [
    [22, 21, 36],
    [22, 18, 18],
    [32, 27, 43],
    [7, 10, 4],
    [29, 27, 35],
    [26, 17, 24],
    [14, 25, 30],
    [29, 23, 36],
    [15, 21, 8],
    [13, 16, 33],
  ],
  [
    [1, 2, 17],
    [1, 3, 31],
    [1, 4, 29],
    [1, 5, 13],
    [1, 6, 7],
    [2, 8, 3],
    [2, 9, 30],
    [3, 7, 16],
    [4, 8, 11],
    [4, 9, 7],
    [5, 9, 57],
    [6, 8, 5],
    [7, 10, 9],
    [8, 10, 42],
    [9, 10, 7],
  ],
);

function peft(problem: Problem): number {
  const kernel = createKernel(problem);
  const draft = createDraft(kernel);
  const ahead = lookAhead(kernel);
  if (ahead === null) return Number.NaN;
  draft.ahead = ahead.cost;
  decodeDraft(kernel, draft, ahead.order, freeChoice(problem), Number.POSITIVE_INFINITY);
  const { violations, evaluation } = checkPlan(problem, planOfDraft(kernel, draft));
  expect(violations).toEqual([]);
  return evaluation.value;
}

describe("the worked examples", () => {
  it("are placed by greedy as HEFT does: 80 and 133", () => {
    expect(checkPlan(heftExample, greedy(heftExample)).evaluation.value).toBe(80);
    expect(checkPlan(peftExample, greedy(peftExample)).evaluation.value).toBe(133);
  });

  it("are placed by the optimistic cost table as PEFT does: 85 and 122", () => {
    expect(peft(heftExample)).toBe(85);
    expect(peft(peftExample)).toBe(122);
  });

  it("are solved to the optimum by search: 73 and 113", () => {
    for (const [problem, optimum] of [
      [heftExample, 73],
      [peftExample, 113],
    ] as const) {
      const { best } = solve(lns, problem, 1, 300_000);
      expect(best === null ? null : checkPlan(problem, best).evaluation.value).toBe(optimum);
    }
  });
});

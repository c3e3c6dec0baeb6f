import { describe, expect, it } from "vitest";
import { checkPlan } from "../../core/check.js";
import { freeChoice } from "../../core/decode.js";
import { randomInteger, seededRandom } from "../../core/random.js";
import { randomProblem } from "../../core/testing/random-problem.js";
import { adopt, copyCandidate, createCandidate, planOfDraft } from "./candidate.js";
import {
  checkpointBefore,
  createCheckpoints,
  firstChange,
  firstDifference,
  invalidateFrom,
} from "./checkpoints.js";
import { createDraft, decodeDraft } from "./draft.js";
import { createKernel } from "./kernel.js";
import { movesOf } from "./moves.js";

describe("a decode that goes on from a checkpoint", () => {
  it("gives a plan that holds and the value that the plan has, move after move", () => {
    let used = 0;
    for (let seed = 0; seed < 12; seed += 1) {
      const kernel = createKernel(randomProblem(seed, { tasks: 80, workers: 4 }));
      const { problem } = kernel;
      const random = seededRandom(seed);
      const draft = createDraft(kernel);
      const [current, trial, next] = [80, 80, 80].map(createCandidate);
      if (current === undefined || trial === undefined || next === undefined) return;
      const { topological } = kernel.prepared.graph;
      const first = decodeDraft(kernel, draft, topological, freeChoice(problem), Infinity);
      adopt(kernel, current, draft, first);
      const checkpoints = createCheckpoints(kernel);
      for (let round = 0; round < 40; round += 1) {
        copyCandidate(current, trial);
        const task = kernel.movable[randomInteger(random, kernel.movable.length)] ?? 0;
        const moves = movesOf(kernel);
        moves[round % moves.length]?.(kernel, trial, random, task);
        const place = firstChange(kernel, current, trial);
        const checkpoint = checkpointBefore(kernel, checkpoints, current, place);
        if (checkpoint !== null) {
          used += 1;
          expect(checkpoint.placed).toBeLessThanOrEqual(place);
          for (const column of ["option", "worker", "start", "end", "devices"] as const) {
            draft[column].set(current[column]);
          }
        }
        const value = decodeDraft(kernel, draft, trial.order, trial, Infinity, checkpoint);
        const { violations, evaluation } = checkPlan(problem, planOfDraft(kernel, draft));
        expect(violations, `seed ${seed}, round ${round}`).toEqual([]);
        expect(value).toBeCloseTo(evaluation.value, 6);
        adopt(kernel, next, draft, value);
        invalidateFrom(checkpoints, firstDifference(kernel, current, next));
        copyCandidate(next, current);
      }
    }
    expect(used).toBeGreaterThan(100);
  });
});

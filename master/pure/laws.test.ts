/** Random lives of a small cluster: whatever happens, in whatever order, the invariants hold. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lowerBound } from "../../core/bounds.js";
import { checkPlan } from "../../core/check.js";
import { greedy } from "../../core/greedy.js";
import { buildProblem } from "./problem.js";
import { expectCodecLaw } from "./testing/codec-law.js";
import { brokenForecast, brokenInvariants } from "./testing/invariants.js";
import { live, lives } from "./testing/random-deeds.js";

describe("whatever happens to a cluster", () => {
  it("keeps every invariant, and its replay is equal", () => {
    fc.assert(
      fc.property(lives(40, 120), (life) => {
        live(life, ({ state }) => expect(brokenInvariants(state)).toEqual([]));
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });
});

describe("in whatever state a cluster is", () => {
  it("that state can be written down, read again, and lives on in the same way", () => {
    fc.assert(
      fc.property(lives(20, 60), fc.double({ min: 0, max: 1, noNaN: true }), (life, share) => {
        const { events } = live(life);
        expectCodecLaw(events, Math.floor(events.length * share));
      }),
      { numRuns: 15, endOnFailure: true },
    );
  });

  it("its forecast promises nothing on a worker that is closed by then", () => {
    fc.assert(
      fc.property(lives(20, 60), (life) => {
        live(life, ({ state, nowMs }) => expect(brokenForecast(state, nowMs + 137)).toEqual([]));
      }),
      { numRuns: 30, endOnFailure: true },
    );
  });

  it("its Problem has a plan that the checker accepts, and no bound above it", () => {
    fc.assert(
      fc.property(lives(20, 60), (life) => {
        live(life, ({ state, nowMs }) => {
          for (const mode of ["keep", "free"] as const) {
            const { problem } = buildProblem(state, nowMs + 137, mode);
            const { violations, evaluation } = checkPlan(problem, greedy(problem));
            expect(violations).toEqual([]);
            expect(lowerBound(problem).value).toBeLessThanOrEqual(evaluation.value + 1e-6);
          }
        });
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });
});

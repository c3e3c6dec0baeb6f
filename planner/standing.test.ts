import { describe, expect, it } from "vitest";
import { checkPlan } from "../core/check.js";
import { greedy } from "../core/greedy.js";
import { contributionOf, createStanding, isOptimal, offerBound, offerPlan } from "./standing.js";
import { dagProblem } from "./testing/dag-problem.js";

const problem = dagProblem(1, 20);
const plan = greedy(problem);
const { value } = checkPlan(problem, plan).evaluation;

describe("a wrong solver", () => {
  it("that gives an infeasible plan is found out, and its plan does not count", () => {
    const standing = createStanding(problem);
    const early = { ...plan, start: plan.start.map((start) => start - 1) };
    expect(offerPlan(standing, "wrong", early)).toBe("wrong");
    expect(standing.incumbent).toBeNull();
    expect(contributionOf(standing, "wrong").failure).toContain("infeasible plan");
  });

  it("that claims a bound above a known plan is found out", () => {
    const standing = createStanding(problem);
    offerPlan(standing, "right", plan);
    expect(offerBound(standing, "wrong", value * 1.01)).toBe("wrong");
    expect(standing.bound).toBe(0);
    expect(contributionOf(standing, "wrong").failure).toContain("above the value");
  });

  it("loses its bound when a better plan comes later, and others' bounds stand", () => {
    const standing = createStanding(problem);
    offerBound(standing, "right", value * 0.5);
    offerBound(standing, "wrong", value * 1.2);
    offerPlan(standing, "right", plan);
    expect(standing.bound).toBe(value * 0.5);
    expect(contributionOf(standing, "wrong").failure).not.toBe("");
    expect(contributionOf(standing, "right").failure).toBe("");
  });
});

describe("optimality", () => {
  it("is said only when the bound meets the plan", () => {
    const standing = createStanding(problem);
    offerPlan(standing, "greedy", plan);
    offerBound(standing, "bounds", value * 0.999);
    expect(isOptimal(standing)).toBe(false);
    offerBound(standing, "bounds", value);
    expect(isOptimal(standing)).toBe(true);
  });
});

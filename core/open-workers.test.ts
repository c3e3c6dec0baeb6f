import { describe, expect, it } from "vitest";
import { checkPlan } from "./check.js";
import { greedy } from "./greedy.js";
import {
  beginOpenWorkers,
  firstOpen,
  noteFuller,
  openFromFacts,
  probesMax,
} from "./open-workers.js";
import { prepare } from "./prepare.js";
import { layeredProblem } from "./testing/layered-problem.js";
import { addInterval, type Timeline } from "./timeline.js";

describe("large classes of workers", () => {
  it("know which member has room first, while they fill up", () => {
    const problem = layeredProblem({ tasks: 10, workers: 80, layer: 0, seed: 1 });
    const prepared = prepare(problem);
    const open = beginOpenWorkers(problem, prepared.workersOfClass, prepared.open);
    const members = prepared.workersOfClass[0] as Int32Array;
    const index = open.classes[0] ?? null;
    expect(members.length).toBeGreaterThan(probesMax);
    if (index === null) throw new Error("a large class has an index");
    for (let place = 0; place < members.length; place++) {
      expect(firstOpen(index)).toBe(place);
      const worker = members[place] as number;
      const timeline = prepared.workers[worker] as Timeline;
      addInterval(timeline, 0, 1000 - place, problem.workers.capacity, worker * 2, null, 0);
      noteFuller(problem, open, worker, timeline, 0);
    }
    // The last to be filled is the first to be free.
    expect(firstOpen(index)).toBe(members.length - 1);
    expect(open.from[members[3] as number]).toBe(997);
  });

  it("say of a worker that is blocked for good that it never opens", () => {
    const problem = layeredProblem({ tasks: 10, workers: 2, layer: 0, seed: 1 });
    const blocked = {
      ...problem,
      blocks: {
        count: 1,
        worker: Uint32Array.of(1),
        from: Int32Array.of(0),
        to: Int32Array.of(2 ** 30),
        use: problem.workers.capacity.slice(2, 4),
      },
    };
    const { from } = openFromFacts(blocked, prepare(blocked).workers);
    expect([...from]).toEqual([0, problem.horizon + 1]);
  });

  it("are filled nearly as well as if every worker were tried", () => {
    const problem = layeredProblem({ tasks: 3_000, workers: 150, layer: 0, seed: 1 });
    const { violations, evaluation } = checkPlan(problem, greedy(problem));
    expect(violations).toEqual([]);
    // Trying every worker for every task, as core did before, gave a makespan of 46.1 s.
    expect(evaluation.parts.makespanS).toBeLessThan(1.05 * 46.1);
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findCycle } from "./validate-job.js";

describe("findCycle", () => {
  const graph = fc.integer({ min: 1, max: 12 }).chain((count) =>
    fc.record({
      count: fc.constant(count),
      edges: fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 30 }),
    }),
  );

  test("finds none where every edge points forward", () => {
    fc.assert(
      fc.property(graph, ({ count, edges }) => {
        const forward = edges.filter(([from, to]) => from < to);
        expect(findCycle(count, forward)).toBeNull();
      }),
    );
  });

  test("what it finds is a cycle of the graph; where it finds none, an order exists", () => {
    fc.assert(
      fc.property(graph, ({ count, edges }) => {
        const cycle = findCycle(count, edges);
        const has = (from: number | undefined, to: number | undefined): boolean =>
          edges.some((edge) => edge[0] === from && edge[1] === to);
        if (cycle !== null) {
          expect(cycle.length).toBeGreaterThan(0);
          expect(cycle.every((task, i) => has(task, cycle[(i + 1) % cycle.length]))).toBe(true);
        } else {
          // A graph is acyclic if tasks without predecessors can be taken away one by one.
          let left = Array.from({ length: count }, (_, i) => i);
          for (let round = 0; round < count; round++) {
            const blocked = left.filter((to) => left.some((from) => has(from, to)));
            if (blocked.length === left.length) break;
            left = blocked;
          }
          expect(left).toEqual([]);
        }
      }),
    );
  });
});

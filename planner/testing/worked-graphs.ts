/** Worked examples of papers on task graphs. */
import type { Problem } from "../../core/problem.js";
import { ProblemBuilder } from "../../core/problem-builder.js";

/** Time of each task on each of three processors. */
const times = [
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
] as const;

/** From, to, and what the data costs between different processors. */
const edges = [
  [0, 1, 18],
  [0, 2, 12],
  [0, 3, 9],
  [0, 4, 11],
  [0, 5, 14],
  [1, 7, 19],
  [1, 8, 16],
  [2, 6, 23],
  [3, 7, 27],
  [3, 8, 23],
  [4, 8, 13],
  [5, 7, 15],
  [6, 9, 17],
  [7, 9, 11],
  [8, 9, 13],
] as const;

/**
 * Ten tasks on three processors: figure 2 of H. Topcuoglu, S. Hariri & M.-Y. Wu, "Performance-effective
 * and low-complexity task scheduling for heterogeneous computing", IEEE TPDS 13, 2002. HEFT makes 80
 * of it; the optimum is 73.
 */
export function heftExample(): Problem {
  const builder = new ProblemBuilder({ dimensions: ["processor"] });
  for (let worker = 0; worker < 3; worker++) builder.addWorker({ capacity: [1] });
  for (const row of times) {
    builder.addTask({ options: row.map((duration, of) => ({ class: of, duration, demand: [1] })) });
  }
  for (const [from, to, fixed] of edges) builder.addEdge(from, to, { fixed });
  return builder.build();
}

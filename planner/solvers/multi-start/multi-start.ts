/** Multi-start of greedy schedules, with local search, behind the solver port. Any problem, any size. */
import { runSearch } from "../../schedule/search-run.js";
import type { Solver } from "../../solver.js";
import { explore } from "./search.js";

export const multiStart: Solver = {
  name: "multi-start",
  deterministic: true,
  declines: () => null,
  start: (problem, seed) => runSearch(problem, seed, explore),
};

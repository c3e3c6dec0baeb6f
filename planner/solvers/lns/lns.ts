/** Large neighbourhood search behind the solver port. Any problem with every feature, any size. */
import { runSearch } from "../../schedule/search-run.js";
import type { Solver } from "../../solver.js";
import { explore } from "./search.js";

export const lns: Solver = {
  name: "lns",
  deterministic: true,
  declines: () => null,
  start: (problem, seed) => runSearch(problem, seed, explore),
};

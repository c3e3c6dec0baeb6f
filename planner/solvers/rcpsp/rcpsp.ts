/** Resource-constrained projects, one way to run each task: the project search behind the port. */
import type { Solver } from "../../solver.js";
import { startProject } from "../project/engine.js";
import { declinesRcpsp } from "./declines.js";

export const rcpsp: Solver = {
  name: "rcpsp",
  deterministic: true,
  declines: declinesRcpsp,
  start: startProject,
};

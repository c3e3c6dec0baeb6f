/**
 * Multi-mode resource-constrained projects: options that differ in duration, demand and in what they
 * take from consumable pools; the project search behind the port.
 */
import type { Solver } from "../../solver.js";
import { startProject } from "../project/engine.js";
import { declinesMultiMode } from "./declines.js";

export const multiMode: Solver = {
  name: "multi-mode",
  deterministic: true,
  declines: declinesMultiMode,
  start: startProject,
};

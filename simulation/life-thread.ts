/** A thread that lives one seed after another. A seed gives the same life whatever was before it. */
import { parentPort, workerData } from "node:worker_threads";
import { solverRegistry } from "../planner/solvers/registry.js";
import { type LifeResult, live } from "./life.js";

export interface LifeOrder {
  readonly seed: number;
}

export interface ThreadSettings {
  readonly tasks: number;
  readonly faults: number;
}

const { tasks, faults } = workerData as ThreadSettings;
const solvers = [await solverRegistry["multi-start"].load()];

parentPort?.on("message", async ({ seed }: LifeOrder) => {
  const result: LifeResult = await live({ seed, tasks, faults, solvers });
  parentPort?.postMessage(result);
});

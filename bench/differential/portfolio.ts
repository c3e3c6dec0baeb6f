/** The whole portfolio as one more witness, in threads that stay warm from problem to problem. */
import { pino } from "pino";
import { runPortfolio } from "../../planner/portfolio.js";
import { ThreadPool } from "../../planner/thread-pool.js";
import { judgedValue } from "./engines.js";
import type { Portfolio } from "./judge.js";

const threads = 2;
const workUnits = 100_000;
const wallMs = 20_000;
const memoryMiBMax = 1_024;

export interface PortfolioWitness extends Portfolio {
  close(): Promise<void>;
}

/** `entry`: the bundled planner/solver-thread.ts. */
export function startWitness(entry: string): PortfolioWitness {
  // Engines without work limits have a thread each besides.
  const pool = new ThreadPool({ entry, idleMax: threads + 2, memoryMiBMax });
  const options = { pool, threads, log: pino({ level: "silent" }) };
  return {
    close: () => pool.close(),
    ask: async (problem, seed) => {
      const faults: string[] = [];
      const result = await runPortfolio(
        problem,
        { seed, solvers: [], workUnits, wallMs },
        options,
        { incumbent: () => {}, bound: () => {} },
        new AbortController().signal,
      );
      const { incumbent, bound, reason, contributions } = result;
      const plan = incumbent?.plan ?? null;
      const value = plan === null ? Number.POSITIVE_INFINITY : judgedValue(problem, plan, faults);
      for (const [solver, { failure }] of contributions) {
        if (failure !== "") faults.push(`threw ${solver} out: ${failure}`);
      }
      if (reason === "wall_time") faults.push("it did not come to an end");
      const isExhaustive = reason === "optimal";
      return { solver: "portfolio", value, plan, bound, done: true, isExhaustive, faults };
    },
  };
}

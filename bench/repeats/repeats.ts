/**
 * One problem again and again, with the same seed and work, on different numbers of threads, quiet
 * and with threads that are slow at random: the same plan, bound and work every time.
 */
import { createHash } from "node:crypto";
import { pino } from "pino";
import type { Plan } from "../../core/plan.js";
import type { Problem } from "../../core/problem.js";
import { allExtras, randomProblem } from "../../core/testing/random-problem.js";
import { runPortfolio } from "../../planner/portfolio.js";
import type { SolverName } from "../../planner/solvers/registry.js";
import { ThreadPool } from "../../planner/thread-pool.js";

export interface Way {
  readonly threads: number;
  readonly isJittery: boolean;
}

/** Each number of threads twice. */
export const allWays: readonly Way[] = [1, 2, 4].flatMap((threads) => [
  { threads, isJittery: false },
  { threads, isJittery: true },
]);

export interface RepeatOptions {
  readonly seed: number;
  readonly workUnits: number;
  /** Empty: all that repeat. */
  readonly solvers: readonly SolverName[];
  readonly ways: readonly Way[];
}

/** What must be the same; in one line, so that a difference can be read. */
export interface Outcome extends Way {
  readonly text: string;
}

/** Entries of the solver thread, as it is and with jitter. */
export interface Entries {
  readonly plain: string;
  readonly jittery: string;
}

export interface Repeater {
  repeat(problem: Problem, options: RepeatOptions): Promise<readonly Outcome[]>;
  close(): Promise<void>;
}

const threadsMost = 4;
const memoryMiBMax = 1_024;
/** Work ends a run; a clock only where something hangs. */
const wallMs = 600_000;

export function startRepeater({ plain, jittery }: Entries): Repeater {
  const poolOf = (entry: string): ThreadPool =>
    new ThreadPool({ entry, idleMax: threadsMost, memoryMiBMax });
  const pools = { plain: poolOf(plain), jittery: poolOf(jittery) };
  const log = pino({ level: "silent" });
  return {
    async repeat(problem, { seed, workUnits, solvers, ways }) {
      const outcomes: Outcome[] = [];
      for (const way of ways) {
        const pool = way.isJittery ? pools.jittery : pools.plain;
        const result = await runPortfolio(
          problem,
          { seed, solvers, workUnits, wallMs },
          { pool, threads: way.threads, log },
          { incumbent: () => {}, bound: () => {} },
          new AbortController().signal,
        );
        const { incumbent, bound, reason, deterministic } = result;
        const found = incumbent === null ? "no plan" : digestOf(incumbent.plan);
        const value = incumbent?.evaluation.value ?? "-";
        // Threads that are ahead of a proof have worked in vain, some more, some less.
        const work = reason === "budget" ? `, work ${result.workUnits}` : "";
        const faults = [...result.contributions].flatMap(([solver, { failure }]) =>
          failure === "" ? [] : [`, ${solver}: ${failure}`],
        );
        const repeats = deterministic ? "" : ", need not repeat";
        const text = `${found} of ${value}, bound ${bound}, ${reason}${work}${repeats}${faults.join("")}`;
        outcomes.push({ ...way, text });
      }
      return outcomes;
    },
    close: async () => {
      await Promise.all([pools.plain.close(), pools.jittery.close()]);
    },
  };
}

/** Empty: all the same, and said to be so. */
export function differencesOf(outcomes: readonly Outcome[]): string[] {
  const first = outcomes[0];
  const odd = outcomes.filter(({ text }) => text !== first?.text || text.includes("need not"));
  return odd.map(({ threads, isJittery, text }) => `${threads}${isJittery ? "~" : ""}: ${text}`);
}

/** A cluster with every feature. */
export const clusterOf = (seed: number): Problem =>
  randomProblem(seed, {
    tasks: 50 + ((seed * 67) % 251),
    workers: 4 + (seed % 12),
    durationMax: 40,
    edges: 0.25,
    extras: allExtras,
  });

export function digestOf({ option, worker, start, end, devices }: Plan): string {
  const hash = createHash("sha256");
  for (const column of [option, worker, start, end, devices]) hash.update(column);
  return hash.digest("hex").slice(0, 16);
}

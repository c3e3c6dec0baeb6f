/**
 * The planner's portfolio in this process, with its threads warm: what a planner has that has been
 * running for a while.
 */
import { pino } from "pino";
import { checkPlan } from "../../core/check.js";
import type { Plan } from "../../core/plan.js";
import type { Problem } from "../../core/problem.js";
import {
  type PortfolioRequest,
  type PortfolioResult,
  runPortfolio,
} from "../../planner/portfolio.js";
import type { SolverName } from "../../planner/solvers/registry.js";
import { ThreadPool } from "../../planner/thread-pool.js";
import { projectFile } from "../root.js";
import { warmUpProblems } from "./warm-up.js";

export interface Settings {
  /** 0: until the work is spent. */
  readonly budgetMs: number;
  /** 0: until the time is over. */
  readonly workUnits: number;
  readonly threads: number;
  readonly seed: number;
  /** Empty: all. */
  readonly solvers: readonly SolverName[];
}

/** What was made of a problem, whoever did it; the plan has been checked if `valid`. */
export interface Outcome {
  readonly plan: Plan | null;
  readonly value: number | null;
  readonly bound: number;
  readonly status: "optimal" | "feasible" | "infeasible" | "unknown" | "failed";
  readonly solver: string | null;
  readonly firstValue: number | null;
  readonly firstMs: number | null;
  readonly wallMs: number;
  readonly work: number;
  readonly valid: boolean;
  readonly note: string;
}

export interface SolverBench {
  /** For a progress line; not every solver says what it has so far. */
  solve(problem: Problem, news?: (value: number, bound: number) => void): Promise<Outcome>;
  close(): Promise<void>;
}

const threadMemoryMiBMax = 4_096;
const wallMsMax = 86_400_000;

export async function startPortfolio(
  settings: Settings,
  entry = projectFile("dist/planner/solver-thread.js"),
): Promise<SolverBench> {
  const pool = new ThreadPool({
    entry,
    // Engines without work limits have a thread each besides.
    idleMax: settings.threads + 2,
    memoryMiBMax: threadMemoryMiBMax,
  });
  const solve: SolverBench["solve"] = (problem, news) => solveOnce(pool, problem, settings, news);
  for (const problem of warmUpProblems()) {
    await solveOnce(pool, problem, { ...settings, budgetMs: 400, workUnits: 0 });
  }
  return { solve, close: () => pool.close() };
}

async function solveOnce(
  pool: ThreadPool,
  problem: Problem,
  { seed, solvers, workUnits, budgetMs, threads }: Settings,
  news: (value: number, bound: number) => void = () => {},
): Promise<Outcome> {
  const request: PortfolioRequest = {
    seed,
    solvers,
    workUnits,
    wallMs: budgetMs > 0 ? budgetMs : wallMsMax,
  };
  const startedMs = performance.now();
  let firstValue: number | null = null;
  let firstMs: number | null = null;
  let best: number | null = null;
  const result = await runPortfolio(
    problem,
    request,
    { pool, threads, log: pino({ level: "silent" }) },
    {
      incumbent: ({ evaluation }, bound) => {
        firstMs ??= performance.now() - startedMs;
        firstValue ??= evaluation.value;
        best = evaluation.value;
        news(evaluation.value, bound);
      },
      bound: (_solver, bound) => {
        if (best !== null) news(best, bound);
      },
    },
    new AbortController().signal,
  );
  const wallMs = performance.now() - startedMs;
  return { ...judged(problem, result), firstValue, firstMs, wallMs, work: result.workUnits };
}

/** Checked once more: what is reported as valid rests on nobody's word. */
function judged(problem: Problem, result: PortfolioResult) {
  const { incumbent, bound, reason, contributions } = result;
  const note = [...contributions]
    .filter(([, { failure }]) => failure !== "")
    .map(([solver, { failure }]) => `${solver}: ${failure}`)
    .join("; ");
  if (incumbent === null) {
    return {
      plan: null,
      value: null,
      bound,
      status: "unknown",
      solver: null,
      valid: false,
      note,
    } as const;
  }
  const { violations, evaluation } = checkPlan(problem, incumbent.plan);
  return {
    plan: incumbent.plan,
    value: evaluation.value,
    bound,
    status: reason === "optimal" ? "optimal" : "feasible",
    solver: incumbent.solver,
    valid: violations.length === 0,
    note,
  } as const;
}

/** One cluster: how soon there is a plan, how good it becomes, and what a lost worker costs. */
import { checkPlan } from "../../core/check.js";
import { greedy } from "../../core/greedy.js";
import { gapOf, type Plan } from "../../core/plan.js";
import { none, type Problem } from "../../core/problem.js";
import { repair } from "../../core/repair.js";
import { quantile } from "../report.js";
import type { SolverBench } from "../solve/portfolio.js";
import { type ClusterSettings, clusterProblem } from "./cluster-problem.js";
import { movedBesides, withoutWorker } from "./loss.js";

export interface ScaleOptions extends ClusterSettings {
  /** Moments at which value and gap are noted; the last one is the budget. */
  readonly momentsMs: readonly number[];
  /** Losses that are repaired, of one worker each. */
  readonly losses: number;
}

export interface Moment {
  readonly atMs: number;
  readonly value: number | null;
  readonly gap: number | null;
}

export interface ScaleResult extends ClusterSettings {
  readonly edges: number;
  readonly firstMs: number | null;
  readonly moments: readonly Moment[];
  readonly solver: string | null;
  readonly status: string;
  readonly valid: boolean;
  /** Most memory of the process so far. */
  readonly memoryMiB: number;
  readonly repair: RepairResult | null;
}

export interface RepairResult {
  readonly losses: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Tasks of the lost workers. */
  readonly touched: number;
  /** Largest share of other tasks that moved. */
  readonly movedShareMax: number;
  /** The first loss: value right after the repair, and after the budget, with moves charged. */
  readonly value: number;
  readonly improved: { readonly value: number | null; readonly movedShare: number } | null;
  readonly valid: boolean;
}

export async function runScale(bench: SolverBench, options: ScaleOptions): Promise<ScaleResult> {
  const { tasks, workers, seed, momentsMs, losses } = options;
  const problem = clusterProblem(options);
  const startedMs = performance.now();
  const news: { readonly atMs: number; readonly value: number; readonly bound: number }[] = [];
  const outcome = await bench.solve(problem, (value, bound) => {
    news.push({ atMs: performance.now() - startedMs, value, bound });
  });
  const moments = momentsMs.map((atMs, index): Moment => {
    const isLast = index === momentsMs.length - 1;
    const known = news.filter((one) => one.atMs <= atMs).at(-1);
    const value = isLast ? outcome.value : (known?.value ?? null);
    const bound = isLast ? outcome.bound : (known?.bound ?? 0);
    return { atMs, value, gap: value === null ? null : gapOf(value, bound) };
  });
  return {
    tasks,
    workers,
    seed,
    edges: problem.edges.count,
    firstMs: outcome.firstMs,
    moments,
    solver: outcome.solver,
    status: outcome.status,
    valid: outcome.valid,
    memoryMiB: process.resourceUsage().maxRSS / 1_024,
    repair: outcome.plan === null ? null : await repairLosses(bench, problem, outcome.plan, losses),
  };
}

/** Of workers that are evenly spread over those with work. */
async function repairLosses(
  bench: SolverBench,
  problem: Problem,
  plan: Plan,
  losses: number,
): Promise<RepairResult | null> {
  const busy = [...new Set(plan.worker)].filter((worker) => worker >= 0).sort((a, b) => a - b);
  const count = Math.min(losses, busy.length);
  warmUpRepair();
  const lost = Array.from(
    { length: count },
    (_, index) => busy[Math.floor((index * busy.length) / count)] as number,
  );
  const repairs = lost.map((worker) => repairLoss(problem, plan, worker));
  const first = repairs[0];
  if (first === undefined) return null;
  const timesMs = repairs.map(({ ms }) => ms);
  return {
    losses: count,
    medianMs: quantile(timesMs, 0.5),
    p99Ms: quantile(timesMs, 0.99),
    touched: repairs.reduce((sum, { touched }) => sum + touched, 0),
    movedShareMax: Math.max(...repairs.map(({ movedShare }) => movedShare)),
    value: first.value,
    improved: await improve(bench, problem, plan, lost[0] as number),
    valid: repairs.every(({ valid }) => valid),
  };
}

/** A process that has been running for a while: the first calls would be timed before compilation. */
function warmUpRepair(): void {
  const problem = clusterProblem({ tasks: 1_000, workers: 100, seed: 1 });
  const plan = greedy(problem);
  for (let worker = 0; worker < 40; worker++) repair(withoutWorker(problem, plan, worker));
}

function repairLoss(problem: Problem, plan: Plan, lost: number) {
  const broken = withoutWorker(problem, plan, lost);
  const startedMs = performance.now();
  const repaired = repair(broken);
  const ms = performance.now() - startedMs;
  const { touched, others } = sharesOf(plan, lost);
  const { violations, evaluation } = checkPlan(broken, repaired.plan);
  return {
    ms,
    touched,
    movedShare: movedBesides(plan, repaired.plan, lost) / Math.max(1, others),
    value: evaluation.value,
    // Where only the lost worker could run a task, nothing can be repaired.
    valid: repaired.unplaced > 0 || violations.length === 0,
  };
}

async function improve(bench: SolverBench, problem: Problem, plan: Plan, lost: number) {
  const better = await bench.solve(withoutWorker(problem, plan, lost));
  if (better.plan === null) return null;
  const { others } = sharesOf(plan, lost);
  const movedShare = movedBesides(plan, better.plan, lost) / Math.max(1, others);
  return { value: better.value, movedShare };
}

/** Tasks on the lost worker, and on others; milestones are on none. */
function sharesOf(plan: Plan, lost: number) {
  const touched = plan.worker.filter((worker) => worker === lost).length;
  const placed = plan.worker.filter((worker) => worker !== none).length;
  return { touched, others: placed - touched };
}

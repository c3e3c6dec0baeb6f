/** Problem after problem: what the engines said of each, added up, with every fault made small. */
import { isSolverName, type SolverName } from "../../planner/solvers/registry.js";
import { type Draw, drawOf } from "./draw.js";
import type { Feature } from "./features.js";
import { type Fault, judge, type Portfolio, slackOf, type Verdict } from "./judge.js";
import { commandOf, shrink } from "./shrink.js";

export interface CampaignOptions {
  readonly seed: number;
  readonly seeds: number;
  /** In place of what the seed says. */
  readonly change: Partial<Omit<Draw, "seed">>;
  /** Absent: all engines. */
  readonly solvers?: readonly SolverName[] | undefined;
  readonly portfolio: Portfolio | null;
  /** The portfolio looks at every so many-th problem. */
  readonly portfolioEvery: number;
  readonly progress: (done: number, faults: readonly Failure[]) => void;
}

export interface Score {
  problems: number;
  /** It had a plan at the end, its own or the one it was told of. */
  planned: number;
  optimal: number;
  proved: number;
}

export interface Failure extends Fault {
  readonly draw: Draw;
  /** Repeats it. */
  readonly command: string;
}

export interface CampaignResult {
  readonly problems: number;
  /** Without any plan. */
  readonly infeasible: number;
  /** Too large to be enumerated: there engines are held against one another alone. */
  readonly notEnumerated: number;
  readonly scores: ReadonlyMap<string, Score>;
  /** How many problems had the feature, and how many were proved by an engine. */
  readonly features: ReadonlyMap<Feature, { problems: number; proved: number }>;
  readonly failures: readonly Failure[];
}

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { seed: first, seeds, change, solvers, portfolio, portfolioEvery } = options;
  const scores = new Map<string, Score>();
  const features = new Map<Feature, { problems: number; proved: number }>();
  const failures: Failure[] = [];
  let infeasible = 0;
  let notEnumerated = 0;
  for (let seed = first; seed < first + seeds; seed++) {
    const draw = { ...drawOf(seed), ...change };
    const whole = seed % portfolioEvery === 0 ? portfolio : null;
    const verdict = await judge(draw, solvers, whole);
    if (verdict.optimum === null) infeasible += 1;
    if (!verdict.isEnumerated) notEnumerated += 1;
    addUp(verdict, scores, features);
    const found: Failure[] = [];
    for (const fault of oncePerSolver(verdict.faults)) {
      found.push(await madeSmall(draw, fault, portfolio));
    }
    failures.push(...found);
    options.progress(seed - first + 1, found);
  }
  return { problems: seeds, infeasible, notEnumerated, scores, features, failures };
}

function addUp(
  { draw, testimonies, optimum }: Verdict,
  scores: Map<string, Score>,
  features: Map<Feature, { problems: number; proved: number }>,
): void {
  let isProved = false;
  for (const { solver, value, bound } of testimonies) {
    const score = scores.get(solver) ?? { problems: 0, planned: 0, optimal: 0, proved: 0 };
    scores.set(solver, score);
    score.problems += 1;
    if (!Number.isFinite(value) || optimum === null) continue;
    score.planned += 1;
    if (value > optimum + slackOf(optimum)) continue;
    score.optimal += 1;
    if (bound < value - 3 * slackOf(value)) continue;
    score.proved += 1;
    isProved = true;
  }
  for (const feature of draw.features) {
    const count = features.get(feature) ?? { problems: 0, proved: 0 };
    features.set(feature, count);
    count.problems += 1;
    if (isProved) count.proved += 1;
  }
}

const oncePerSolver = (faults: readonly Fault[]): Fault[] =>
  faults.filter(({ solver }, at) => faults.findIndex((other) => other.solver === solver) === at);

async function madeSmall(draw: Draw, fault: Fault, portfolio: Portfolio | null): Promise<Failure> {
  const { solver } = fault;
  const among = isSolverName(solver) ? [solver] : undefined;
  const isPortfolio = solver === "portfolio";
  const faultIn = async (smaller: Draw): Promise<Fault | undefined> => {
    const { faults } = await judge(
      smaller,
      isPortfolio ? [] : among,
      isPortfolio ? portfolio : null,
    );
    return faults.find((other) => other.solver === solver);
  };
  const smallest = await shrink(draw, async (smaller) => (await faultIn(smaller)) !== undefined);
  const { message } = (await faultIn(smallest)) ?? fault;
  const command = commandOf(smallest, isSolverName(solver) ? solver : "");
  return { solver, message, draw: smallest, command };
}

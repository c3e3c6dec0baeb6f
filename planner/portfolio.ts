/**
 * Runs solvers on one problem at once, in threads, within a budget. Solvers that count their work
 * run in epochs (`epochs.ts`), so that a seed and a work budget give the same plan on any number of
 * threads. Engines without work limits run beside the epochs, and a plan with one of them says that
 * it need not repeat.
 *
 * Wall time is a backstop: it interrupts the steps, then ends the threads that do not answer.
 */
import type { Logger } from "pino";
import type { Plan } from "../core/plan.js";
import type { PlanEndReason } from "../core/planning.js";
import type { Problem } from "../core/problem.js";
import {
  ask,
  type Crew,
  type CrewListener,
  createCrew,
  dismiss,
  removeMember,
  settle,
} from "./crew.js";
import { type EpochHost, runEpochs } from "./epochs.js";
import {
  boundNow,
  type FirstHost,
  type Progress,
  placeMeanwhile,
  placeNow,
} from "./first-plans.js";
import { participants, teamsOf } from "./participants.js";
import { shareProblem } from "./shared-problem.js";
import { type SolverEntry, type SolverName, solverRegistry } from "./solvers/registry.js";
import {
  type Contribution,
  contributionOf,
  createStanding,
  type Incumbent,
  isOptimal,
  isProof,
  offerBound,
  offerPlan,
  type Standing,
  type Verdict,
} from "./standing.js";
import type { ThreadPool } from "./thread-pool.js";
import type { Member, MemberReport } from "./thread-protocol.js";

export interface PortfolioRequest {
  readonly seed: number;
  /** Empty: all that take the problem. */
  readonly solvers: readonly SolverName[];
  /** Over all deterministic members; 0: no limit. */
  readonly workUnits: number;
  readonly wallMs: number;
}

export interface PortfolioHooks {
  incumbent(incumbent: Incumbent, bound: number, progress: Progress): void;
  bound(solver: string, bound: number): void;
}

export interface PortfolioResult extends Progress {
  readonly reason: PlanEndReason;
  readonly incumbent: Incumbent | null;
  readonly bound: number;
  /** The same request gives the same plan again. */
  readonly deterministic: boolean;
  readonly contributions: ReadonlyMap<string, Contribution>;
}

export interface PortfolioOptions {
  readonly pool: ThreadPool;
  /** Threads for members that run in epochs; others get one each besides. */
  readonly threads: number;
  readonly log: Logger;
}

/** After the end of the budget answers are waited for this long: less where little time was asked for. */
const graceMsMin = 15;
const graceMsMax = 100;

/** A portfolio that runs. Its members' reports arrive as events, so its state is one object. */
interface Run {
  readonly request: PortfolioRequest;
  readonly hooks: PortfolioHooks;
  readonly options: PortfolioOptions;
  readonly standing: Standing;
  readonly startedAtMs: number;
  readonly interrupt: Int32Array;
  readonly crews: Crew[];
  workUnits: number;
  reason: PlanEndReason | null;
  /** Something of a thread or an engine went wrong: the run would not repeat. */
  disturbed: boolean;
}

/** Bounds of larger problems take longer than starting threads does. */
const tasksBoundAtOnce = 100;

export async function runPortfolio(
  problem: Problem,
  request: PortfolioRequest,
  options: PortfolioOptions,
  hooks: PortfolioHooks,
  signal: AbortSignal,
): Promise<PortfolioResult> {
  const run: Run = {
    request,
    hooks,
    options,
    standing: createStanding(problem),
    startedAtMs: performance.now(),
    interrupt: new Int32Array(new SharedArrayBuffer(4)),
    crews: [],
    workUnits: 0,
    reason: null,
    disturbed: false,
  };
  const entries = participants(problem, request);
  const cancel = (): void => stop(run, "cancelled");
  signal.addEventListener("abort", cancel, { once: true });
  if (signal.aborted) cancel();
  // The clock starts with the request: what the first plan takes is part of the budget.
  const clock = setTimeout(() => stop(run, "wall_time"), request.wallMs);
  const first: FirstHost = { standing: run.standing, hooks, progress: () => progressOf(run) };
  try {
    placeNow(first);
    const isLarge = problem.tasks.count > tasksBoundAtOnce;
    if (!isLarge) boundNow(first);
    if (isOptimal(run.standing)) stop(run, "optimal");
    if (run.reason === null) {
      const improving = improve(run, entries);
      // The threads are getting ready meanwhile; nothing of theirs is heard before this is done.
      placeMeanwhile(first);
      if (isLarge) boundNow(first);
      if (isOptimal(run.standing)) stop(run, "optimal");
      await improving;
    }
  } finally {
    clearTimeout(clock);
    signal.removeEventListener("abort", cancel);
    dismiss(options.pool, run.crews);
  }
  return resultOf(run, entries);
}

async function improve(run: Run, entries: readonly SolverEntry[]): Promise<void> {
  const { teams, beside } = teamsOf(entries, run.request.seed, run.options.threads);
  const problem = shareProblem(run.standing.problem);
  const hire = async (team: Member[]): Promise<Crew> => {
    const crew = createCrew(run.options.pool, team, listenerOf(run));
    run.crews.push(crew);
    const begun = await ask(crew, {
      kind: "begin",
      problem,
      members: team,
      interrupt: run.interrupt,
    });
    if (begun?.kind === "begun") {
      for (const { member, message } of begun.failures) fail(run, crew, member, message);
    }
    return crew;
  };
  const inEpochs = async (): Promise<void> => {
    const crews = await Promise.all(teams.map(hire));
    await runEpochs(hostOf(run), crews, entries);
    // The work budget ends the whole plan, engines that run beside included.
    if (run.request.workUnits > 0) stop(run, "budget");
  };
  await Promise.all([
    inEpochs(),
    ...beside.map(async (member) => runBeside(run, await hire([member]))),
  ]);
  if (run.reason === null) stop(run, "budget");
}

const hostOf = (run: Run): EpochHost => ({
  workUnitsMax: run.request.workUnits,
  stopped: () => run.reason !== null,
  incumbent: () => {
    const { incumbent } = run.standing;
    return incumbent === null ? null : { plan: incumbent.plan, value: incumbent.evaluation.value };
  },
  bound: () => run.standing.bound,
  endIfProof: (crew, report) => {
    const member = crew.members.find(({ index }) => index === report.member);
    if (member === undefined || !isProof(run.standing, report.bound)) return;
    take(run, crew, member, { improved: null, bound: report.bound });
  },
  merge: (crew, report) => merge(run, crew, report),
});

const listenerOf = (run: Run): CrewListener => ({
  progress: (crew, message) => {
    const member = crew.members.find(({ index }) => index === message.member);
    if (member !== undefined) take(run, crew, member, message);
  },
  crashed: (crew, reason) => {
    for (const member of [...crew.members]) fail(run, crew, member.index, reason);
  },
});

/** An engine that cannot be stepped: one step for all that is left, its news as they come. */
async function runBeside(run: Run, crew: Crew): Promise<void> {
  const member = crew.members[0];
  if (member === undefined || run.reason !== null) return;
  const workUnits = run.request.workUnits > 0 ? run.request.workUnits : Number.MAX_SAFE_INTEGER;
  const { incumbent, bound } = run.standing;
  const answer = await ask(crew, {
    kind: "step",
    epoch: 0,
    quotas: [{ member: member.index, workUnits }],
    plan: incumbent?.plan ?? null,
    value: incumbent?.evaluation.value ?? Number.POSITIVE_INFINITY,
    bound,
  });
  if (answer?.kind !== "stepped") return;
  for (const report of answer.reports) merge(run, crew, report);
}

/** Takes a member's report in; returns by how much of its value the best plan improved. */
function merge(run: Run, crew: Crew, report: MemberReport): number {
  const member = crew.members.find(({ index }) => index === report.member);
  if (member === undefined) return 0;
  const contribution = contributionOf(run.standing, member.solver);
  contribution.workUnits += report.workUnits;
  if (solverRegistry[member.solver].deterministic) run.workUnits += report.workUnits;
  if (report.failure !== null) {
    fail(run, crew, report.member, report.failure);
    return 0;
  }
  const before = run.standing.incumbent?.evaluation.value ?? null;
  take(run, crew, member, report);
  if (report.done) removeMember(crew, report.member);
  const after = run.standing.incumbent?.evaluation.value ?? null;
  if (after === null || after === before) return 0;
  return before === null || before <= 0 ? 1 : (before - after) / before;
}

/** A plan or a bound that a member found. */
function take(
  run: Run,
  crew: Crew,
  member: Member,
  news: { readonly improved: Plan | null; readonly bound: number },
): void {
  const { standing, hooks } = run;
  const { solver, index } = member;
  // A thread that was ahead may bring as good a plan, less by the last bit of a sum: which one stays
  // must not depend on that.
  if (run.reason === "optimal") return;
  const verdicts: Verdict[] = [];
  if (news.improved !== null) {
    const verdict = offerPlan(standing, solver, news.improved);
    if (verdict === "taken") announce(run);
    verdicts.push(verdict);
  }
  if (news.bound > 0) {
    const verdict = offerBound(standing, solver, news.bound);
    if (verdict === "taken" && run.reason === null) hooks.bound(solver, standing.bound);
    verdicts.push(verdict);
  }
  if (verdicts.includes("wrong")) {
    fail(run, crew, index, contributionOf(standing, solver).failure);
  }
  if (isOptimal(standing)) stop(run, "optimal");
}

function announce(run: Run): void {
  const { incumbent, bound } = run.standing;
  if (incumbent !== null) run.hooks.incumbent(incumbent, bound, progressOf(run));
}

function fail(run: Run, crew: Crew, index: number, message: string): void {
  const member = removeMember(crew, index);
  if (member === undefined) return;
  run.disturbed = true;
  contributionOf(run.standing, member.solver).failure = message;
  run.options.log.warn({ solver: member.solver, message }, "a solver failed");
}

function stop(run: Run, reason: PlanEndReason): void {
  run.reason ??= reason;
  Atomics.store(run.interrupt, 0, 1);
  // A thread that is deep in an engine may not look at the flag for long: stop waiting for it.
  const limit = setTimeout(() => {
    for (const crew of run.crews) settle(crew, null);
  }, graceMsOf(run.request));
  limit.unref();
}

const graceMsOf = ({ wallMs }: PortfolioRequest): number =>
  Math.max(graceMsMin, Math.min(graceMsMax, wallMs / 10));

const progressOf = (run: Run): Progress => ({
  workUnits: run.workUnits,
  wallMs: performance.now() - run.startedAtMs,
});

function resultOf(run: Run, entries: readonly SolverEntry[]): PortfolioResult {
  const { standing } = run;
  const ended = run.reason ?? "budget";
  const repeats = ended === "optimal" || ended === "budget";
  return {
    // A proof may come with the last answers, after the time was up.
    reason: ended === "wall_time" && isOptimal(standing) ? "optimal" : ended,
    incumbent: standing.incumbent,
    bound: standing.bound,
    deterministic: repeats && !run.disturbed && entries.every((entry) => entry.deterministic),
    contributions: standing.contributions,
    ...progressOf(run),
  };
}

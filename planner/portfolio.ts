/**
 * Runs solvers on one problem at once, in threads, within a budget. Solvers that count their work
 * run in epochs: all get a quota, all results are merged in the fixed order of members at the
 * barrier, and only then does anyone learn what the others found. So a seed and a work budget give
 * the same plan on any number of threads. Engines without work limits run beside the epochs, and a
 * plan with one of them says that it need not repeat.
 *
 * Wall time is a backstop: it interrupts the steps, then ends the threads that do not answer.
 */
import type { Logger } from "pino";
import { lowerBound } from "../core/bounds.js";
import { greedy } from "../core/greedy.js";
import type { Plan } from "../core/plan.js";
import type { PlanEndReason } from "../core/planning.js";
import type { Problem } from "../core/problem.js";
import { shareProblem } from "./shared-problem.js";
import {
  type SolverEntry,
  type SolverName,
  solverNames,
  solverRegistry,
} from "./solvers/registry.js";
import {
  type Contribution,
  contributionOf,
  createStanding,
  type Incumbent,
  isOptimal,
  offerBound,
  offerPlan,
  type Standing,
  type Verdict,
} from "./standing.js";
import type { SolverThread, ThreadPool } from "./thread-pool.js";
import type { FromThread, Member, MemberReport, Quota } from "./thread-protocol.js";

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

export interface Progress {
  readonly workUnits: number;
  readonly wallMs: number;
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

/** Quota of a member in epoch e: small at first, so that first improvements come at once. */
const quotaMin = 10_000;
const quotaMax = 160_000;
/** After the end of the budget a thread has this long to answer before it is ended. */
const graceMs = 100;

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

/** A thread and the members that it runs. */
interface Crew {
  readonly members: Member[];
  readonly thread: SolverThread;
  /** Resolves the request that the thread works on; null while it is idle. */
  answer: ((message: FromThread | null) => void) | null;
  /** The incumbent that this thread was last told of. */
  told: Plan | null;
}

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
  try {
    placeNow(run);
    if (run.reason === null) await improve(run, entries);
  } finally {
    clearTimeout(clock);
    signal.removeEventListener("abort", cancel);
    await dismiss(run);
  }
  return resultOf(run, entries);
}

/** Names of the solvers that would take part. */
export function participants(problem: Problem, request: PortfolioRequest): SolverEntry[] {
  const names = request.solvers.length > 0 ? request.solvers : solverNames;
  return solverNames
    .filter((name) => names.includes(name))
    .map((name) => solverRegistry[name])
    .filter((entry) => entry.declines(problem) === null);
}

/** Bound and plain greedy, before any thread is asked: a caller has a plan at once. */
function placeNow(run: Run): void {
  const { standing } = run;
  offerBound(standing, "bounds", lowerBound(standing.problem).value);
  const plan = greedy(standing.problem);
  const contribution = contributionOf(standing, "greedy");
  if (offerPlan(standing, "greedy", plan) === "taken") announce(run);
  // Greedy leaves out what it cannot place; the search may yet find a way to place it.
  contribution.failure = "";
  if (isOptimal(standing)) stop(run, "optimal");
}

async function improve(run: Run, entries: readonly SolverEntry[]): Promise<void> {
  const members: Member[] = [];
  for (const entry of entries) {
    for (let k = 0; k < entry.members; k += 1) {
      const index = members.length;
      members.push({ index, solver: entry.name, seed: run.request.seed * 1_009 + index });
    }
  }
  const isStepped = (member: Member): boolean => solverRegistry[member.solver].deterministic;
  const stepped = members.filter(isStepped);
  const beside = members.filter((member) => !isStepped(member));
  const width = Math.max(1, Math.min(run.options.threads, stepped.length));
  const teams: Member[][] = Array.from({ length: width }, (_, place) =>
    stepped.filter((_member, index) => index % width === place),
  ).filter((team) => team.length > 0);
  const problem = shareProblem(run.standing.problem);
  const hire = async (team: Member[]): Promise<Crew> => {
    const crew = createCrew(run, team);
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
  const epochs = Promise.all(teams.map(hire)).then((crews) => runEpochs(run, crews));
  await Promise.all([
    epochs,
    ...beside.map(async (member) => runBeside(run, await hire([member]))),
  ]);
  if (run.reason === null) stop(run, "budget");
}

async function runEpochs(run: Run, crews: readonly Crew[]): Promise<void> {
  const working = (): Member[] => crews.flatMap((crew) => crew.members);
  for (let epoch = 0; run.reason === null && working().length > 0; epoch += 1) {
    const quota = epochQuota(run, epoch, working().length);
    if (quota === 0) {
      // The work budget ends the whole plan, engines that run beside included.
      stop(run, "budget");
      return;
    }
    const answers = await Promise.all(
      crews.map((crew) => {
        const quotas: Quota[] = crew.members.map(({ index }) => ({
          member: index,
          workUnits: quota,
        }));
        return quotas.length === 0 ? null : ask(crew, stepMessage(run, crew, epoch, quotas));
      }),
    );
    const reports = answers.flatMap((answer) => (answer?.kind === "stepped" ? answer.reports : []));
    for (const report of [...reports].sort((a, b) => a.member - b.member)) {
      const crew = crews.find(({ members }) =>
        members.some(({ index }) => index === report.member),
      );
      if (crew !== undefined) merge(run, crew, report);
    }
  }
}

/** An engine that cannot be stepped: one step for all that is left, its news as they come. */
async function runBeside(run: Run, crew: Crew): Promise<void> {
  const member = crew.members[0];
  if (member === undefined || run.reason !== null) return;
  const workUnits = run.request.workUnits > 0 ? run.request.workUnits : Number.MAX_SAFE_INTEGER;
  const quotas = [{ member: member.index, workUnits }];
  const answer = await ask(crew, stepMessage(run, crew, 0, quotas));
  if (answer?.kind !== "stepped") return;
  for (const report of answer.reports) merge(run, crew, report);
}

function epochQuota(run: Run, epoch: number, members: number): number {
  const { workUnits } = run.request;
  const wished = Math.min(quotaMax, quotaMin * 2 ** Math.min(epoch, 10));
  if (workUnits === 0) return wished;
  return Math.min(wished, Math.ceil(Math.max(0, workUnits - run.workUnits) / members));
}

function stepMessage(run: Run, crew: Crew, epoch: number, quotas: readonly Quota[]) {
  const plan = run.standing.incumbent?.plan ?? null;
  const news = plan !== crew.told ? plan : null;
  crew.told = plan;
  return {
    kind: "step",
    epoch,
    quotas,
    plan: news,
    value: run.standing.incumbent?.evaluation.value ?? Number.POSITIVE_INFINITY,
    bound: run.standing.bound,
  } as const;
}

function merge(run: Run, crew: Crew, report: MemberReport): void {
  const member = crew.members.find(({ index }) => index === report.member);
  if (member === undefined) return;
  const contribution = contributionOf(run.standing, member.solver);
  contribution.workUnits += report.workUnits;
  if (solverRegistry[member.solver].deterministic) run.workUnits += report.workUnits;
  if (report.failure !== null) return fail(run, crew, report.member, report.failure);
  take(run, crew, member, report);
  if (report.done) crew.members.splice(crew.members.indexOf(member), 1);
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
  const place = crew.members.findIndex((member) => member.index === index);
  const member = crew.members[place];
  if (member === undefined) return;
  crew.members.splice(place, 1);
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
  }, graceMs);
  limit.unref();
}

function createCrew(run: Run, members: Member[]): Crew {
  const crew: Crew = {
    members,
    answer: null,
    told: null,
    thread: run.options.pool.lease({
      message: (message) => {
        if (message.kind !== "progress") return settle(crew, message);
        const member = crew.members.find(({ index }) => index === message.member);
        if (member !== undefined) take(run, crew, member, message);
      },
      crashed: (reason) => {
        for (const member of [...crew.members]) fail(run, crew, member.index, reason);
        settle(crew, null);
      },
    }),
  };
  run.crews.push(crew);
  return crew;
}

/** The thread's answer; null if it crashed or did not answer in time. */
function ask(crew: Crew, message: Parameters<SolverThread["post"]>[0]): Promise<FromThread | null> {
  if (!crew.thread.alive) return Promise.resolve(null);
  return new Promise((resolve) => {
    crew.answer = resolve;
    crew.thread.post(message);
  });
}

function settle(crew: Crew, message: FromThread | null): void {
  const { answer } = crew;
  // An answer of null leaves `answer` in place, which marks the thread as still at work.
  if (message !== null) crew.answer = null;
  answer?.(message);
}

/** Gives idle threads back and ends those that are still at work. */
async function dismiss(run: Run): Promise<void> {
  const { pool } = run.options;
  await Promise.all(
    run.crews.map(async (crew) => {
      if (crew.answer === null && crew.thread.alive) return pool.release(crew.thread);
      await pool.discard(crew.thread);
    }),
  );
}

const progressOf = (run: Run): Progress => ({
  workUnits: run.workUnits,
  wallMs: performance.now() - run.startedAtMs,
});

function resultOf(run: Run, entries: readonly SolverEntry[]): PortfolioResult {
  const { standing } = run;
  const reason = run.reason ?? "budget";
  const repeats = reason === "optimal" || reason === "budget";
  return {
    reason,
    incumbent: standing.incumbent,
    bound: standing.bound,
    deterministic: repeats && !run.disturbed && entries.every((entry) => entry.deterministic),
    contributions: standing.contributions,
    ...progressOf(run),
  };
}

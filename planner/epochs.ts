/**
 * Runs the members that count their work in epochs, on any number of threads, with one result. What
 * a member knows in epoch e is what was merged up to epoch e - 2, in the fixed order of members: so
 * a thread may run one epoch ahead of the others instead of waiting for them, and the result depends
 * on the members, the seed and the work alone.
 */
import type { Plan } from "../core/plan.js";
import { ask, type Crew } from "./crew.js";
import {
  balanceLanes,
  createShares,
  epochWork,
  laneOf,
  noteEpoch,
  type Shares,
  sharesOf,
} from "./shares.js";
import type { SolverEntry, SolverName } from "./solvers/registry.js";
import type { Member, MemberReport, Quota } from "./thread-protocol.js";

/** What the portfolio does with the reports of epochs. */
export interface EpochHost {
  /** Over all members; 0: no limit. */
  readonly workUnitsMax: number;
  stopped(): boolean;
  incumbent(): { readonly plan: Plan; readonly value: number } | null;
  bound(): number;
  /** Ends the run at once if the report's bound proves the best plan: nobody can change that plan. */
  endIfProof(crew: Crew, report: MemberReport): void;
  /** Takes a report in; returns the relative improvement of the best value, 0 for none. */
  merge(crew: Crew, report: MemberReport): number;
}

/** What is known at the begin of an epoch. */
interface Briefing {
  readonly quotas: ReadonlyMap<number, number>;
  readonly plan: Plan | null;
  readonly value: number;
  readonly bound: number;
}

interface Epochs {
  readonly host: EpochHost;
  readonly crews: readonly Crew[];
  readonly members: readonly Member[];
  readonly shares: Shares;
  readonly briefings: Map<number, Briefing>;
  /** Reports of epochs that are not merged yet, with the crews that have delivered. */
  readonly arrived: Map<number, { readonly crews: Set<Crew>; readonly reports: Delivered[] }>;
  /** Members that are done, by the last epoch in which they worked. */
  readonly doneAt: Map<number, number>;
  merged: number;
  assigned: number;
  /** Wakes crews that wait for a merge. */
  wake: (() => void)[];
}

interface Delivered {
  readonly crew: Crew;
  readonly report: MemberReport;
}

/** Epochs that a thread may be ahead of the last merged one. */
const ahead = 2;

export async function runEpochs(
  host: EpochHost,
  crews: readonly Crew[],
  entries: readonly SolverEntry[],
): Promise<void> {
  const members = crews.flatMap((crew) => crew.members).sort((a, b) => a.index - b.index);
  const names = new Set(members.map(({ solver }) => solver));
  const epochs: Epochs = {
    host,
    crews,
    members,
    shares: createShares(entries.filter(({ name }) => names.has(name))),
    briefings: new Map(),
    arrived: new Map(),
    doneAt: new Map(),
    merged: -1,
    assigned: 0,
    wake: [],
  };
  for (let epoch = 0; epoch < ahead; epoch += 1) brief(epochs, epoch);
  await Promise.all(crews.map((crew) => work(epochs, crew)));
}

async function work(epochs: Epochs, crew: Crew): Promise<void> {
  for (let epoch = 0; ; epoch += 1) {
    while (epochs.merged < epoch - ahead && !epochs.host.stopped()) await merge(epochs);
    const briefing = epochs.briefings.get(epoch);
    if (epochs.host.stopped() || briefing === undefined) return;
    const quotas: Quota[] = crew.members.flatMap(({ index }) => {
      const workUnits = briefing.quotas.get(index) ?? 0;
      return workUnits > 0 ? [{ member: index, workUnits }] : [];
    });
    const answer =
      quotas.length === 0 ? null : await ask(crew, step(crew, epoch, quotas, briefing));
    deliver(epochs, crew, epoch, answer?.kind === "stepped" ? answer.reports : []);
  }
}

function step(crew: Crew, epoch: number, quotas: readonly Quota[], briefing: Briefing) {
  const plan = briefing.plan !== crew.told ? briefing.plan : null;
  crew.told = briefing.plan;
  const { value, bound } = briefing;
  return { kind: "step", epoch, quotas, plan, value, bound } as const;
}

/** Resolves at the next merge, or when the run is stopped. */
const merge = (epochs: Epochs): Promise<void> =>
  new Promise((resolve) => {
    epochs.wake.push(resolve);
  });

/** Merges every epoch that all crews have delivered, in order of epochs and members. */
function deliver(
  epochs: Epochs,
  crew: Crew,
  epoch: number,
  reports: readonly MemberReport[],
): void {
  const entry = epochs.arrived.get(epoch) ?? { crews: new Set<Crew>(), reports: [] };
  epochs.arrived.set(epoch, entry);
  entry.crews.add(crew);
  entry.reports.push(...reports.map((report) => ({ crew, report })));
  for (const report of reports) epochs.host.endIfProof(crew, report);
  if (epochs.host.stopped()) {
    mergeAll(epochs);
    return wakeAll(epochs);
  }
  for (;;) {
    const next = epochs.arrived.get(epochs.merged + 1);
    if (next === undefined || next.crews.size < epochs.crews.length) return;
    epochs.merged += 1;
    epochs.arrived.delete(epochs.merged);
    mergeEpoch(epochs, next.reports);
    brief(epochs, epochs.merged + ahead);
    wakeAll(epochs);
  }
}

/**
 * At the end of a run nothing needs to repeat any more: all that has come is taken in, also what
 * waited for threads that were slower.
 */
function mergeAll({ arrived, host }: Epochs): void {
  for (const epoch of [...arrived.keys()].sort((a, b) => a - b)) {
    for (const { crew, report } of arrived.get(epoch)?.reports ?? []) host.merge(crew, report);
    arrived.delete(epoch);
  }
}

function mergeEpoch(epochs: Epochs, delivered: readonly Delivered[]): void {
  const improvements = new Map<SolverName, number>();
  for (const { crew, report } of [...delivered].sort((a, b) => a.report.member - b.report.member)) {
    // Members that run beside the epochs have places in the order, too.
    const solver = epochs.members.find(({ index }) => index === report.member)?.solver;
    const gain = epochs.host.merge(crew, report);
    if (report.done || report.failure !== null) epochs.doneAt.set(report.member, epochs.merged);
    if (gain > 0 && solver !== undefined) {
      improvements.set(solver, (improvements.get(solver) ?? 0) + gain);
    }
  }
  noteEpoch(epochs.shares, improvements);
}

/** Fixes what members will know and may spend in an epoch. Nothing is left to do or spend: no briefing. */
function brief(epochs: Epochs, epoch: number): void {
  const { host } = epochs;
  // Whoever was thrown out, or lost with its thread, is in no crew: work for it would be asked of
  // nobody, epoch after epoch, without an end.
  const present = new Set(epochs.crews.flatMap((crew) => crew.members.map(({ index }) => index)));
  const working = epochs.members.filter(
    ({ index }) => present.has(index) && !epochs.doneAt.has(index),
  );
  const limit = host.workUnitsMax === 0 ? Number.POSITIVE_INFINITY : host.workUnitsMax;
  const left = limit - epochs.assigned;
  if (working.length === 0 || left <= 0) return;
  const total = Math.min(left, epochWork(epoch));
  const split = sharesOf(epochs.shares, new Set(working.map(({ solver }) => solver)));
  const quotas = new Map<number, number>();
  for (const { index, solver } of working) {
    const sharing = working.filter((other) => other.solver === solver).length;
    quotas.set(index, Math.ceil((total * (split.get(solver) ?? 0)) / sharing));
  }
  // As members are dealt to two threads: by their place among those that run in epochs.
  const lanes = epochs.members.map((member, place) => ({ ...member, lane: laneOf(place) }));
  balanceLanes(
    quotas,
    lanes.filter(({ index }) => quotas.has(index)),
  );
  epochs.assigned += total;
  const incumbent = host.incumbent();
  epochs.briefings.delete(epoch - ahead - 1);
  epochs.briefings.set(epoch, {
    quotas,
    plan: incumbent?.plan ?? null,
    value: incumbent?.value ?? Number.POSITIVE_INFINITY,
    bound: host.bound(),
  });
}

function wakeAll(epochs: Epochs): void {
  const waiting = epochs.wake;
  epochs.wake = [];
  for (const resolve of waiting) resolve();
}

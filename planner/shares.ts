/**
 * How the work of an epoch is split among engines: by what has paid off. Every number here follows
 * from merged reports alone, so a run repeats on any number of threads.
 *
 * Each search engine has a credit: relative improvements of the best plan that it found, decayed from
 * epoch to epoch. Half of the search's work is split evenly, so that nobody is ever given up, and
 * half by credit. Engines that prove have a share of their own, which grows while no plan improves.
 */
import type { SolverEntry, SolverName } from "./solvers/registry.js";

export interface Shares {
  readonly entries: readonly SolverEntry[];
  readonly credit: Map<SolverName, number>;
  /** Merged epochs, and those of them since the best plan last improved. */
  epochs: number;
  sinceImproved: number;
}

/** Work units of an epoch over all members: small at first, so that first improvements come at once. */
const epochMin = 10_000;
const epochMax = 160_000;
const decay = 0.9;
const proofShareMin = 0.15;
const proofShareMax = 0.6;
/**
 * After so many epochs without an improvement, or half of the run if that is more, the provers have
 * their largest share.
 */
const stagnationMin = 10;

export function createShares(entries: readonly SolverEntry[]): Shares {
  return { entries, credit: new Map(), epochs: 0, sinceImproved: 0 };
}

/** Work units of all members together in an epoch. */
export const epochWork = (epoch: number): number =>
  Math.min(epochMax, epochMin * 2 ** Math.min(epoch, 10));

/** The epoch's improvements by engine, as parts of the value before; call once per merged epoch. */
export function noteEpoch(shares: Shares, improvements: ReadonlyMap<SolverName, number>): void {
  shares.epochs += 1;
  shares.sinceImproved = improvements.size > 0 ? 0 : shares.sinceImproved + 1;
  for (const { name } of shares.entries) {
    const before = shares.credit.get(name) ?? 0;
    shares.credit.set(name, before * decay + (improvements.get(name) ?? 0));
  }
}

/** Part of the epoch's work for each engine still at work; they sum up to 1. */
export function sharesOf(
  shares: Shares,
  working: ReadonlySet<SolverName>,
): ReadonlyMap<SolverName, number> {
  const entries = shares.entries.filter(({ name }) => working.has(name));
  const searchers = entries.filter(({ role }) => role === "search");
  const provers = entries.filter(({ role }) => role === "proof");
  const proof = searchers.length === 0 ? 1 : provers.length === 0 ? 0 : proofShare(shares, provers);
  const total = searchers.reduce((sum, { name }) => sum + (shares.credit.get(name) ?? 0), 0);
  const split = new Map<SolverName, number>();
  for (const { name } of searchers) {
    const even = 1 / searchers.length;
    const earned = total > 0 ? (shares.credit.get(name) ?? 0) / total : even;
    split.set(name, (1 - proof) * (even / 2 + earned / 2));
  }
  for (const { name } of provers) split.set(name, proof / provers.length);
  return split;
}

function proofShare({ epochs, sinceImproved }: Shares, provers: readonly SolverEntry[]): number {
  const stalled = Math.min(1, sinceImproved / Math.max(stagnationMin, epochs / 2));
  // One prover can use one of two threads; what is more would leave the other one idle.
  const members = provers.reduce((sum, prover) => sum + prover.members, 0);
  const most = Math.min(proofShareMax, members / lanes);
  return proofShareMin + (most - proofShareMin) * stalled;
}

/**
 * Members in turns make up two lanes, which two threads run side by side: an engine with members in
 * both moves work to where others leave room, so that no thread waits for the other. Whatever the
 * number of threads, so that a run repeats.
 */
const lanes = 2;
/** Of a member's work at most so much moves: none is ever given up. */
const movedMax = 0.9;

export interface LaneMember {
  readonly index: number;
  readonly solver: SolverName;
  readonly lane: number;
}

export const laneOf = (place: number): number => place % lanes;

/** Changes `quotas`, work by index of the member, in place. */
export function balanceLanes(quotas: Map<number, number>, working: readonly LaneMember[]): void {
  const workOf = ({ index }: LaneMember): number => quotas.get(index) ?? 0;
  const total = (members: readonly LaneMember[]): number =>
    members.reduce((sum, member) => sum + workOf(member), 0);
  const inLane = (lane: number): LaneMember[] => working.filter((member) => member.lane === lane);
  const lead = total(inLane(0)) - total(inLane(1));
  const heavy = inLane(lead >= 0 ? 0 : 1);
  const light = inLane(lead >= 0 ? 1 : 0);
  const movers = heavy.filter(({ solver }) => light.some((other) => other.solver === solver));
  const movable = total(movers);
  if (movable === 0) return;
  const part = Math.min(movedMax, Math.abs(lead) / lanes / movable);
  for (const mover of movers) {
    const moved = Math.floor(workOf(mover) * part);
    const takers = light.filter(({ solver }) => solver === mover.solver);
    quotas.set(mover.index, workOf(mover) - moved);
    for (const taker of takers) {
      quotas.set(taker.index, workOf(taker) + Math.ceil(moved / takers.length));
    }
  }
}

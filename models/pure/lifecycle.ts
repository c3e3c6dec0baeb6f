/**
 * How trained models come into use. A *line* is one recipe: what this cluster trains again and again
 * as its history grows, or a model that somebody brought. Its versions go through
 *
 *   candidate -> shadow -> active -> retired
 *
 * - Gate 1, offline: on the last slice of history, on which it was not trained, a candidate has to
 *   lose less than what is said without a model; the first of its line by the margin, and by as much
 *   less than the active model. One that fails is retired.
 * - Gate 2, live: what would have been said with a shadow is kept beside what was said without any
 *   model. It has to lose less by the margin over enough runs, and its p90 has to hold.
 * - An active line that comes to lose more than the statistics is demoted to shadow, from where the
 *   same gate leads back.
 *
 * Live evidence belongs to the line, not to the version: a newer version of it takes the older one's
 * place, shadow or active, as soon as it passes gate 1, and one of an active line is trained on all
 * of history, the last slice too. Whoever waited 500 runs for each would serve the model of long ago.
 *
 * The lifecycle only proposes. What is served is chosen elsewhere, where it can be journalled, and
 * told by `choose`. A fold of plain data: the same calls, the same proposals.
 */

/** Pinball losses of ln(duration). */
export interface Loss {
  readonly p50: number;
  readonly p90: number;
}

/** Means over the last slice of history. */
export interface SliceLosses {
  readonly runs: number;
  readonly model: Loss;
  /** Of what is said without any model, on the same runs. */
  readonly statistics: Loss;
  /** Of the version that is active, on the same runs; null where none is. */
  readonly active: Loss | null;
}

export type VersionState = "candidate" | "shadow" | "active" | "retired";

export interface Version {
  readonly version: string;
  readonly line: string;
  state: VersionState;
  /** Why it is in this state. */
  because: string;
}

/** One run that has succeeded: what was lost on it, by those who had spoken when it was submitted. */
export interface Outcome {
  /** Of what was said, or would have been said, without any model. */
  readonly statistics: Loss;
  readonly lines: readonly LineOutcome[];
}

export interface LineOutcome {
  readonly line: string;
  /** Of what was said, or would have been said, with the line's model. */
  readonly loss: Loss;
  /** Whether the run kept that p90. */
  readonly wasCovered: boolean;
}

/** Demote: serve no model. */
export interface Proposal {
  readonly kind: "promote" | "demote";
  readonly version: string;
  readonly because: string;
}

export interface Lifecycle {
  /** In order of entry. Retired ones beyond `retiredMax` are forgotten, the oldest first. */
  readonly versions: Version[];
  readonly lines: Line[];
  /** Served whatever it loses. */
  pinned: string | null;
}

/** Running means over the line's live runs, of all its versions. */
export interface Line {
  readonly line: string;
  runs: number;
  loss: Loss;
  statistics: Loss;
  /** Share of the runs that kept their p90. */
  covered: number;
}

export const createLifecycle = (): Lifecycle => ({ versions: [], lines: [], pinned: null });

/** Relative gain that counts as one: of both quantiles' loss together; half of it at p50. */
export const margin = 0.02;
/**
 * With fewer runs than these the gain has to be larger, by the square of what is missing: of few
 * runs the mean is mostly chance. With fewer than the least nothing is decided.
 */
const runsWanted = 500;
const runsMin = 50;
const coverageMin = 0.87;
const coverageMax = 0.95;
/** A running mean forgets: the newest run weighs at least 1 / memory. */
const memory = 1_000;
const retiredMax = 32;
/** Every line costs a model's run for each task. */
const linesMax = 4;

export interface Candidate {
  readonly version: string;
  readonly line: string;
  /** Null for a successor that was trained on all of history: its line has passed gate 1. */
  readonly slice: SliceLosses | null;
}

/**
 * Takes in a version that has been trained (or brought) and measured on the last slice. It becomes
 * shadow, or is retired; the answer proposes to serve it where its line is active already.
 */
export function enter(lifecycle: Lifecycle, { version, line, slice }: Candidate): Proposal | null {
  const active = activeOf(lifecycle);
  const entered: Version = { version, line, state: "candidate", because: "just trained" };
  lifecycle.versions.push(entered);
  const isSuccessor = active?.line === line;
  const refusal = slice === null ? unmeasured(isSuccessor) : refusalOf(slice, isSuccessor);
  if (refusal !== null) {
    retire(lifecycle, entered, refusal);
    return null;
  }
  if (!admitLine(lifecycle, line)) {
    retire(lifecycle, entered, `${linesMax} lines are asked already`);
    return null;
  }
  for (const older of [...lifecycle.versions]) {
    if (older.state === "shadow" && older.line === line) retire(lifecycle, older, "replaced");
  }
  const measured = slice === null ? "as its line" : gainText(slice.model, slice.statistics);
  move(entered, "shadow", `passed gate 1: ${measured}`);
  if (!isSuccessor || lifecycle.pinned !== null) return null;
  return { kind: "promote", version, because: "newer version of the line that is active" };
}

/** Takes in one run, in place; runs in the order of their ends. */
export function observe(lifecycle: Lifecycle, outcome: Outcome): Proposal | null {
  for (const { line, loss, wasCovered } of outcome.lines) {
    const own = lifecycle.lines.find((known) => known.line === line);
    if (own === undefined) continue;
    own.runs++;
    const gain = 1 / Math.min(own.runs, memory);
    own.loss = follow(own.loss, loss, gain);
    own.statistics = follow(own.statistics, outcome.statistics, gain);
    own.covered += gain * ((wasCovered ? 1 : 0) - own.covered);
  }
  if (lifecycle.pinned !== null) return null;
  return demotion(lifecycle) ?? promotion(lifecycle);
}

/** Tells what is served from now on; null for no model. */
export function choose(lifecycle: Lifecycle, version: string | null): void {
  const chosen = lifecycle.versions.find((known) => known.version === version);
  const active = activeOf(lifecycle);
  if (active === chosen) return;
  if (active !== undefined) {
    // A line of its own stays to be asked; of one line only the newest.
    if (active.line === chosen?.line) retire(lifecycle, active, "replaced");
    else move(active, "shadow", "demoted");
  }
  if (chosen !== undefined) move(chosen, "active", "chosen");
}

/** Holds a version in service, or lets go of it (null); `choose` still says what is served. */
export function pin(lifecycle: Lifecycle, version: string | null): void {
  lifecycle.pinned = version;
}

export const activeOf = ({ versions }: Lifecycle): Version | undefined =>
  versions.find(({ state }) => state === "active");

/** Those to be asked beside the active one. */
export const shadowsOf = ({ versions }: Lifecycle): readonly Version[] =>
  versions.filter(({ state }) => state === "shadow");

/** What was lost by saying `logP50` and `logP90` of a run that took `logMs`. */
export const lossOf = (
  { logP50, logP90 }: { readonly logP50: number; readonly logP90: number },
  logMs: number,
): Loss => ({ p50: pinball(logMs - logP50, 0.5), p90: pinball(logMs - logP90, 0.9) });

/** Loss of a quantile that is `over` too low (Koenker & Bassett 1978). */
export const pinball = (over: number, of: number): number => Math.max(of * over, (of - 1) * over);

/** Whether `loss` is less than `other` by `wanted`, a share, in sum, and by half of it at p50. */
const gains = (loss: Loss, other: Loss, wanted: number): boolean =>
  sumOf(loss) <= (1 - wanted) * sumOf(other) && loss.p50 <= (1 - wanted / 2) * other.p50;

/** The share that so many live runs have to show: the fewer, the more. */
const evidence = (runs: number): number => margin * Math.max(1, (runsWanted / runs) ** 2);

const unmeasured = (isSuccessor: boolean): string | null =>
  isSuccessor ? null : "failed gate 1: not measured, and its line is not active";

/** Why a candidate does not pass gate 1; null if it does. */
function refusalOf(slice: SliceLosses, isSuccessor: boolean): string | null {
  const { model, statistics, active } = slice;
  if (!gains(model, statistics, isSuccessor ? 0 : margin)) {
    return `failed gate 1: ${gainText(model, statistics)} on the last slice`;
  }
  // A rival of the active line has to be better than that, too.
  if (!isSuccessor && active !== null && !gains(model, active, margin)) {
    return `failed gate 1: ${gainText(model, active, "the active model")} on the last slice`;
  }
  return null;
}

function promotion(lifecycle: Lifecycle): Proposal | null {
  const active = activeOf(lifecycle);
  const rival = lineOf(lifecycle, active?.line);
  for (const { version, line } of shadowsOf(lifecycle)) {
    const own = lineOf(lifecycle, line);
    if (own === undefined || own.runs < runsMin || line === active?.line) continue;
    const wanted = evidence(own.runs);
    const served = rival === undefined ? own.statistics : lossHadItRun(rival, own);
    if (!gains(own.loss, own.statistics, wanted) || !gains(own.loss, served, wanted)) continue;
    if (own.covered < coverageMin || own.covered > coverageMax) continue;
    const because = `passed gate 2: ${gainText(own.loss, served, "what is served")} over ${own.runs} live runs`;
    return { kind: "promote", version, because };
  }
  return null;
}

/** The two lines' means are over other runs: compared is what each makes of statistics' losses. */
const lossHadItRun = (rival: Line, { statistics }: Line): Loss => ({
  p50: (rival.loss.p50 / rival.statistics.p50) * statistics.p50,
  p90: (rival.loss.p90 / rival.statistics.p90) * statistics.p90,
});

function demotion(lifecycle: Lifecycle): Proposal | null {
  const active = activeOf(lifecycle);
  const own = lineOf(lifecycle, active?.line);
  if (active === undefined || own === undefined || own.runs < runsMin) return null;
  // The same evidence the other way round. Losing a little at p50 alone is chance, or p90's price.
  const suffered = margin - evidence(own.runs);
  const isWorseAtP50 = own.loss.p50 > (1 + margin / 2 - suffered / 2) * own.statistics.p50;
  if (!isWorseAtP50 && sumOf(own.loss) <= (1 - suffered) * sumOf(own.statistics)) return null;
  const because = `${gainText(own.loss, own.statistics)} over ${own.runs} live runs`;
  return { kind: "demote", version: active.version, because };
}

/** Makes room by forgetting lines of which nothing is alive; false if there is none. */
function admitLine({ lines, versions }: Lifecycle, line: string): boolean {
  if (lines.some((known) => known.line === line)) return true;
  const isAlive = (known: Line): boolean =>
    versions.some((version) => version.line === known.line && version.state !== "retired");
  const dead = lines.findIndex((known) => !isAlive(known));
  if (lines.length >= linesMax && dead === -1) return false;
  if (lines.length >= linesMax) lines.splice(dead, 1);
  lines.push(emptyLine(line));
  return true;
}

const lineOf = ({ lines }: Lifecycle, line: string | undefined): Line | undefined =>
  lines.find((known) => known.line === line);

const noLoss: Loss = { p50: 0, p90: 0 };

const emptyLine = (line: string): Line => ({
  line,
  runs: 0,
  loss: noLoss,
  statistics: noLoss,
  covered: 0,
});

const sumOf = ({ p50, p90 }: Loss): number => p50 + p90;

const follow = (mean: Loss, loss: Loss, gain: number): Loss => ({
  p50: mean.p50 + gain * (loss.p50 - mean.p50),
  p90: mean.p90 + gain * (loss.p90 - mean.p90),
});

function move(version: Version, state: VersionState, because: string): void {
  version.state = state;
  version.because = because;
}

function retire({ versions }: Lifecycle, version: Version, because: string): void {
  move(version, "retired", because);
  const retired = versions.filter(({ state }) => state === "retired");
  for (const oldest of retired.slice(0, Math.max(0, retired.length - retiredMax))) {
    versions.splice(versions.indexOf(oldest), 1);
  }
}

function gainText(loss: Loss, other: Loss, than = "statistics"): string {
  const part = (own: number, others: number): string => {
    const percent = 100 * (1 - own / others);
    return `${Math.abs(percent).toFixed(1)} % ${percent >= 0 ? "less" : "more"}`;
  };
  return `loses ${part(sumOf(loss), sumOf(other))} than ${than} (at p50 ${part(loss.p50, other.p50)})`;
}

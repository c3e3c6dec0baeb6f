/**
 * The fold that is served: what the master has told, in order, becomes knowledge, forecasts and rows
 * to train on. A subject is foreseen when it is told and again when its kind has learnt; what was
 * said then is kept with the sequence at which it was said, and a run is held against what was in
 * force when it was launched (`serving` says how). Models are asked elsewhere: their words come in
 * as arguments.
 */
import { admitTo, emptyGenerations, findIn, type Generations } from "../../core/generations.js";
import type { Completion, EstimateSubject, RevisedEstimate } from "../../core/prediction.js";
import type { Estimate } from "../../core/views.js";
import { kindLevel, type ModelWords, statisticNames } from "./experts.js";
import {
  emptyKnowledge,
  type Foreseen,
  foresee,
  type Knowledge,
  learnEnd,
  learnSubmission,
} from "./knowledge.js";
import type { Proposal } from "./lifecycle.js";
import { type Forecast, leaderOf } from "./predictor.js";
import { addRow, createRows, type Rows } from "./rows.js";
import { createServing, learnServed, type Served, type Serving, serve } from "./serving.js";
import { levelsOf, subjectOf } from "./subject.js";

export const keysMax = 20_000;
/** Of one kind, the latest told: those are foreseen again when the kind has learnt. */
const keysPerKindMax = 256;
/** Forecasts kept of a key: the first and the newest. */
const saidMax = 3;
/** Estimates that moved by less are not worth a new plan. */
const moveMin = Math.log(1.1);

export interface ServingFold {
  readonly knowledge: Knowledge;
  readonly serving: Serving;
  readonly known: Generations<Known>;
  readonly kinds: Generations<Kind>;
  readonly rows: Rows;
  /** Highest taken in. */
  sequence: number;
  /** The latest time that a record has named. */
  nowMs: number;
}

interface Known {
  subject: EstimateSubject;
  groups: readonly string[];
  /** In order of their sequences. */
  said: readonly Said[];
  reported: Estimate | null;
  /** Foreseen again when its kind has so many runs. */
  dueAtRuns: number;
  /** Runs until then; doubled each time. */
  interval: number;
}

interface Kind {
  runs: number;
  /** The latest last. */
  readonly keys: Set<string>;
}

/** By version: of those that were asked. */
export type Words = ReadonlyMap<string, ModelWords>;

export interface Said {
  readonly sequence: number;
  readonly foreseen: Foreseen;
  readonly served: Served;
}

export const createFold = (rowsMax: number): ServingFold => ({
  knowledge: emptyKnowledge(),
  serving: createServing(),
  known: emptyGenerations(),
  kinds: emptyGenerations(),
  rows: createRows(rowsMax),
  sequence: 0,
  nowMs: 0,
});

/** What models are to be asked by; nothing is remembered of it. */
export function foreseeSubject(
  { knowledge }: ServingFold,
  told: EstimateSubject,
  nowMs: number,
): Foreseen {
  const groups = levelsOf(told.groups, told.inputBytes);
  return foresee(knowledge, subjectOf(told, groups), nowMs);
}

/** A subject is told: whoever is foreseen behind it is so with that in mind. */
export function learnTold(fold: ServingFold, foreseen: Foreseen, atMs: number): void {
  learnSubmission(fold.knowledge, foreseen, atMs);
}

/** What is said of it when the history stands at `sequence`, by words that models have said of it. */
export function say(
  { serving }: ServingFold,
  foreseen: Foreseen,
  words: Words,
  sequence: number,
): Said {
  const { features, groups, blend } = foreseen;
  const served = serve(serving, features, groups, blend?.log ?? Number.NaN, words);
  return { sequence, foreseen, served };
}

/**
 * Remembers what was said of a subject; the answer is its estimate, if that has moved enough since
 * it was last given out.
 */
export function keep(
  fold: ServingFold,
  subject: EstimateSubject,
  said: Said,
  isToldAnew: boolean,
): RevisedEstimate | null {
  const { key } = subject;
  const { groups } = said.foreseen;
  const known = admitTo(fold.known, key, keysMax, () => createKnown(subject, groups));
  const kind = kindOf(fold, groups);
  if (isToldAnew) {
    known.subject = subject;
    known.groups = groups;
    known.interval = 1;
    kind.keys.delete(key);
    kind.keys.add(key);
    for (const oldest of kind.keys) {
      if (kind.keys.size <= keysPerKindMax) break;
      kind.keys.delete(oldest);
    }
  } else known.interval *= 2;
  known.dueAtRuns = kind.runs + known.interval;
  const [first, ...later] = [...known.said, said];
  if (first !== undefined) known.said = [first, ...later.slice(1 - saidMax)];
  const estimate = estimateOf(said);
  if (!hasMoved(known.reported, estimate)) return null;
  known.reported = estimate;
  return { key, estimate };
}

export interface Learned {
  /** What follows from it about the models; null: nothing. */
  readonly proposal: Proposal | null;
  /** To be foreseen again. */
  readonly due: readonly EstimateSubject[];
}

const nothing: Learned = { proposal: null, due: [] };

/** Takes in one end, in place. */
export function learn(fold: ServingFold, run: Completion): Learned {
  const known = findIn(fold.known, run.key);
  if (known !== undefined) admitTo(fold.known, run.key, keysMax, () => known);
  const said = known === undefined ? null : inForce(known.said, run.launchedSequence);
  const groups = known?.groups ?? levelsOf(run.groups, null);
  const durationMs = run.durationMs * run.workerSpeed;
  const end = {
    groups,
    durationMs,
    userEstimateMs: known?.subject.userEstimateMs ?? Number.NaN,
    succeeded: run.succeeded,
    atMs: run.endedAtMs,
  };
  fold.nowMs = Math.max(fold.nowMs, run.endedAtMs);
  learnEnd(fold.knowledge, end, said?.foreseen ?? null);
  if (!run.succeeded) return nothing;
  const proposal = said === null ? null : learnServed(fold.serving, said.served, durationMs);
  if (said !== null) {
    addRow(fold.rows, { ...said.foreseen, durationMs, sequence: fold.sequence, atMs: fold.nowMs });
  }
  const kind = kindOf(fold, groups);
  kind.runs++;
  const due: EstimateSubject[] = [];
  for (const key of kind.keys) {
    const waiting = findIn(fold.known, key);
    if (waiting === undefined) kind.keys.delete(key);
    else if (waiting.dueAtRuns <= kind.runs) due.push(waiting.subject);
  }
  return { proposal, due };
}

/** The latest told, at most `most`: to be foreseen again when another model is served. */
export function latestSubjects({ known }: ServingFold, most: number): readonly EstimateSubject[] {
  const all = [...known.old.values(), ...known.young.values()];
  return all.slice(-most).map(({ subject }) => subject);
}

/** At speed 1. */
export function estimateOf({ served, foreseen }: Said): Estimate {
  const made = served.forecast;
  if (made === null) return { p50Ms: 0, p90Ms: 0, source: "unknown", confidence: 0 };
  const p50Ms = millisecondsOf(made.logP50);
  const source = sourceOf(made, foreseen);
  const confidence = foreseen.anchor?.confidence ?? 0;
  return {
    p50Ms,
    p90Ms: Math.max(p50Ms, millisecondsOf(made.logP90)),
    source,
    confidence: Math.max(confidence, source === "statistics" ? 0 : wordConfidence),
  };
}

/** Of a word that nothing was held against yet: the user's, or a model's of a task never seen. */
const wordConfidence = 0.3;
/** A century: what is beyond is no duration. */
const millisecondsMax = 100 * 365 * 86_400_000;

const millisecondsOf = (log: number): number =>
  Math.round(Math.min(millisecondsMax, Math.max(1, Math.exp(log))));

const saidPlace = statisticNames.indexOf("said");

/** Who weighs most. */
function sourceOf(made: Forecast, { blend }: Foreseen): Estimate["source"] {
  if (leaderOf(made) !== "blend") return "model";
  const said = blend?.weights[saidPlace] ?? 0;
  return said > 0 && blend?.weights.every((weight) => weight <= said) === true
    ? "user"
    : "statistics";
}

/** The last that was said at or before the sequence; the first where that was later. */
const inForce = (said: readonly Said[], sequence: number): Said | null =>
  said.findLast((one) => one.sequence <= sequence) ?? said[0] ?? null;

function hasMoved(before: Estimate | null, now: Estimate): boolean {
  if (before === null || before.source !== now.source) return now.source !== "unknown";
  const moved = (from: number, to: number): boolean =>
    Math.abs(Math.log(Math.max(1, to) / Math.max(1, from))) > moveMin;
  return moved(before.p50Ms, now.p50Ms) || moved(before.p90Ms, now.p90Ms);
}

const kindOf = (fold: ServingFold, groups: readonly string[]): Kind =>
  admitTo(fold.kinds, groups[kindLevel] ?? "", keysMax, () => ({ runs: 0, keys: new Set() }));

const createKnown = (subject: EstimateSubject, groups: readonly string[]): Known => ({
  subject,
  groups,
  said: [],
  reported: null,
  dueAtRuns: 0,
  interval: 1,
});

/**
 * What a model is told of a task, in one fixed order, shared by training and serving. Values are
 * float32; NaN is "not known". Logarithms are natural, of milliseconds, bytes and cores.
 *
 * The order is a contract: a model remembers the schema's text, and one that was trained on another
 * is refused. New features go to the end, under a new version.
 */

import { quantilesAlike, rememberAlike } from "./alike.js";
import {
  emptyRuns,
  type RunHistory,
  type Runs,
  ratioToWord,
  runsOf,
  summaryOf,
} from "./run-history.js";

export const schemaVersion = 1;
/** Levels of grouping, from the most specific to the least. */
export const historyLevels = 5;

const requestNames = [
  "log_cpus",
  "log_memory",
  "gpus",
  "log_timeout",
  "log_user_estimate",
  "priority",
  "attempt",
  "hour",
  "weekday",
  "array_index",
] as const;
const inputNames = ["log_input_bytes", "input_files"] as const;
const workerNames = ["log_speed", "worker_cpus", "worker_gpus"] as const;
const idNames = ["kind_id", "image_id", "shape_id", "tenant_id", "user_id"] as const;
const historyNames = [
  "log_median",
  "log_p90",
  "log_last",
  "log_second",
  "log_recent",
  "log_weighted",
  "log_runs",
  "log_age",
  "failure_share",
  "log_since_submit",
] as const;

/** Levels at which runs are told apart by how they began: the shape of a command, and its kind. */
const alikeLevels = [1, 2] as const;

export const featureNames: readonly string[] = [
  ...requestNames,
  ...inputNames,
  ...workerNames,
  ...idNames,
  ...Array.from({ length: historyLevels }, (_, level) =>
    historyNames.map((name) => `${name}_${level}`),
  ).flat(),
  ...alikeLevels.flatMap((level) => [`log_alike_${level}`, `log_alike_p90_${level}`]),
  "log_everyone",
  "log_said",
  "log_anchor",
  "log_blend",
];

export const featureCount = featureNames.length;
/** The user's word, corrected by what came of words before. */
export const saidFeature = featureNames.indexOf("log_said");
/** The shrunk group statistics' own prediction. */
export const anchorFeature = featureNames.indexOf("log_anchor");
/** What all statistics say together, which the model corrects; written after the others. */
export const blendFeature = featureNames.indexOf("log_blend");

/** What a digest of the schema is taken of: version, names, order, type. */
export const schemaText = `almanac features v${schemaVersion} float32 ${featureNames.join(" ")}`;

/** A task before it runs. NaN, or an empty text, where a thing is not known. */
export interface Subject {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly gpus: number;
  readonly timeoutMs: number;
  readonly userEstimateMs: number;
  readonly priority: number;
  readonly attempt: number;
  readonly arrayIndex: number;
  readonly inputBytes: number;
  readonly inputFiles: number;
  readonly workerSpeed: number;
  readonly workerCpus: number;
  readonly workerGpus: number;
  readonly image: string;
  readonly user: string;
  /** `historyLevels` texts, the most specific first. */
  readonly groups: readonly string[];
}

/**
 * Writes a task's features into `into`, `featureCount` numbers. `anchorMs` is what the group
 * statistics say at speed 1, NaN where they say nothing. The blend, which is made from the others,
 * is left NaN for its maker to write.
 */
export function writeFeatures(
  into: Float32Array,
  subject: Subject,
  history: RunHistory,
  anchorMs: number,
  nowMs: number,
): void {
  let at = 0;
  const put = (value: number): void => {
    into[at++] = value;
  };
  put(log(subject.cpus));
  put(log(subject.memoryBytes));
  put(subject.gpus);
  put(log(subject.timeoutMs));
  put(log(subject.userEstimateMs));
  put(subject.priority);
  put(subject.attempt);
  put((nowMs / 3_600_000) % 24);
  put(Math.floor(nowMs / 86_400_000) % 7);
  put(subject.arrayIndex);
  put(log(subject.inputBytes));
  put(subject.inputFiles);
  put(log(subject.workerSpeed));
  put(subject.workerCpus);
  put(subject.workerGpus);
  const { groups } = subject;
  put(hashed(groups[2] ?? ""));
  put(hashed(subject.image));
  put(hashed(groups[1] ?? ""));
  put(hashed(groups[historyLevels - 1] ?? ""));
  put(hashed(subject.user));
  const levels: (Runs | undefined)[] = [];
  for (let level = 0; level < historyLevels; level++) {
    const known = runsOf(history, groups[level] ?? "");
    levels.push(known);
    const runs = known ?? emptyRuns;
    const { logMedian, logP90, logRecent, logRuns } = summaryOf(runs);
    const isSeen = runs.succeeded > 0;
    put(isSeen ? logMedian : Number.NaN);
    put(isSeen ? logP90 : Number.NaN);
    put(runs.logLast);
    put(runs.logSecond);
    put(logRecent);
    put(runs.logWeighted);
    put(logRuns);
    put(isSeen ? Math.log1p(Math.max(0, nowMs - runs.lastAtMs)) : Number.NaN);
    put(runs.failureShare);
    put(Math.log1p(nowMs - runs.submittedAtMs));
  }
  for (const level of alikeLevels) {
    const runs = levels[level] ?? emptyRuns;
    const alike = quantilesAlike(runs.alike, circumstancesOf(into, level), alikeWeights);
    put(alike?.logP50 ?? Number.NaN);
    put(alike?.logP90 ?? Number.NaN);
  }
  put(summaryOf(history.everyone).logMedian);
  // A word that is the limit says how long a task may take, and of how long it will, nothing yet.
  const isLimit = subject.userEstimateMs >= subject.timeoutMs;
  put(log(subject.userEstimateMs) + ratioToWord(history, levels, isLimit ? Number.NaN : 0));
  put(log(anchorMs));
  put(Number.NaN);
}

/**
 * Takes in what a run took whose features had been written when it was submitted, in place: what a
 * later one that begins alike may take. Only of runs that succeeded.
 */
export function recordAlike(
  history: RunHistory,
  groups: readonly string[],
  features: Float32Array,
  durationMs: number,
): void {
  const logMs = Math.log(Math.max(1, durationMs));
  for (const level of alikeLevels) {
    const runs = runsOf(history, groups[level] ?? "");
    if (runs !== undefined) rememberAlike(runs.alike, circumstancesOf(features, level), logMs);
  }
}

/** The group's last two runs and since when, and what the task asks for. */
function circumstancesOf(
  features: Float32Array,
  level: (typeof alikeLevels)[number],
): Float32Array {
  const places = alikePlaces[level];
  const by = new Float32Array(places.length);
  for (let at = 0; at < by.length; at++) by[at] = features[places[at] ?? 0] ?? Number.NaN;
  return by;
}

const alikeWeights = [1, 0.5, 0.25, 1, 1];

const placesAt = (level: number): number[] =>
  [
    `log_last_${level}`,
    `log_second_${level}`,
    `log_age_${level}`,
    "log_cpus",
    "log_input_bytes",
  ].map((name) => featureNames.indexOf(name));
const alikePlaces = { 1: placesAt(1), 2: placesAt(2) } as const;

/** NaN for what is not known and for what has no logarithm. */
const log = (value: number): number => (value > 0 ? Math.log(value) : Number.NaN);

/**
 * A text as a number in [0, 1), with the 24 bits that float32 holds exactly: FNV-1a, folded. Trees
 * can tell a few names apart by it; what names mean is in the history of their groups.
 */
function hashed(text: string): number {
  if (text === "") return Number.NaN;
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return ((hash >>> 8) ^ (hash & 0xff)) / 2 ** 24;
}

/**
 * The baseline that any learned model has to beat: plain boosted trees on request, worker, names and
 * the history of five levels of groups, believed whenever there is a model. Its columns are frozen
 * here: what is found for our own model since does not make the baseline any better.
 */
import { type BoostSettings, boost } from "../../models/pure/boost.js";
import {
  addExample,
  createExamples,
  newestRows,
  nextTrainingAt,
} from "../../models/pure/examples.js";
import { featureNames, historyLevels } from "../../models/pure/features.js";
import { type Forest, walk } from "../../models/pure/forest.js";
import type { Method } from "./replay.js";

const historyNames = [
  "log_median",
  "log_p90",
  "log_last",
  "log_weighted",
  "log_runs",
  "log_age",
  "failure_share",
];

export const plainNames: readonly string[] = [
  "log_cpus",
  "log_memory",
  "gpus",
  "log_timeout",
  "priority",
  "attempt",
  "hour",
  "array_index",
  "log_input_bytes",
  "input_files",
  "log_speed",
  "worker_cpus",
  "worker_gpus",
  "kind_id",
  "image_id",
  "shape_id",
  "tenant_id",
  "user_id",
  ...Array.from({ length: historyLevels }, (_, level) =>
    historyNames.map((name) => `${name}_${level}`),
  ).flat(),
  "log_anchor",
];

const windowRows = 20_000;
/** Trained at 200 completions, and again at this many times as many. */
const pace = { growth: 1.6, runsMax: Number.POSITIVE_INFINITY };

/** The anchor before its first training. */
export function plainTrees(settings: BoostSettings): Method {
  const columns = plainNames.map((name) => featureNames.indexOf(name));
  if (columns.includes(-1)) throw new Error("a column of the baseline is no feature any more");
  const width = columns.length;
  const examples = createExamples(windowRows, width);
  const rowOf = (features: Float32Array): Float32Array =>
    Float32Array.from(columns, (column) => features[column] ?? Number.NaN);
  const output = new Float32Array(1);
  let forest: Forest | null = null;
  let trainedAt = 0;
  return {
    name: "trees",
    predict({ features, anchor }) {
      if (forest === null) return anchor;
      walk(forest, rowOf(features), output);
      return { p50Ms: Math.exp(output[0] ?? 0), p90Ms: null };
    },
    observe({ features, durationMs }) {
      addExample(examples, rowOf(features), durationMs);
      if (examples.total < nextTrainingAt(trainedAt, pace)) return;
      trainedAt = examples.total;
      const { rows, matrix, logMs } = newestRows(examples, windowRows);
      const data = { rows, features: width, matrix, labels: logMs };
      forest = boost(data, [0.5], settings)[0] ?? null;
    },
  };
}

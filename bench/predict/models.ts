/** Our own model: trained as runs end, believed without a question, and expert by expert. */
import type { BoostSettings } from "../../models/pure/boost.js";
import {
  addExample,
  createExamples,
  newestRows,
  nextTrainingAt,
  sliceOf,
  type TrainingPace,
} from "../../models/pure/examples.js";
import { expertNames, type ModelWords, wordsOf } from "../../models/pure/experts.js";
import { featureCount } from "../../models/pure/features.js";
import { type Forest, walk } from "../../models/pure/forest.js";
import { type TrainingRequest, trainForest } from "../../models/pure/training.js";
import type { Ended, Method, Moment } from "./replay.js";

/** Rows that a model is trained on at most. */
const windowRows = 20_000;

/** A model that is trained again as runs end; shared by the methods, so trained once. */
export interface Learner {
  /** 0 before the first training. */
  version(): number;
  /** Of any version. */
  words(version: number, features: Float32Array): ModelWords;
  /**
   * Trains once more as a candidate is measured: without the last slice of history. The rows of the
   * trace that are in it, with what that model says of them.
   */
  slice(): readonly { readonly row: number; readonly words: ModelWords }[];
  observe(ended: Ended): void;
  /** Counts and times of its trainings so far. */
  readonly trainings: { rows: number; ms: number }[];
}

export function createLearner(settings: BoostSettings, pace: TrainingPace): Learner {
  const examples = createExamples(windowRows);
  const trainings: { rows: number; ms: number }[] = [];
  const forests: Forest[] = [];
  const ends: number[] = [];
  let trainedAt = 0;

  const train = ({ rows, matrix, logMs }: Rows): Forest => {
    const beganAtMs = performance.now();
    const forest = trainForest({ rows, matrix, logMs, settings });
    trainings.push({ rows, ms: performance.now() - beganAtMs });
    return forest;
  };

  return {
    trainings,
    version: () => forests.length,
    words(version, features) {
      const forest = forests[version - 1];
      if (forest === undefined) throw new Error(`no model of version ${version}`);
      return wordsFrom(forest, features);
    },
    slice() {
      const { rows: all, matrix, logMs } = newestRows(examples, windowRows);
      const rows = all - sliceOf(all);
      const row = (at: number) => matrix.subarray(at * featureCount, (at + 1) * featureCount);
      const forest = train({
        rows,
        matrix: matrix.subarray(0, rows * featureCount),
        logMs: logMs.subarray(0, rows),
      });
      return ends
        .slice(rows - all)
        .map((end, at) => ({ row: end, words: wordsFrom(forest, row(rows + at)) }));
    },
    observe({ row, durationMs, features }) {
      if (ends.at(-1) === row) return;
      ends.push(row);
      addExample(examples, features, durationMs);
      if (examples.total < nextTrainingAt(trainedAt, pace)) return;
      trainedAt = examples.total;
      forests.push(train(newestRows(examples, windowRows)));
    },
  };
}

type Rows = Pick<TrainingRequest, "rows" | "matrix" | "logMs">;

function wordsFrom(forest: Forest, features: Float32Array): ModelWords {
  const output = new Float32Array(4);
  walk(forest, features, output);
  const [logP50 = 0, logP90 = 0, residualP50 = 0, residualP90 = 0] = output;
  return { logP50, logP90, residualP50, residualP90 };
}

const newest = (learner: Learner, { features }: Moment): ModelWords | null =>
  learner.version() === 0 ? null : learner.words(learner.version(), features);

/** Our own model believed whenever there is one, on all features; before that the anchor. */
export const ownTrees = (learner: Learner): Method => ({
  name: "trees on all features",
  predict(moment) {
    const words = newest(learner, moment);
    if (words === null) return moment.anchor;
    return { p50Ms: Math.exp(words.logP50), p90Ms: null };
  },
  observe: (ended) => learner.observe(ended),
});

/** One expert alone, the anchor where it has nothing to say. */
export const single = (learner: Learner, name: string): Method => ({
  name: `expert ${name}`,
  predict(moment) {
    const { features, blend } = moment;
    const words = wordsOf(features, blend?.log ?? Number.NaN, newest(learner, moment));
    const word = words[expertsOfServed.indexOf(name)] ?? Number.NaN;
    return Number.isNaN(word) ? moment.anchor : { p50Ms: Math.exp(word), p90Ms: null };
  },
  observe: (ended) => learner.observe(ended),
});

export const expertsOfServed: readonly string[] = expertNames;

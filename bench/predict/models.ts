/** Our own model: believed without a question, expert by expert, and as it is served. */
import type { BoostSettings } from "../../models/pure/boost.js";
import {
  addExample,
  createExamples,
  newestRows,
  nextTrainingAt,
} from "../../models/pure/examples.js";
import { expertNames, type ModelWords, wordsOf } from "../../models/pure/experts.js";
import { type Forest, walk } from "../../models/pure/forest.js";
import {
  createPredictor,
  type Forecast,
  forecast,
  learnOutcome,
} from "../../models/pure/predictor.js";
import { trainForest } from "../../models/pure/training.js";
import type { Ended, Method, Moment } from "./replay.js";
import type { Trace } from "./trace.js";

/** Rows that a model is trained on at most. */
const windowRows = 20_000;

/** A model that is trained again as runs end; shared by the methods, so trained once. */
export interface Learner {
  /** Null before the first training. */
  words(moment: Moment): ModelWords | null;
  observe(ended: Ended): void;
  /** Counts and times of its trainings so far. */
  readonly trainings: { rows: number; ms: number }[];
}

export function createLearner(settings: BoostSettings, growth: number): Learner {
  const examples = createExamples(windowRows);
  const output = new Float32Array(4);
  const trainings: { rows: number; ms: number }[] = [];
  let model: Forest | null = null;
  let trainedAt = 0;
  let wordsRow = -1;
  let words: ModelWords | null = null;
  let learntRow = -1;

  const train = (): Forest => {
    const beganAtMs = performance.now();
    const request = { ...newestRows(examples, windowRows), settings };
    const forest = trainForest(request);
    trainings.push({ rows: request.rows, ms: performance.now() - beganAtMs });
    return forest;
  };

  return {
    trainings,
    words(moment) {
      if (moment.row === wordsRow) return words;
      wordsRow = moment.row;
      words = null;
      if (model === null) return null;
      walk(model, moment.features, output);
      const [logP50 = 0, logP90 = 0, residualP50 = 0, residualP90 = 0] = output;
      words = { logP50, logP90, residualP50, residualP90 };
      return words;
    },
    observe({ row, durationMs, features }) {
      if (row === learntRow) return;
      learntRow = row;
      addExample(examples, features, durationMs);
      if (examples.total < nextTrainingAt(trainedAt, growth)) return;
      trainedAt = examples.total;
      model = train();
    },
  };
}

/** Our own model believed whenever there is one, on all features; before that the anchor. */
export const ownTrees = (learner: Learner): Method => ({
  name: "trees on all features",
  predict(moment) {
    const words = learner.words(moment);
    if (words === null) return moment.anchor;
    return { p50Ms: Math.exp(words.logP50), p90Ms: null };
  },
  observe: (ended) => learner.observe(ended),
});

/** What is served; with `withModel` false, what would be without any model. */
export function served(trace: Trace, learner: Learner, withModel: boolean): Method {
  const predictor = createPredictor();
  const made: (Forecast | null)[] = new Array<Forecast | null>(trace.rows).fill(null);
  return {
    name: withModel ? "almanac" : "almanac without model",
    predict(moment) {
      const words = withModel ? learner.words(moment) : null;
      const { features, groups, blend } = moment;
      const found = forecast(predictor, features, groups, blend?.log ?? Number.NaN, words);
      made[moment.row] = found;
      if (found === null) return null;
      return {
        p50Ms: Math.exp(found.logP50),
        p90Ms: Math.exp(found.logP90),
        weights: found.weights,
      };
    },
    observe(ended) {
      if (withModel) learner.observe(ended);
      const found = made[ended.row];
      made[ended.row] = null;
      if (found !== null && found !== undefined) {
        learnOutcome(predictor, found, ended.durationMs);
      }
    },
  };
}

/** One expert alone, the anchor where it has nothing to say. */
export const single = (learner: Learner, name: string): Method => ({
  name: `expert ${name}`,
  predict(moment) {
    const { features, blend } = moment;
    const words = wordsOf(features, blend?.log ?? Number.NaN, learner.words(moment));
    const word = words[expertsOfServed.indexOf(name)] ?? Number.NaN;
    return Number.isNaN(word) ? moment.anchor : { p50Ms: Math.exp(word), p90Ms: null };
  },
  observe: (ended) => learner.observe(ended),
});

export const expertsOfServed: readonly string[] = expertNames;

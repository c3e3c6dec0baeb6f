/**
 * The predictor: what the master tells goes through the fold, record by record, with the models'
 * words; estimates that are asked for are made from where the fold stands. One caller at a time
 * tells; who asks does not wait for a training.
 */
import {
  type BroughtModel,
  type EstimateSubject,
  type HistoryAnswer,
  type HistoryRecord,
  type ModelEvaluation,
  type ModelList,
  type ModelView,
  predictionLimits,
} from "../../core/prediction.js";
import type { Result } from "../../core/result.js";
import type { Estimate } from "../../core/views.js";
import { type BoostSettings, boostDefaults } from "../../models/pure/boost.js";
import { nextTrainingAt } from "../../models/pure/examples.js";
import { totalOf } from "../../models/pure/rows.js";
import { createFold } from "../../models/pure/serving-fold.js";
import { openRegistry } from "../../models/registry.js";
import { estimateSubjects, evaluateVersion, trainNow } from "./asking.js";
import { acceptBrought } from "./import-model.js";
import { createRevisions } from "./revisions.js";
import type { Say } from "./say.js";
import { ModelService } from "./service.js";
import { addStarter } from "./starter.js";
import { type Ground, takeRecords } from "./telling.js";
import { createSchedule, rowsMax } from "./training.js";
import { createTurns } from "./turns.js";

export interface EngineOptions {
  /** Where versions of models are kept. */
  readonly directory: string;
  /** Folder of the model that is shipped; null: none. */
  readonly starter: string | null;
  /** Files of the bundled `models/train-thread` and `models/validate/main`. */
  readonly trainEntry: string;
  readonly validateEntry: string;
  readonly settings?: BoostSettings;
  readonly say: Say;
}

export interface Engine {
  /** Records that are known already change nothing; the answer is then that of the first time. */
  take(records: readonly HistoryRecord[]): Promise<HistoryAnswer>;
  /** On the subjects' workers. */
  estimate(subjects: readonly EstimateSubject[]): Promise<readonly Estimate[]>;
  list(): ModelList;
  /** Trains now, on all rows but the newest tenth, on which it is measured. */
  train(): Promise<Result<ModelView>>;
  evaluate(version: string): Promise<Result<ModelEvaluation>>;
  bring(brought: BroughtModel): Promise<Result<ModelView>>;
  close(): Promise<void>;
}

export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { say, validateEntry: entry } = options;
  const registry = await openRegistry(options.directory);
  const fold = createFold(rowsMax);
  const models = await ModelService.open(registry, fold, say);
  if (options.starter !== null) await addStarter(models, options.starter, say);
  const schedule = createSchedule(options.trainEntry, options.settings ?? boostDefaults);
  const revisions = createRevisions();
  const inTurn = createTurns();
  const ground: Ground = { fold, models, schedule, revisions, say };
  return {
    take: (records) =>
      inTurn(async () => {
        const first = records.reduce(
          (least, { sequence }) => Math.min(least, sequence),
          Number.POSITIVE_INFINITY,
        );
        await takeRecords(ground, records);
        // As long as there is more to tell, what it would serve is of the past.
        const isTelling = records.length >= predictionLimits.recordsPerRequest;
        return {
          sequence: fold.sequence,
          revised: revisions.since(first),
          proposal: isTelling ? null : models.proposal,
        };
      }),
    estimate: (subjects) => estimateSubjects(ground, subjects),
    list: () => ({
      models: models.views(),
      completions: totalOf(fold.rows),
      nextTrainingAt: nextTrainingAt(schedule.trainedAt),
      absent: null,
      training: schedule.isTrainingNow || schedule.running?.isOver === false,
    }),
    train: () => trainNow(ground, inTurn),
    evaluate: (version) => evaluateVersion(ground, version),
    bring: (brought) => acceptBrought(brought, { models, fold, inTurn, entry, say }),
    close: () => inTurn(() => models.close()),
  };
}

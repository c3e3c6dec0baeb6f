/** What is asked of the predictor apart from what it is told: estimates, trainings, measurements. */
import type { EstimateSubject, ModelEvaluation, ModelView } from "../../core/prediction.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { Estimate } from "../../core/views.js";
import { firstBehind, sliceOf, totalOf, windowOf } from "../../models/pure/rows.js";
import { estimateOf, foreseeSubject } from "../../models/pure/serving-fold.js";
import { batchMax, breathe, type Ground, sayForeseen } from "./telling.js";
import { manifestOf, measure, rowsMax, rowsMin, sliceMin, trainOn } from "./training.js";
import type { InTurn } from "./turns.js";

const evaluatedMax = 2_000;

/** On the subjects' workers. */
export async function estimateSubjects(
  ground: Ground,
  subjects: readonly EstimateSubject[],
): Promise<readonly Estimate[]> {
  const { fold } = ground;
  const estimates: Estimate[] = [];
  for (let from = 0; from < subjects.length; from += batchMax) {
    const { sequence } = fold;
    const told = subjects.slice(from, from + batchMax).map((subject) => ({ sequence, subject }));
    const foreseen = told.map(({ subject }) =>
      foreseeSubject(fold, subject, subject.submittedAtMs),
    );
    const said = await sayForeseen(ground, told, foreseen, "active");
    said.forEach((one, place) => {
      const speed = told[place]?.subject.workerSpeed ?? 1;
      estimates.push(onWorker(estimateOf(one), speed));
    });
    await breathe();
  }
  return estimates;
}

/** On all rows but the newest tenth, on which it is measured. */
export async function trainNow(ground: Ground, inTurn: InTurn): Promise<Result<ModelView>> {
  const { fold, models, schedule, say } = ground;
  const total = totalOf(fold.rows);
  if (total < rowsMin) return tooFew("a training", rowsMin, total);
  if (schedule.isTrainingNow) return fail("failed_precondition", "a training runs already");
  schedule.isTrainingNow = true;
  try {
    const remembered = Math.min(total, rowsMax);
    const upTo = total - Math.max(sliceMin, Math.ceil(remembered / 10));
    const slice = sliceOf(fold.rows, 0, upTo);
    const window = windowOf(fold.rows, 0, upTo);
    const trained = await trainOn(schedule, slice, say);
    if (trained === null) return fail("internal", "the training has failed: see the planner's log");
    return await inTurn(async () => {
      const entered = { sequence: fold.sequence, atMs: fold.nowMs };
      const manifest = manifestOf(schedule, trained, window, slice.rows, entered);
      const known = models.bySha256(manifest.sha256);
      const version = known ?? (await models.add(manifest, trained.model));
      if (known === null) {
        const measured = await measure(models, version, fold.rows, upTo);
        await models.enterMeasured(version, measured, entered);
      }
      return ok(models.view(version, models.manifests.get(version) ?? manifest));
    });
  } finally {
    schedule.isTrainingNow = false;
  }
}

/** On the newest rows, if there are enough on those that it was not trained on. */
export async function evaluateVersion(
  { fold, models }: Ground,
  version: string,
): Promise<Result<ModelEvaluation>> {
  const manifest = models.manifests.get(version);
  if (manifest === undefined) return fail("not_found", `there is no model version "${version}"`);
  const total = totalOf(fold.rows);
  if (total < sliceMin) return tooFew("an evaluation", sliceMin, total);
  const unseen = firstBehind(fold.rows, manifest.window.last);
  const newest = Math.max(0, total - evaluatedMax);
  const from = total - unseen >= sliceMin ? Math.max(unseen, newest) : newest;
  const measured = await measure(models, version, fold.rows, from);
  if (typeof measured === "string") return fail("failed_precondition", measured);
  return ok({ model: models.view(version, manifest), metrics: measured.offline });
}

function tooFew(what: string, needed: number, there: number): Result<never> {
  const message = `${what} needs ${needed} successful runs that were foreseen, but there are ${there}`;
  return fail("failed_precondition", message, [{ field: "completions", message, limit: needed }]);
}

const onWorker = (estimate: Estimate, speed: number): Estimate => ({
  ...estimate,
  p50Ms: Math.ceil(estimate.p50Ms / speed),
  p90Ms: Math.ceil(estimate.p90Ms / speed),
});

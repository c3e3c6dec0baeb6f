/**
 * Candidates that no training has just brought: what is shipped, what somebody brought, and after a
 * start what was there before. Each enters when the history has come to where it entered, or where
 * enough is known to measure it.
 */
import { totalOf } from "../../models/pure/rows.js";
import type { ServingFold } from "../../models/pure/serving-fold.js";
import { type ModelService, schemaSha256 } from "./service.js";
import { measure } from "./training.js";

/** Completions before a model that was made elsewhere is measured. */
const measuredAt = 100;
const measuredOnMax = 2_000;

/** After each row; true: what is served has changed by it. */
export async function enterCandidates(models: ModelService, fold: ServingFold): Promise<boolean> {
  for (const [version, manifest] of models.manifests) {
    const { entered, offline, activeThen = null } = manifest;
    if (models.isEntered(version) || !models.hasCome(version)) continue;
    if (manifest.io === undefined && manifest.schemaSha256 !== schemaSha256) {
      models.retire(version, "made for other features");
    } else if (models.isOutdated(version)) {
      models.retire(version, "replaced");
    } else if (offline === undefined) await enterIfKnown(models, fold, version);
    else await models.enterMeasured(version, { offline, active: activeThen }, entered);
  }
  return await models.chooseAwaited();
}

/** Measures a version and takes it through the first gate, if enough is known; else it waits. */
export async function enterIfKnown(
  models: ModelService,
  fold: ServingFold,
  version: string,
): Promise<void> {
  const total = totalOf(fold.rows);
  if (total < measuredAt) return;
  const from = Math.max(0, total - measuredOnMax);
  const measured = await measure(models, version, fold.rows, from);
  await models.enterMeasured(version, measured, { sequence: fold.sequence, atMs: fold.nowMs });
}

/** The model that is shipped, from synthetic workloads alone: the same bytes wherever it is made. */
import type { Manifest } from "../../models/manifest.js";
import { type BoostSettings, boostDefaults } from "../../models/pure/boost.js";
import { schemaText } from "../../models/pure/features.js";
import { train } from "../../models/pure/training.js";
import { sha256Of } from "../../models/registry.js";
import { syntheticRows } from "./workloads.js";

/** Clusters that it learns from; those that it is measured on have other seeds. */
export const starterSeeds = [11, 12, 13, 14, 15, 16, 17, 18];
export const starterRows = 10_000;
const settings: BoostSettings = { ...boostDefaults, trees: 60, depthMax: 5, learningRate: 0.1 };

export interface Starter {
  readonly model: Uint8Array;
  readonly manifest: Manifest;
}

export function trainStarter(): Starter {
  const { forest, model } = train({ ...syntheticRows(starterSeeds, starterRows), settings });
  return {
    model,
    manifest: {
      version: 1,
      line: "starter",
      sha256: sha256Of(model),
      modelBytes: model.length,
      schemaSha256: sha256Of(schemaText),
      features: forest.features,
      outputs: forest.targets,
      state: "candidate",
      reason: "shipped; trained on synthetic workloads",
      origin: "synthetic",
      licence: "Apache-2.0",
      seed: settings.seed,
      rows: starterRows,
      window: { first: 0, last: 0 },
      trainedAtMs: 0,
      entered: { sequence: 0, atMs: 0 },
    },
  };
}

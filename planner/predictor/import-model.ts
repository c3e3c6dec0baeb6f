/** Takes in a model that somebody has brought: read, tried in a process of its own, then stored. */
import type { BroughtModel, ModelView } from "../../core/prediction.js";
import { fail, ok, type Result } from "../../core/result.js";
import { type Manifest, ModelFailure, parseJson } from "../../models/manifest.js";
import { broughtManifestSchema } from "../../models/model-io.js";
import type { ServingFold } from "../../models/pure/serving-fold.js";
import { sha256Of } from "../../models/registry.js";
import { validateModel } from "../../models/validate/validate.js";
import { enterIfKnown } from "./candidates.js";
import type { Say } from "./say.js";
import { type ModelService, schemaSha256 } from "./service.js";
import type { InTurn } from "./turns.js";

/** On disk at once, retired ones aside. */
const broughtMax = 16;

interface Desk {
  readonly models: ModelService;
  readonly fold: ServingFold;
  readonly inTurn: InTurn;
  /** File of the bundled `models/validate/main`. */
  readonly entry: string;
  readonly say: Say;
}

export async function acceptBrought(
  { model, manifest: text }: BroughtModel,
  { models, fold, inTurn, entry, say }: Desk,
): Promise<Result<ModelView>> {
  const brought = readManifest(text);
  if (!brought.ok) return brought;
  const { name, licence, ...io } = brought.value;
  const sha256 = sha256Of(model);
  const known = models.bySha256(sha256);
  if (known !== null) return fail("already_exists", `this model is here as version ${known}`);
  const standing = models
    .views()
    .filter((view) => view.origin === "brought" && view.state !== "retired");
  if (standing.length >= broughtMax) {
    const message = `at most ${broughtMax} brought models that are not retired`;
    return fail("limit_exceeded", message, [{ field: "model", message, limit: broughtMax }]);
  }
  const tried = await validateModel({ model, io }, { entry });
  if (!tried.ok) return tried;
  say("info", "a brought model has passed its trial", { name, sha256, ...tried.value });
  return await inTurn(async () => {
    const manifest: Manifest = {
      version: 1,
      line: `brought ${name}`,
      sha256,
      modelBytes: model.length,
      schemaSha256,
      features: io.inputs.reduce((sum, { features }) => sum + features.length, 0),
      outputs: io.outputs.length,
      io,
      state: "candidate",
      reason: "just brought",
      origin: "brought",
      licence,
      seed: 0,
      rows: 0,
      window: { first: 0, last: 0 },
      trainedAtMs: fold.nowMs,
      entered: { sequence: fold.sequence, atMs: fold.nowMs },
    };
    const version = await models.add(manifest, model);
    await enterIfKnown(models, fold, version);
    return ok(models.view(version, models.manifests.get(version) ?? manifest));
  });
}

function readManifest(text: string) {
  try {
    return ok(parseJson(text, broughtManifestSchema, "manifest"));
  } catch (error) {
    if (!(error instanceof ModelFailure)) throw error;
    const { message } = error;
    return fail("invalid_argument", message, [{ field: "manifest", message }]);
  }
}

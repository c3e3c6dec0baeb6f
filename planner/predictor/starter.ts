/** The model that is shipped: a candidate like any other, that has to earn its service. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseManifest } from "../../models/manifest.js";
import { sha256Of } from "../../models/registry.js";
import { messageOf, type Say } from "./say.js";
import { type ModelService, schemaSha256 } from "./service.js";

/** Adds it where it is not there yet; without it, or where it was made for other features, goes on. */
export async function addStarter(models: ModelService, folder: string, say: Say): Promise<void> {
  try {
    const model = await readFile(join(folder, "model.onnx"));
    const manifest = parseManifest(await readFile(join(folder, "manifest.json"), "utf8"));
    if (models.bySha256(sha256Of(model)) !== null) return;
    if (manifest.schemaSha256 !== schemaSha256) {
      say("warn", "the shipped model was made for other features", {});
      return;
    }
    await models.add(manifest, model);
  } catch (error) {
    say("warn", "the shipped model cannot be used", { error: messageOf(error) });
  }
}

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseJson } from "../../models/manifest.js";
import { broughtManifestSchema } from "../../models/model-io.js";
import { featureCount, featureNames } from "../../models/pure/features.js";
import { openModel } from "../../models/session.js";
import { type Bundles, bundle } from "../../test/support/bundle.js";
import { createEngine } from "./engine.js";

const example = new URL("../../examples/models/", import.meta.url);
const model = new Uint8Array(readFileSync(new URL("runs.onnx", example)));
const manifest = readFileSync(new URL("runs.json", example), "utf8");

const scratch = mkdtempSync(join(tmpdir(), "almanac-example-"));
let bundles: Bundles;
beforeAll(async () => {
  bundles = await bundle("models/train-thread.ts", "models/validate/main.ts");
});
afterAll(() => {
  bundles.remove();
  rmSync(scratch, { recursive: true, force: true });
});

describe("the example of a model that was made elsewhere", () => {
  it("passes its trial and is a candidate", async () => {
    const engine = await createEngine({
      directory: scratch,
      starter: null,
      trainEntry: bundles.entry("models/train-thread.ts"),
      validateEntry: bundles.entry("models/validate/main.ts"),
      say: () => undefined,
    });
    expect(await engine.bring({ model, manifest })).toMatchObject({
      ok: true,
      value: { origin: "brought", state: "candidate", features: 3, licence: "Apache-2.0" },
    });
    await engine.close();
  });

  it("says what the runs that it was made of say", async () => {
    const {
      name: _name,
      licence: _licence,
      ...io
    } = parseJson(manifest, broughtManifestSchema, "runs.json");
    const session = await openModel(model, io);
    const row = new Float32Array(featureCount).fill(Number.NaN);
    const logBytes = Math.log(1e8);
    const expected = 2 + 0.5 * logBytes - 0.6 * Math.log(4);
    row[featureNames.indexOf("log_input_bytes")] = logBytes;
    row[featureNames.indexOf("log_cpus")] = Math.log(4);
    row[featureNames.indexOf("log_blend")] = expected;
    const [words] = await session.words(row, 1);
    await session.release();
    expect(Math.abs((words?.logP50 ?? 0) - expected)).toBeLessThan(0.3);
    expect(words?.logP90).toBeGreaterThan(words?.logP50 ?? 0);
  });
});

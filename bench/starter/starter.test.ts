import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { parseManifest } from "../../models/manifest.js";
import { sha256Of } from "../../models/registry.js";
import { trainStarter } from "./train.js";
import { syntheticRows } from "./workloads.js";

const shipped = new URL("../../models/starter/", import.meta.url);

describe("the model that is shipped", () => {
  it("is what its manifest says, and what training it again gives, byte for byte", async () => {
    const model = await readFile(new URL("model.onnx", shipped));
    const text = await readFile(new URL("manifest.json", shipped), "utf8");
    const made = trainStarter();
    expect(sha256Of(model)).toBe(made.manifest.sha256);
    expect(parseManifest(text)).toEqual(made.manifest);
  }, 120_000);

  it("is honest: of synthetic workloads, a candidate, and without a figure of any real cluster", async () => {
    const text = await readFile(new URL("manifest.json", shipped), "utf8");
    const manifest = parseManifest(text);
    expect(manifest).toMatchObject({ origin: "synthetic", state: "candidate" });
    expect(manifest.offline).toBeUndefined();
  });

  it("is made of rows that know no name, and of the same ones for the same seed", () => {
    const [one, other] = [syntheticRows([5], 300), syntheticRows([5], 300)];
    expect(one).toEqual(other);
    expect(syntheticRows([6], 300).logMs).not.toEqual(one.logMs);
    expect(one.logMs.every((log) => log >= Math.log(10) - 1e-3 && log < 20)).toBe(true);
  });
});

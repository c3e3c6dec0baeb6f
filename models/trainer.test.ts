import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../core/random.js";
import { boostDefaults } from "./pure/boost.js";
import { featureCount } from "./pure/features.js";
import { type TrainingRequest, train } from "./pure/training.js";
import { trainInThread } from "./trainer.js";

const folder = mkdtempSync(join(tmpdir(), "almanac-trainer-"));
const entry = join(folder, "train-thread.mjs");
const options = { entry, timeoutMs: 60_000, memoryMiBMax: 512 };

beforeAll(async () => {
  const here = dirname(fileURLToPath(import.meta.url));
  await build({
    entryPoints: [join(here, "train-thread.ts")],
    outfile: entry,
    bundle: true,
    format: "esm",
    platform: "node",
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("training in a thread", () => {
  it("gives the bytes that training beside it gives", async () => {
    const request = drawn(300, 20);
    const inThread = await trainInThread(request, options);
    expect(inThread.model).toEqual(train(request).model);
  });

  it("leaves the event loop free", async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    await trainInThread(drawn(2_000, 60), options);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(10);
  });

  it("fails alone: no rows, and no time", async () => {
    await expect(trainInThread(drawn(0, 20), options)).rejects.toThrow("no rows");
    const slow = trainInThread(drawn(5_000, 400), { ...options, timeoutMs: 50 });
    await expect(slow).rejects.toThrow("longer than 50 ms");
  });
});

function drawn(rows: number, trees: number): TrainingRequest {
  const random = seededRandom(4);
  return {
    rows,
    matrix: Float32Array.from({ length: rows * featureCount }, random),
    logMs: Float32Array.from({ length: rows }, () => 5 + 3 * random()),
    settings: { ...boostDefaults, trees },
  };
}

/** The same history and the same seed: the same model, byte for byte, and the same estimates. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../core/random.js";
import { boostDefaults } from "../../models/pure/boost.js";
import { addExample, createExamples, newestRows } from "../../models/pure/examples.js";
import { type TrainingRequest, train } from "../../models/pure/training.js";
import { trainInThread } from "../../models/trainer.js";
import { createLearner } from "./models.js";
import { type Method, replay } from "./replay.js";
import { served } from "./served.js";
import { type Trace, traceBuilder } from "./trace.js";

const folder = mkdtempSync(join(tmpdir(), "almanac-determinism-"));
const entry = join(folder, "train-thread.mjs");
const settings = { ...boostDefaults, trees: 30 };

beforeAll(async () => {
  await build({
    entryPoints: [resolve(import.meta.dirname, "../../models/train-thread.ts")],
    outfile: entry,
    bundle: true,
    format: "esm",
    platform: "node",
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the same history and seed", () => {
  it("give the same estimates and the same model, in a thread as well", async () => {
    const [first, second] = [told(drawn(900), 1), told(drawn(900), 1)];
    expect(first.promotions).toBeGreaterThan(0);
    expect(second.estimates).toBe(first.estimates);
    const model = sha256(train(first.request).model);
    expect(sha256(train(second.request).model)).toBe(model);
    const options = { entry, timeoutMs: 60_000, memoryMiBMax: 512 };
    expect(sha256((await trainInThread(first.request, options)).model)).toBe(model);
  });

  it("estimate the beginning of a history alike, whatever comes later", () => {
    const [prefix, whole] = [told(drawn(700), 1), told(drawn(900), 1)];
    expect(whole.said.subarray(0, 2 * 700)).toEqual(prefix.said);
  });

  it("are needed both: another seed is another model, and says other things", () => {
    const [first, other] = [told(drawn(900), 1), told(drawn(900), 2)];
    expect(sha256(train(other.request).model)).not.toBe(sha256(train(first.request).model));
    expect(other.estimates).not.toBe(first.estimates);
  });
});

/** Every estimate of a replay, with its trainings, and a training on all that was seen. */
function told(trace: Trace, seed: number) {
  const examples = createExamples(trace.rows);
  const said = new Float64Array(2 * trace.rows);
  const learner = createLearner({ ...settings, seed }, { growth: 1.25, runsMax: 500 });
  const ours = served(trace, learner);
  const witness: Method = {
    name: "witness",
    predict(moment) {
      const found = ours.predict(moment);
      said.set([found?.p50Ms ?? Number.NaN, found?.p90Ms ?? Number.NaN], 2 * moment.row);
      return found;
    },
    observe(ended) {
      addExample(examples, ended.features, ended.durationMs);
      ours.observe(ended);
    },
  };
  replay(trace, [witness]);
  const request: TrainingRequest = {
    ...newestRows(examples, trace.rows),
    settings: { ...settings, seed },
  };
  const promotions = ours.deeds.filter(({ kind }) => kind === "promote").length;
  return { said, estimates: sha256(new Uint8Array(said.buffer)), request, promotions };
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Durations follow the cores that are asked for, which no group tells: a model is worth it. */
function drawn(rows: number): Trace {
  const random = seededRandom(9);
  const builder = traceBuilder("drawn");
  for (let row = 0; row < rows; row++) {
    const cpus = 1 + Math.floor(random() * 64);
    const kind = `kind ${Math.floor(random() * 3)}`;
    builder.add({
      submitAtMs: row * 1_000,
      startAtMs: row * 1_000 + Math.floor(random() * 500),
      durationMs: 500 * cpus * (0.9 + 0.2 * random()),
      succeeded: true,
      cpus,
      user: kind,
      groups: [`${kind} ${row}`, kind, kind, "owner", "all"],
    });
  }
  return builder.build();
}

/** Golden pages of models; read them when they change. */
import { describe, expect, it } from "vitest";
import type { ModelMetrics, ModelView } from "../../core/prediction.js";
import { modelJson, modelListJson, renderEvaluation, renderModel, renderModels } from "./models.js";
import { submittedAtMs } from "./testing/fixtures.js";
import { expectRendering } from "./testing/laws.js";

const metrics = (rows: number, meanLogError: number): ModelMetrics => ({
  ...{ rows, meanLogError, statisticsMeanLogError: 0.5 },
  ...{ pinball50: meanLogError / 2, statisticsPinball50: 0.25 },
  ...{ pinball90: meanLogError / 4, statisticsPinball90: 0.125, coverage90: 0.896 },
});

const model = (version: string, change: Partial<ModelView>): ModelView => ({
  ...{ version, state: "candidate", origin: "history", licence: "", pinned: false, reason: "" },
  ...{ sha256: "5a".repeat(32), modelBytes: 290_000, features: 67, rows: 1_630, seed: 7 },
  ...{ trainedAtMs: submittedAtMs - 60_000, offline: metrics(163, 0.47), live: null },
  ...change,
});

const starter = model("starter", {
  ...{ state: "retired", origin: "synthetic", licence: "Apache-2.0" },
  ...{ trainedAtMs: 0, offline: null, reason: "failed gate 1: loses 4.2 % more than statistics" },
});
const served = model("7", {
  ...{ state: "active", pinned: true, live: metrics(2_410, 0.41) },
  reason: "promoted by ana",
});
const list = {
  ...{ models: [starter, model("6", {}), served], completions: 1_712, nextTrainingAt: 2_038 },
  ...{ training: false, absent: null },
};

describe("models", () => {
  it.each([80, 120])("are listed beside statistics on the same runs, at %d columns", (width) =>
    expectRendering((screen) => renderModels(list, screen), submittedAtMs, {
      ...{ name: `models-${width}`, width },
    }),
  );

  it("are missed where the chosen one is not with the planner", () =>
    expectRendering(
      (screen) =>
        renderModels(
          { ...list, models: [starter], absent: { version: "9", sha256: "9c".repeat(32) } },
          screen,
        ),
      submittedAtMs,
      { name: "models-absent-120", width: 120 },
    ));

  it("are shown one by one, on trial and in use", () =>
    expectRendering((screen) => renderModel(served, screen), submittedAtMs, {
      ...{ name: "model-120", width: 120 },
    }));

  it("are evaluated in one line", () =>
    expectRendering(
      (screen) => renderEvaluation({ model: served, metrics: metrics(500, 0.4) }, screen),
      submittedAtMs,
      { name: "model-evaluation-120", width: 120 },
    ));

  it("that are not there yet are no error", () =>
    expectRendering(
      (screen) => renderModels({ ...list, models: [], training: true }, screen),
      submittedAtMs,
      { name: "models-none-80", width: 80 },
    ));

  it("are the same in JSON, with instants in UTC", () => {
    expect(modelJson(starter)).toMatchObject({
      ...{ version: "starter", state: "retired", offline: null, licence: "Apache-2.0" },
      trainedAt: null,
    });
    expect(modelJson(served).trainedAt).toBe(new Date(served.trainedAtMs).toISOString());
    expect(modelListJson(list)).toMatchObject({ completions: 1_712, nextTrainingAt: 2_038 });
  });
});

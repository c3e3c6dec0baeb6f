/** The predictor as people and other programs meet it: models through a real master, and dry runs. */
import type { sendUnaryData } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { unwrap } from "../cli/failure.js";
import type { ModelMetrics, ModelView } from "../core/prediction.js";
import { fail } from "../core/result.js";
import { job, template } from "../core/testing/jobs.js";
import {
  type ScriptedPlanner,
  startScriptedPlanner,
} from "../master/shell/testing/scripted-planner.js";
import { toServiceError } from "../proto/codec/errors.js";
import {
  encodeEstimateResponse,
  encodeEvaluation,
  encodeModelAnswer,
  encodeModelList,
} from "../proto/codec/prediction.js";
import { type TestMaster, testMaster } from "./support/master.js";

const metrics: ModelMetrics = {
  ...{ rows: 900, meanLogError: 0.4, pinball50: 0.2, pinball90: 0.1, coverage90: 0.9 },
  ...{ statisticsMeanLogError: 0.5, statisticsPinball50: 0.25, statisticsPinball90: 0.12 },
};
const model = (version: string, state: ModelView["state"]): ModelView => ({
  ...{ version, state, origin: "history", licence: "", sha256: version.slice(1).repeat(64) },
  ...{ modelBytes: 4_096, features: 40, rows: 2_000, seed: 7, trainedAtMs: 1_800_000_000_000 },
  ...{ offline: metrics, live: null, pinned: false, reason: "as it came" },
});

let models: ModelView[];
let planner: ScriptedPlanner;
let master: TestMaster;

beforeEach(async () => {
  models = [model("v1", "active"), model("v2", "candidate")];
  planner = await startScriptedPlanner({
    others: {
      estimate: (call, callback) => {
        const estimate = { p50Ms: 90_000, p90Ms: 120_000, source: "model" as const, confidence: 1 };
        callback(null, encodeEstimateResponse(call.request.subjects.map(() => estimate)));
      },
      listModels: (_call, callback) =>
        callback(
          null,
          encodeModelList({
            ...{ models, completions: 12, nextTrainingAt: 200 },
            ...{ training: false, absent: null },
          }),
        ),
      trainModel: (_call, callback) => callback(null, encodeModelAnswer(model("v3", "candidate"))),
      evaluateModel: ({ request: { version } }, callback) => {
        const found = models.find((one) => one.version === version);
        if (found === undefined) refuse(callback, `no model ${version}`);
        else callback(null, encodeEvaluation({ model: found, metrics }));
      },
      importModel: ({ request }, callback) =>
        request.manifest.startsWith("{")
          ? callback(null, encodeModelAnswer({ ...model("v4", "candidate"), origin: "brought" }))
          : refuse(callback, "the manifest is no JSON"),
    },
  });
  master = await testMaster({}, { plannerAddress: planner.address });
});

afterEach(async () => {
  await master[Symbol.asyncDispose]();
  await planner[Symbol.asyncDispose]();
});

const refuse = (callback: sendUnaryData<never>, message: string): void =>
  callback(toServiceError(fail("not_found", message).error));

const shown = async () =>
  unwrap(await master.client.models()).models.map(
    ({ version, state, pinned }) => `${version} ${state}${pinned ? " pinned" : ""}`,
  );

describe("models through a master", () => {
  it("are listed as the planner keeps them, and served as the journal says", async () => {
    expect(await shown()).toEqual(["v1 active", "v2 candidate"]);
    expect(unwrap(await master.client.promoteModel("v2", true))).toMatchObject({
      ...{ version: "v2", state: "active", pinned: true, reason: /^promoted by / },
    });
    expect(await shown()).toEqual(["v1 retired", "v2 active pinned"]);
    const told = () => planner.told.map(({ what }) => what);
    await expect
      .poll(told)
      .toEqual([{ kind: "chosen", choice: { sha256: "2".repeat(64), pinned: true } }]);
    expect(unwrap(await master.client.promoteModel(null, false))).toBeNull();
    expect(await shown()).toEqual(["v1 retired", "v2 candidate"]);
  });

  it("say so where the one that is to be served is not with this planner", async () => {
    const absent = async () => unwrap(await master.client.models()).absent;
    unwrap(await master.client.promoteModel("v2", false));
    expect(await absent()).toBeNull();
    models.pop();
    expect(await absent()).toEqual({ version: "v2", sha256: "2".repeat(64) });
  });

  it("that are not there cannot be promoted, and nothing is changed by it", async () => {
    const before = unwrap(await master.client.status()).sequence;
    expect(await master.client.promoteModel("v9", false)).toMatchObject({
      error: {
        ...{ code: "not_found", message: "no model has the version v9: there are v1, v2" },
        violations: [{ field: "version" }],
      },
    });
    expect(await master.client.promoteModel("v".repeat(10_000), false)).toMatchObject({
      error: { code: "limit_exceeded", violations: [{ field: "version" }] },
    });
    expect(unwrap(await master.client.status()).sequence).toBe(before);
  });

  it("are trained, evaluated and brought, and what the planner refuses is passed on", async () => {
    expect(unwrap(await master.client.trainModel()).version).toBe("v3");
    expect(unwrap(await master.client.evaluateModel("v1")).metrics).toEqual(metrics);
    expect(await master.client.evaluateModel("v9")).toMatchObject({
      error: { code: "not_found", message: "no model v9" },
    });
    const brought = { model: Buffer.from("onnx"), manifest: "{}" };
    expect(unwrap(await master.client.importModel(brought)).origin).toBe("brought");
    const noJson = { ...brought, manifest: "?" };
    expect(await master.client.importModel(noJson)).toMatchObject({ error: { code: "not_found" } });
    expect(await master.client.importModel({ ...brought, model: Buffer.alloc(0) })).toMatchObject({
      error: { code: "invalid_argument", violations: [{ field: "model" }] },
    });
  });

  it("are not to be had while the planner is away; statistics alone can still be chosen", async () => {
    await planner[Symbol.asyncDispose]();
    expect(await master.client.models()).toMatchObject({
      error: { code: "failed_precondition", message: /the planner cannot be reached/ },
    });
    expect(unwrap(await master.client.promoteModel(null, true))).toBeNull();
  });
});

describe("a dry run", () => {
  const spec = job([template("one", { estimate: null })]);
  const dryRun = async () => {
    const submission = { spec, idempotencyKey: "", dryRun: true };
    return unwrap(await master.client.submit(submission)).forecast?.tasks[0]?.estimate;
  };
  const connected = async () => unwrap(await master.client.status()).planner.state;

  it("says what the predictor foresees of a job that nobody has submitted", async () => {
    await expect.poll(connected).toBe("connected");
    expect(await dryRun()).toEqual({
      ...{ p50Ms: 90_000, p90Ms: 120_000, source: "model", confidence: 1 },
    });
  });

  it("says what statistics do where the predictor does not answer at once", async () => {
    await expect.poll(connected).toBe("connected");
    await planner[Symbol.asyncDispose]();
    const beganMs = performance.now();
    expect((await dryRun())?.source).toBe("unknown");
    expect(performance.now() - beganMs).toBeLessThan(1_000);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Completion,
  type EstimateSubject,
  type HistoryRecord,
  type ModelMetrics,
  type ModelView,
  modelOrigins,
  modelStates,
  predictionLimits,
} from "../../core/prediction.js";
import { ok } from "../../core/result.js";
import * as wire from "../gen/almanac/v1/planner.js";
import {
  decodeEstimateRequest,
  decodeEstimateResponse,
  decodeEvaluation,
  decodeHistoryAnswer,
  decodeHistoryRequest,
  decodeImport,
  decodeModelAnswer,
  decodeModelList,
  encodeEstimateRequest,
  encodeEstimateResponse,
  encodeEvaluation,
  encodeHistoryAnswer,
  encodeHistoryRequest,
  encodeImport,
  encodeModelAnswer,
  encodeModelList,
} from "./prediction.js";
import * as any from "./testing/arbitraries.js";
import { anyEstimate } from "./testing/jobs.js";
import { fieldsOf, survives, throughWire } from "./testing/wire.js";

const groups = fc.array(any.name, { maxLength: predictionLimits.groupsPerSubject });
const workerSpeed = fc.double({ min: 0.01, max: 100, noNaN: true });
const positiveOrNull = fc.option(any.positive, { nil: null });
const subject: fc.Arbitrary<EstimateSubject> = fc.record({
  key: any.name,
  groups,
  resources: any.resources,
  workerSpeed,
  submittedAtMs: any.count,
  timeoutMs: positiveOrNull,
  userEstimateMs: positiveOrNull,
  priority: fc.integer(),
  inputBytes: any.countOrNull,
  inputFiles: fc.nat(1_000),
  image: any.text,
  principal: any.text,
});
const run: fc.Arbitrary<Completion> = fc.record({
  key: any.name,
  groups,
  durationMs: any.count,
  workerSpeed,
  succeeded: any.flag,
  launchedSequence: any.count,
  endedAtMs: any.count,
  peakMemoryBytes: positiveOrNull,
});
const sha256 = fc.stringMatching(/^[0-9a-f]{64}$/);
const choice = fc.record({ sha256: fc.option(sha256, { nil: null }), pinned: any.flag });
const record: fc.Arbitrary<HistoryRecord> = fc.record({
  sequence: any.positive,
  what: fc.oneof(
    fc.record({ kind: fc.constant("foreseen" as const), subject }),
    fc.record({ kind: fc.constant("ended" as const), run }),
    fc.record({ kind: fc.constant("chosen" as const), choice }),
  ),
});
const metrics: fc.Arbitrary<ModelMetrics> = fc.record({
  rows: any.count,
  meanLogError: any.amount,
  pinball50: any.amount,
  pinball90: any.amount,
  coverage90: any.amount,
  statisticsMeanLogError: any.amount,
  statisticsPinball50: any.amount,
  statisticsPinball90: any.amount,
});
const model: fc.Arbitrary<ModelView> = fc.record({
  version: any.name,
  sha256,
  state: fc.constantFrom(...modelStates),
  origin: fc.constantFrom(...modelOrigins),
  licence: any.text,
  modelBytes: any.count,
  features: fc.nat(1_000),
  rows: any.count,
  seed: fc.integer(),
  trainedAtMs: any.count,
  offline: fc.option(metrics, { nil: null }),
  live: fc.option(metrics, { nil: null }),
  pinned: any.flag,
  reason: any.text,
});

describe("master and predictor understand each other", () => {
  it("about what is asked and answered", () => {
    fc.assert(
      fc.property(fc.array(subject), fc.array(anyEstimate), (asked, answered) => {
        const request = throughWire(wire.EstimateRequest, encodeEstimateRequest(asked));
        expect(decodeEstimateRequest(request)).toEqual(ok(asked));
        const response = throughWire(wire.EstimateResponse, encodeEstimateResponse(answered));
        expect(decodeEstimateResponse(response, answered.length)).toEqual(ok(answered));
        expect(decodeEstimateResponse(response, answered.length + 1).ok).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  it("about what has happened, and what follows from it", () => {
    const answer = fc.record({
      sequence: any.count,
      revised: fc.array(fc.record({ key: any.name, estimate: anyEstimate })),
      proposal: fc.option(
        fc.record({
          sha256: fc.option(sha256, { nil: null }),
          version: any.text,
          reason: any.text,
        }),
        { nil: null },
      ),
    });
    fc.assert(
      fc.property(fc.array(record), answer, (told, answered) => {
        const request = throughWire(wire.HistoryRequest, encodeHistoryRequest(told));
        expect(decodeHistoryRequest(request)).toEqual(ok(told));
        const response = throughWire(wire.HistoryResponse, encodeHistoryAnswer(answered));
        expect(decodeHistoryAnswer(response)).toEqual(ok(answered));
      }),
      { numRuns: 50 },
    );
  });

  it("about models", () => {
    const models = fc.record({
      models: fc.array(model, { maxLength: 5 }),
      completions: any.count,
      nextTrainingAt: any.count,
      training: any.flag,
      absent: fc.option(fc.record({ version: fc.constantFrom("1", "starter"), sha256 })),
    });
    fc.assert(
      fc.property(models, model, metrics, (listed, one, measured) => {
        const list = throughWire(wire.ListModelsResponse, encodeModelList(listed));
        expect(decodeModelList(list)).toEqual(ok(listed));
        const trained = throughWire(wire.TrainModelResponse, encodeModelAnswer(one));
        expect(decodeModelAnswer(trained)).toEqual(ok(one));
        const evaluation = { model: one, metrics: measured };
        const evaluated = throughWire(wire.EvaluateModelResponse, encodeEvaluation(evaluation));
        expect(decodeEvaluation(evaluated)).toEqual(ok(evaluation));
      }),
      { numRuns: 50 },
    );
    const brought = { model: Uint8Array.of(1, 2, 3), manifest: "{}" };
    const read = decodeImport(throughWire(wire.ImportModelRequest, encodeImport(brought)));
    expect(read.ok && [...read.value.model]).toEqual([1, 2, 3]);
  });
});

describe("what is wrong is refused by the name of the field", () => {
  it("in a history", () => {
    const none = wire.Completion.decode(new Uint8Array(0));
    const wrong: wire.HistoryRequest = {
      completions: [],
      records: [
        { sequence: 0, kind: { $case: "chosen", value: { sha256: "x", pinned: false } } },
        { sequence: 1, kind: undefined },
        { sequence: 2, kind: { $case: "ended", value: { ...none, key: "a" } } },
      ],
    };
    expect(fieldsOf(decodeHistoryRequest(wrong))).toEqual([
      "records[0].sequence",
      "records[0].sha256",
      "records[1].kind",
      "records[2].workerSpeed",
    ]);
  });

  it("with the limit, where there is more than is read", () => {
    const subjects = Array.from({ length: predictionLimits.subjectsPerRequest + 1 }, () =>
      wire.EstimateSubject.decode(new Uint8Array(0)),
    );
    const refused = decodeEstimateRequest({ subjects });
    expect(refused.ok ? "" : refused.error.code).toBe("limit_exceeded");
    const empty = decodeImport({ model: Buffer.alloc(0), manifest: "{}" });
    expect(fieldsOf(empty)).toEqual(["model"]);
  });

  it("never by an exception, whatever the bytes", () => {
    let messages = 0;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const survived = [
          survives(wire.EstimateRequest, decodeEstimateRequest, bytes),
          survives(wire.HistoryRequest, decodeHistoryRequest, bytes),
          survives(wire.HistoryResponse, decodeHistoryAnswer, bytes),
          survives(wire.ListModelsResponse, decodeModelList, bytes),
          survives(wire.EvaluateModelResponse, decodeEvaluation, bytes),
        ];
        messages += survived.filter(Boolean).length;
      }),
      { numRuns: 2_000 },
    );
    expect(messages).toBeGreaterThan(100);
  });
});

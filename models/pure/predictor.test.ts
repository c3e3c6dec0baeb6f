import { describe, expect, it } from "vitest";
import { seededRandom } from "../../core/random.js";
import { emptyAlike, quantilesAlike, rememberAlike } from "./alike.js";
import { correction, createConformal, learnCoverage } from "./conformal.js";
import { expertNames, wordsOf } from "./experts.js";
import {
  anchorFeature,
  featureCount,
  featureNames,
  type Subject,
  writeFeatures,
} from "./features.js";
import { createHedge, hedgeDefaults, learnLosses, weightsOf } from "./hedge.js";
import { createPredictor, forecast, leaderOf, learnOutcome } from "./predictor.js";
import { emptyRunHistory, recordRun, summaryOf } from "./run-history.js";

const groups = ["a/1/x", "a/1", "a", "owner", "tenant"];
const nobody = new Float32Array(featureCount).fill(Number.NaN);

describe("features", () => {
  it("stand where their names say, NaN where nothing is known", () => {
    const row = new Float32Array(featureCount);
    writeFeatures(row, subject({ cpus: Math.E }), emptyRunHistory(), Number.NaN, 0);
    expect(row[featureNames.indexOf("log_cpus")]).toBeCloseTo(1, 6);
    expect(row[featureNames.indexOf("log_memory")]).toBeNaN();
    expect(row[featureNames.indexOf("log_median_0")]).toBeNaN();
    expect(row[featureNames.indexOf("log_runs_0")]).toBe(0);
    expect(row[anchorFeature]).toBeNaN();
    expect(new Set(featureNames).size).toBe(featureCount);
  });

  it("tell of each level what has become of its runs", () => {
    const history = emptyRunHistory();
    const end = { succeeded: true, atMs: 1_000, userEstimateMs: Number.NaN };
    recordRun(history, groups, { ...end, durationMs: 100 });
    recordRun(history, ["b", "tenant"], { ...end, durationMs: 900 });
    recordRun(history, ["b", "tenant"], { ...end, durationMs: 5, succeeded: false, atMs: 2_000 });
    const row = new Float32Array(featureCount);
    writeFeatures(row, subject({}), history, 300, 3_000);
    const value = (name: string): number => row[featureNames.indexOf(name)] ?? Number.NaN;
    expect(value("log_last_0")).toBeCloseTo(Math.log(100), 5);
    // Between the two, in logarithms; the failed run is no label.
    expect(value("log_median_4")).toBeCloseTo(Math.log(300), 5);
    expect(value("failure_share_0")).toBe(0);
    expect(value("failure_share_4")).toBeGreaterThan(0);
    expect(value("log_age_4")).toBeCloseTo(Math.log1p(2_000), 5);
    expect(row[anchorFeature]).toBeCloseTo(Math.log(300), 5);
  });
});

describe("weights of experts", () => {
  it("go to whoever loses least, in each context by itself", () => {
    const hedge = createHedge(2, hedgeDefaults);
    for (let run = 0; run < 200; run++) {
      learnLosses(hedge, ["kind a", "all"], [0.1, 0.9]);
      learnLosses(hedge, ["kind b", "all"], [0.9, 0.1]);
    }
    const both = Uint8Array.of(1, 1);
    expect(weightsOf(hedge, ["kind a", "all"], both)[0]).toBeGreaterThan(0.9);
    expect(weightsOf(hedge, ["kind b", "all"], both)[1]).toBeGreaterThan(0.9);
    // A kind never seen follows what is true of all: here, nothing.
    expect(weightsOf(hedge, ["kind c", "all"], both)[0]).toBeCloseTo(0.5, 1);
  });

  it("leave out who is silent, and add up to 1", () => {
    const hedge = createHedge(3, hedgeDefaults);
    learnLosses(hedge, ["all"], [0.5, Number.NaN, 0.1]);
    const weights = weightsOf(hedge, ["all"], Uint8Array.of(1, 0, 1));
    expect(weights[1]).toBe(0);
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
    expect([...weightsOf(hedge, ["all"], new Uint8Array(3))]).toEqual([0, 0, 0]);
  });
});

describe("what was answered last", () => {
  it("is answered anew once something was learnt", () => {
    const contexts = ["all"];
    const hedge = createHedge(2, hedgeDefaults);
    const lead = (): number => weightsOf(hedge, contexts, Uint8Array.of(1, 1))[0] ?? 0;
    expect(lead()).toBe(0.5);
    for (let run = 0; run < 50; run++) learnLosses(hedge, contexts, [0.9, 0.1]);
    expect(lead()).toBeLessThan(0.01);
    for (let run = 0; run < 500; run++) learnLosses(hedge, contexts, [0.1, 0.9]);
    expect(lead()).toBeGreaterThan(0.99);

    const alike = emptyAlike();
    const by = Float32Array.of(1);
    for (let run = 0; run < 3; run++) rememberAlike(alike, by, 5);
    expect(quantilesAlike(alike, by, [1])?.logP50).toBe(5);
    for (let run = 0; run < 9; run++) rememberAlike(alike, by, 8);
    expect(quantilesAlike(alike, by, [1])?.logP50).toBe(8);

    const history = emptyRunHistory();
    const end = { userEstimateMs: Number.NaN, succeeded: true, atMs: 0 };
    recordRun(history, ["a"], { ...end, durationMs: 100 });
    expect(summaryOf(history.everyone).logMedian).toBe(Math.log(100));
    for (let run = 0; run < 9; run++) recordRun(history, ["a"], { ...end, durationMs: 900 });
    expect(summaryOf(history.everyone)).toMatchObject({
      logMedian: Math.log(900),
      logRecent: Math.log(900),
      logRuns: Math.log1p(10),
    });
  });
});

describe("a corrected p90", () => {
  it("covers nine of ten, however wrong the claim and however it drifts", () => {
    const random = seededRandom(2);
    const conformal = createConformal();
    let covered = 0;
    const runs = 6_000;
    for (let run = 0; run < runs; run++) {
      // The claim is off by a factor that changes, and so is the noise.
      const drift = run < runs / 2 ? 1 : 3;
      const over = drift * (random() + random() - 0.2);
      const isCovered = over <= correction(conformal, groups, 0);
      if (isCovered) covered++;
      learnCoverage(conformal, groups, 0, over, isCovered);
    }
    expect(covered / runs).toBeGreaterThan(0.88);
    expect(covered / runs).toBeLessThan(0.92);
  });
});

describe("a forecast", () => {
  it("is not there where nobody knows anything", () => {
    expect(forecast(createPredictor(), nobody, groups, Number.NaN, null)).toBeNull();
  });

  it("holds a model that runs away near the blend, where the kind is known", () => {
    const blend = Math.log(1_000);
    const row = nobody.slice();
    const wild = { logP50: 50, logP90: 60, residualP50: -50, residualP90: 0 };
    const known = row.slice();
    known[featureNames.indexOf("log_median_2")] = Math.log(1_000);
    const model = expertNames.indexOf("model");
    expect(wordsOf(known, blend, wild)[model]).toBeCloseTo(Math.log(8_000), 5);
    expect(wordsOf(row, blend, wild)[model]).toBeCloseTo(Math.log(1_000_000), 5);
  });

  it("comes to follow the expert that is right, and never puts p90 below p50", () => {
    const predictor = createPredictor();
    const row = nobody.slice();
    row[featureNames.indexOf("log_median_2")] = Math.log(1_000);
    const right = {
      logP50: Math.log(4_000),
      logP90: Math.log(4_000),
      residualP50: 0,
      residualP90: 0,
    };
    for (let run = 0; run < 300; run++) {
      const made = forecast(predictor, row, groups, Math.log(1_000), right);
      if (made === null) throw new Error("nobody knows");
      expect(made.logP90).toBeGreaterThanOrEqual(made.logP50);
      learnOutcome(predictor, made, 4_000);
    }
    const last = forecast(predictor, row, groups, Math.log(1_000), right);
    expect(last === null ? "nobody" : leaderOf(last)).toBe("model");
    expect(Math.exp(last?.logP50 ?? 0)).toBeGreaterThan(3_900);
  });
});

function subject(known: Partial<Subject>): Subject {
  const unknown = Number.NaN;
  return {
    cpus: unknown,
    memoryBytes: unknown,
    gpus: unknown,
    timeoutMs: unknown,
    userEstimateMs: unknown,
    priority: unknown,
    attempt: unknown,
    arrayIndex: unknown,
    inputBytes: unknown,
    inputFiles: unknown,
    workerSpeed: unknown,
    workerCpus: unknown,
    workerGpus: unknown,
    image: "",
    user: "",
    groups,
    ...known,
  };
}

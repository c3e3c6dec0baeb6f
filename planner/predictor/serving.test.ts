import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EstimateSubject, HistoryAnswer, HistoryRecord } from "../../core/prediction.js";
import type { AlmanacError } from "../../core/result.js";
import type { Estimate } from "../../core/views.js";
import { boostDefaults } from "../../models/pure/boost.js";
import { fromServiceError } from "../../proto/codec/errors.js";
import {
  decodeEstimateResponse,
  decodeHistoryAnswer,
  decodeModelList,
  encodeEstimateRequest,
  encodeHistoryRequest,
  encodeImport,
} from "../../proto/codec/prediction.js";
import type { PlannerServiceClient } from "../../proto/codec/services.js";
import { type Bundles, bundle } from "../../test/support/bundle.js";
import { type Planner, startPlanner } from "../server.js";
import { dagProblem } from "../testing/dag-problem.js";
import { connect, orderOf, requestPlan } from "../testing/plan-client.js";
import { subjectNamed, toldHistory } from "../testing/told-history.js";

const scratch = mkdtempSync(join(tmpdir(), "almanac-serving-"));
let bundles: Bundles;
let planner: Planner;
let client: PlannerServiceClient;

const start = (dataDirectory: string | null): Promise<Planner> =>
  startPlanner({
    listen: "127.0.0.1:0",
    threads: 1,
    solverThreadEntry: bundles.entry("planner/solver-thread.ts"),
    predictor: {
      entry: bundles.entry("planner/predictor/main.ts"),
      trainEntry: bundles.entry("models/train-thread.ts"),
      validateEntry: bundles.entry("models/validate/main.ts"),
      starter: null,
      dataDirectory,
      training: { ...boostDefaults, trees: 20, depthMax: 3 },
      silentMsMax: 5_000,
      pauseMs: 200,
    },
    log: pino({ level: "silent" }),
  });

beforeAll(async () => {
  bundles = await bundle(
    "planner/solver-thread.ts",
    "planner/predictor/main.ts",
    "models/train-thread.ts",
    "models/validate/main.ts",
  );
  planner = await start(join(scratch, "planner"));
  client = connect(planner.address);
});
afterAll(async () => {
  client.close();
  await planner.stop();
  bundles.remove();
  rmSync(scratch, { recursive: true, force: true });
});

const ask = (subjects: readonly EstimateSubject[]): Promise<readonly Estimate[]> =>
  new Promise((resolve, reject) => {
    client.estimate(encodeEstimateRequest(subjects), (error, response) => {
      if (error !== null) return reject(fromServiceError(error));
      const decoded = decodeEstimateResponse(response, subjects.length);
      if (decoded.ok) resolve(decoded.value);
      else reject(decoded.error);
    });
  });

const tellOnce = (records: readonly HistoryRecord[]): Promise<HistoryAnswer> =>
  new Promise((resolve, reject) => {
    client.history(encodeHistoryRequest(records), (error, response) => {
      if (error !== null) return reject(fromServiceError(error));
      const decoded = decodeHistoryAnswer(response);
      if (decoded.ok) resolve(decoded.value);
      else reject(decoded.error);
    });
  });

/** As a master does: from where the predictor says that it stands, until it has all. */
async function tell(records: readonly HistoryRecord[]): Promise<HistoryAnswer[]> {
  const answers: HistoryAnswer[] = [];
  const last = records.at(-1)?.sequence ?? 0;
  let taken = 0;
  while (taken < last) {
    const next = records.filter(({ sequence }) => sequence > taken).slice(0, 200);
    const answer = await tellOnce(next);
    answers.push(answer);
    taken = answer.sequence;
  }
  return answers;
}

const until = async (what: () => boolean | Promise<boolean>): Promise<void> => {
  const lateAtMs = performance.now() + 20_000;
  while (!(await what())) {
    if (performance.now() > lateAtMs) throw new Error("waited for 20 s");
    await sleep(50);
  }
};

const records = toldHistory(120, 21);
const some = subjectNamed("", { timeoutMs: 40_000 });

describe("the predictor of a planner", () => {
  it("answers estimates, a thousand in one call", async () => {
    expect((await ask([some]))[0]?.source).toBe("unknown");
    await tell(records);
    const estimates = await ask(Array.from({ length: 1_000 }, () => some));
    expect(estimates).toHaveLength(1_000);
    expect(estimates[0]).toMatchObject({ source: "statistics" });
    expect(estimates[999]).toEqual(estimates[0]);
    expect(await ask([])).toEqual([]);
  });

  it("refuses what is no message, and what says what may not be, by name", async () => {
    await tell(records);
    const bad = { ...some, workerSpeed: -1 };
    await expect(ask([bad])).rejects.toMatchObject({ code: "invalid_argument" });
    const many = Array.from({ length: 1_001 }, () => some);
    await expect(ask(many)).rejects.toMatchObject({ code: "limit_exceeded" });
    const noise = new Promise((_resolve, reject) => {
      client.makeUnaryRequest(
        "/almanac.v1.PlannerService/History",
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        Buffer.from("fffefffefffe", "hex"),
        (error) => reject(fromServiceError(error)),
      );
    });
    await expect(noise).rejects.toMatchObject({ code: "invalid_argument" });
    expect((await ask([some]))[0]?.source).toBe("statistics");
  });

  it("is brought hostile models, and refuses them while it estimates", async () => {
    await tell(records);
    const bring = (model: Buffer, manifest: string): Promise<AlmanacError | null> =>
      new Promise((resolve) => {
        client.importModel(encodeImport({ model, manifest }), (error) =>
          resolve(error === null ? null : fromServiceError(error)),
        );
      });
    const manifest = readFileSync(new URL("../../examples/models/runs.json", import.meta.url));
    const whole = readFileSync(new URL("../../examples/models/runs.onnx", import.meta.url));
    const pid = planner.predictorPid();
    const hostile = [randomBytes(10_000), whole.subarray(0, whole.length / 2), Buffer.alloc(1)];
    for (const model of hostile) {
      const refused = bring(model, manifest.toString());
      expect((await ask([some]))[0]?.source).toBe("statistics");
      expect(await refused).toMatchObject({ code: "invalid_argument" });
    }
    expect(await bring(whole, "[]")).toMatchObject({ violations: [{ field: "manifest" }] });
    expect(await bring(Buffer.alloc(0), "{}")).toMatchObject({ code: "invalid_argument" });
    expect(planner.predictorPid()).toBe(pid);
  });

  it("may be killed: the planner plans and estimates on, and tells the master to tell it again", async () => {
    await tell(records);
    const pid = planner.predictorPid();
    const [before] = await ask([some]);
    process.kill(pid ?? 0, "SIGKILL");
    await until(() => planner.predictorPid() !== pid);
    expect((await ask([some]))[0]?.source).toBe("statistics");
    const { summary } = await requestPlan(client, dagProblem(3, 12), orderOf({ wallMs: 500 }))
      .outcome;
    expect(summary?.value).toBeLessThan(Number.POSITIVE_INFINITY);
    await until(() => planner.predictorPid() !== null);
    // Until it has been told again the planner's own statistics answer.
    expect((await ask([some]))[0]?.source).toBe("statistics");
    const more = toldHistory(2, 22, 241);
    const answers = await tell([...records, ...more].slice(-4));
    expect(answers[0]?.sequence).toBe(0);
    await tell([...records, ...more]);
    const [after] = await ask([some]);
    expect(after?.p50Ms).toBeGreaterThan((before?.p50Ms ?? 0) / 2);
    expect(after?.source).toBe("statistics");
  });

  it("may hang: it is replaced", async () => {
    await tell(records);
    const pid = planner.predictorPid();
    process.kill(pid ?? 0, "SIGSTOP");
    const beganAtMs = performance.now();
    expect((await ask([some]))[0]?.source).toBe("statistics");
    expect(performance.now() - beganAtMs).toBeLessThan(2_500);
    await until(() => {
      const now = planner.predictorPid();
      return now !== null && now !== pid;
    });
    expect(() => process.kill(pid ?? 0, 0)).toThrow();
  });

  it("keeps its models where the planner's data is, for one planner at a time", async () => {
    await tell(toldHistory(270, 23));
    const models = await new Promise<number>((resolve, reject) => {
      client.listModels({}, (error, response) => {
        if (error !== null) return reject(error);
        const decoded = decodeModelList(response);
        if (decoded.ok) resolve(decoded.value.models.length);
        else reject(decoded.error);
      });
    });
    expect(models).toBe(1);
    const directory = join(scratch, "planner", "models");
    expect(await readdir(directory)).toContain("1");
    const second = await start(join(scratch, "planner"));
    const other = connect(second.address);
    const theirs = await new Promise((resolve, reject) => {
      other.listModels({}, (error, response) =>
        error === null ? resolve(response.models) : reject(error),
      );
    });
    expect(theirs).toEqual([]);
    other.close();
    await second.stop();
  });

  it("goes with its planner", async () => {
    const brief = await start(null);
    const pid = brief.predictorPid();
    await brief.stop();
    expect(brief.predictorPid()).toBeNull();
    expect(() => process.kill(pid ?? 0, 0)).toThrow();
  });
});

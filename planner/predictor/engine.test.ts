import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HistoryAnswer, HistoryRecord, RevisedEstimate } from "../../core/prediction.js";
import { boostDefaults } from "../../models/pure/boost.js";
import { featureCount } from "../../models/pure/features.js";
import { sha256Of } from "../../models/registry.js";
import { onnxSketch } from "../../models/testing/onnx-bytes.js";
import { type Bundles, bundle } from "../../test/support/bundle.js";
import { runOf, subjectNamed, toldHistory } from "../testing/told-history.js";
import { createEngine, type Engine } from "./engine.js";
import { schemaSha256 } from "./service.js";

const scratch = mkdtempSync(join(tmpdir(), "almanac-engine-"));
let bundles: Bundles;
beforeAll(async () => {
  bundles = await bundle("models/train-thread.ts", "models/validate/main.ts");
});
afterAll(() => {
  bundles.remove();
  rmSync(scratch, { recursive: true, force: true });
});

interface Begun {
  readonly engine: Engine;
  readonly said: string[];
}

async function begin(name: string, starter: string | null = null): Promise<Begun> {
  const said: string[] = [];
  const engine = await createEngine({
    directory: join(scratch, name),
    starter,
    trainEntry: bundles.entry("models/train-thread.ts"),
    validateEntry: bundles.entry("models/validate/main.ts"),
    settings: { ...boostDefaults, trees: 40, depthMax: 4, learningRate: 0.2 },
    say: (_level, message) => said.push(message),
  });
  return { engine, said };
}

/** Tells it all in pieces. */
async function tell(
  engine: Engine,
  records: readonly HistoryRecord[],
  size: number,
): Promise<HistoryAnswer[]> {
  const answers: HistoryAnswer[] = [];
  for (let from = 0; from < records.length; from += size) {
    answers.push(await engine.take(records.slice(from, from + size)));
  }
  return answers;
}

const revisedIn = (answers: readonly HistoryAnswer[]): Map<string, RevisedEstimate["estimate"]> =>
  new Map(answers.flatMap(({ revised }) => revised.map(({ key, estimate }) => [key, estimate])));

const foreseen = (sequence: number, key: string, timeoutMs: number): HistoryRecord => ({
  sequence,
  what: {
    kind: "foreseen",
    subject: subjectNamed(key, { timeoutMs, submittedAtMs: 1_000_000 + 60_000 * sequence }),
  },
});

describe("what is told", () => {
  it("is foreseen, and foreseen again when its kind has learnt", async () => {
    const { engine } = await begin("again");
    const first = subjectNamed("first");
    const waiting = subjectNamed("waiting", { userEstimateMs: 100 });
    const answer = await engine.take([
      { sequence: 1, what: { kind: "foreseen", subject: first } },
      { sequence: 2, what: { kind: "foreseen", subject: waiting } },
    ]);
    // Nobody knows anything of the first; of the second its user has said something.
    expect(answer.revised.map(({ key, estimate }) => [key, estimate.source])).toEqual([
      ["waiting", "user"],
    ]);
    const run = runOf(first, 8_000, { launchedSequence: 2, endedAtMs: 10 });
    const { revised } = await engine.take([{ sequence: 3, what: { kind: "ended", run } }]);
    expect(revised.map(({ key }) => key).sort()).toEqual(["first", "waiting"]);
    expect(revised.find(({ key }) => key === "first")?.estimate).toMatchObject({
      p50Ms: 8_000,
      source: "statistics",
    });
    // The same again moves nothing by more than a tenth: it is not told again.
    const same = { ...run, launchedSequence: 3, endedAtMs: 20 };
    const next = await engine.take([{ sequence: 4, what: { kind: "ended", run: same } }]);
    expect(next.revised.filter(({ key }) => key === "first")).toEqual([]);
    await engine.close();
  });

  it("is taken once, and an answer that was lost is given again", async () => {
    const { engine } = await begin("once");
    const records = toldHistory(20, 1);
    const answer = await engine.take(records);
    expect(answer.sequence).toBe(40);
    expect(await engine.take(records)).toEqual(answer);
    expect(engine.list().completions).toBe(20);
    await engine.close();
  });

  it("of failed runs is no duration", async () => {
    const { engine } = await begin("failed");
    const subject = subjectNamed("job");
    const run = runOf(subject, 5, { succeeded: false, launchedSequence: 1 });
    const { revised } = await engine.take([
      { sequence: 1, what: { kind: "foreseen", subject } },
      { sequence: 2, what: { kind: "ended", run } },
    ]);
    expect(revised).toEqual([]);
    expect(engine.list().completions).toBe(0);
    await engine.close();
  });

  it("of size tells sizes apart", async () => {
    const { engine } = await begin("sizes");
    const records: HistoryRecord[] = [];
    for (let run = 0; run < 20; run++) {
      const isLarge = run % 2 === 1;
      const subject = subjectNamed(`${run}`, { inputBytes: isLarge ? 2e9 : 2e3 });
      const sequence = 2 * run + 1;
      const ended = runOf(subject, isLarge ? 60_000 : 500, { launchedSequence: sequence });
      records.push({ sequence, what: { kind: "foreseen", subject } });
      records.push({ sequence: sequence + 1, what: { kind: "ended", run: ended } });
    }
    await engine.take(records);
    const [large, small] = await engine.estimate([
      subjectNamed("", { inputBytes: 1.9e9 }),
      subjectNamed("", { inputBytes: 1.9e3, workerSpeed: 2 }),
    ]);
    expect(large?.p50Ms).toBeGreaterThan(40_000);
    expect(small?.p50Ms).toBeLessThan(400);
    expect(large?.confidence).toBeGreaterThan(0.5);
    await engine.close();
  });
});

describe("a model of one's own", () => {
  it("earns its service: shadow, proposed, chosen, and then it is the source", async () => {
    const { engine, said } = await begin("earns");
    await tell(engine, toldHistory(249, 3), 100);
    expect(engine.list()).toMatchObject({ models: [], completions: 249, nextTrainingAt: 250 });
    const answers = await tell(engine, toldHistory(160, 4, 500), 1);
    // A later one takes the place of the one before, and is judged by the runs of both.
    const { models } = engine.list();
    const [older, model] = [models[0], models.at(-1)];
    expect(older).toMatchObject({ version: "1", state: "retired", rows: 200, reason: "replaced" });
    expect(model).toMatchObject({ state: "shadow", origin: "history" });
    const { pinball50 = 1, statisticsPinball50 = 0 } = model?.offline ?? {};
    expect(pinball50).toBeLessThan(0.5 * statisticsPinball50);
    expect(model?.live?.rows).toBe(159);
    expect(answers.at(-1)?.proposal).toMatchObject({ sha256: model?.sha256 });
    // It is proposed until something is chosen, and serves nothing before.
    const before = await engine.take([foreseen(900, "before", 50_000)]);
    expect(before.proposal?.version).toBe(model?.version);
    expect(before.revised[0]?.estimate.source).toBe("statistics");
    const choice = { sha256: model?.sha256 ?? null, pinned: false };
    const after = await engine.take([
      { sequence: 901, what: { kind: "chosen", choice } },
      foreseen(902, "after", 50_000),
    ]);
    expect(after.proposal).toBeNull();
    const estimate = revisedIn([after]).get("after");
    expect(estimate?.source).toBe("model");
    expect(estimate?.p50Ms).toBeGreaterThan(5_000);
    expect(estimate?.p50Ms).toBeLessThan(20_000);
    // What was foreseen without it is foreseen again.
    expect(revisedIn([after]).get("before")?.source).toBe("model");
    expect(engine.list().models.at(-1)?.state).toBe("active");
    expect(said.filter((text) => text === "trained").length).toBeGreaterThanOrEqual(1);
    await engine.close();
  });

  it("gives way to a newer version of its line, unless it is pinned", async () => {
    for (const pinned of [false, true]) {
      const { engine } = await begin(`newer-${pinned}`);
      await tell(engine, toldHistory(320, 3), 100);
      const serving = engine.list().models.at(-1);
      const choice = { sha256: serving?.sha256 ?? null, pinned };
      await engine.take([{ sequence: 900, what: { kind: "chosen", choice } }]);
      expect(engine.list().models.at(-1)).toMatchObject({ state: "active", pinned });
      const last = (await tell(engine, toldHistory(60, 5, 1_000), 20)).at(-1);
      const newer = engine.list().models.at(-1);
      expect(newer?.version).not.toBe(serving?.version);
      expect(last?.proposal?.version ?? "none").toBe(pinned ? "none" : newer?.version);
      await engine.close();
    }
  });

  it("is the same for the same history, told in whatever pieces, and so is every estimate", async () => {
    const records = toldHistory(300, 7);
    const [one, other] = [await begin("same-1"), await begin("same-2")];
    const answers = await tell(one.engine, records, 1);
    const others = await tell(other.engine, records, 97);
    expect(revisedIn(others)).toEqual(revisedIn(answers));
    expect(other.engine.list()).toEqual(one.engine.list());
    const subjects = [10_000, 300_000].map((timeoutMs) => subjectNamed("", { timeoutMs }));
    expect(await other.engine.estimate(subjects)).toEqual(await one.engine.estimate(subjects));
    await one.engine.close();
    await other.engine.close();
  });

  it("is not trained again when the history is told again, and stands where it stood", async () => {
    const records = toldHistory(340, 9);
    const first = await begin("told-again");
    await tell(first.engine, records, 50);
    const before = first.engine.list();
    expect(first.said).toContain("trained");
    await first.engine.close();
    const second = await begin("told-again");
    await tell(second.engine, records, 80);
    expect(second.said).not.toContain("trained");
    expect(second.engine.list().models).toEqual(before.models);
    await second.engine.close();
  });

  it("that was chosen serves again once the history that is told again has come to it", async () => {
    const records = toldHistory(340, 9, 10);
    const first = await begin("chosen-again");
    const last = (await tell(first.engine, records, 50)).at(-1);
    const { sha256 = null } = last?.proposal ?? {};
    expect(sha256).not.toBeNull();
    await first.engine.close();
    const second = await begin("chosen-again");
    // A predictor that knows nothing is told first what it is to serve.
    const chosen = { kind: "chosen", choice: { sha256, pinned: false } } as const;
    await second.engine.take([{ sequence: 1, what: chosen }]);
    const [some] = records.slice(-1);
    const early = await tell(second.engine, records.slice(0, 400), 50);
    expect(early.map(({ proposal }) => proposal)).toEqual(early.map(() => null));
    expect(second.engine.list().models.some(({ state }) => state === "active")).toBe(false);
    await tell(second.engine, records.slice(400), 50);
    expect(second.engine.list().models.filter(({ state }) => state === "active")).toMatchObject([
      { sha256 },
    ]);
    const after = await second.engine.take([foreseen((some?.sequence ?? 0) + 1, "after", 50_000)]);
    expect(after.revised[0]?.estimate.source).toBe("model");
    expect(after.proposal).toBeNull();
    await second.engine.close();
  });

  it("is removed once it has been retired for long", async () => {
    const { engine } = await begin("retention");
    await tell(engine, toldHistory(1_900, 25), 200);
    const { models } = engine.list();
    expect(models.filter(({ state }) => state === "retired")).toHaveLength(5);
    expect(Number(models.at(-1)?.version)).toBeGreaterThan(7);
    await engine.close();
    const kept = readdirSync(join(scratch, "retention")).filter((name) => /^\d+$/.test(name));
    expect(kept.sort()).toEqual(models.map(({ version }) => version).sort());
  });

  it("is trained when somebody asks, if there are rows", async () => {
    const { engine } = await begin("now");
    const early = await engine.train();
    expect(early).toMatchObject({ ok: false, error: { code: "failed_precondition" } });
    expect(early.ok ? "" : early.error.message).toMatch(/needs 200 .*there are 0/);
    await tell(engine, toldHistory(230, 11), 100);
    const trained = await engine.train();
    expect(trained).toMatchObject({ ok: true, value: { rows: 180, state: "shadow" } });
    const version = trained.ok ? trained.value.version : "";
    const evaluated = await engine.evaluate(version);
    expect(evaluated).toMatchObject({ ok: true, value: { metrics: { rows: 50 } } });
    expect(await engine.evaluate("77")).toMatchObject({ ok: false, error: { code: "not_found" } });
    await engine.close();
  });
});

describe("a model that is no good", () => {
  it("is put out of service where it fails, and the statistics go on", async () => {
    const folder = join(scratch, "starter");
    mkdirSync(folder);
    // It can be loaded, but wants three features and not all of them.
    const model = onnxSketch({
      inputs: [["features", 3]],
      outputs: ["outputs"],
      nodes: [{ operator: "Identity", inputs: ["features"], outputs: ["outputs"] }],
    });
    writeFileSync(join(folder, "model.onnx"), model);
    const manifest = {
      version: 1,
      line: "starter",
      sha256: sha256Of(model),
      modelBytes: model.length,
      schemaSha256,
      features: featureCount,
      outputs: 4,
      state: "candidate",
      reason: "shipped",
      origin: "synthetic",
      licence: "",
      seed: 1,
      rows: 1,
      window: { first: 0, last: 0 },
      trainedAtMs: 0,
      entered: { sequence: 0, atMs: 0 },
    };
    writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
    const { engine, said } = await begin("out-of-service", folder);
    await tell(engine, toldHistory(30, 13), 10);
    const choice = { sha256: manifest.sha256, pinned: false };
    await engine.take([{ sequence: 100, what: { kind: "chosen", choice } }]);
    const { revised, proposal } = await engine.take([foreseen(101, "after", 50_000)]);
    expect(revised[0]?.estimate.source).toBe("statistics");
    expect(proposal).toMatchObject({ sha256: null });
    expect(engine.list().models[0]?.reason).toMatch(/out of service/);
    expect(said).toContain("a model is taken out of service");
    await engine.close();
  });

  it("is missed where it was chosen and is not here", async () => {
    const { engine, said } = await begin("missing");
    await tell(engine, toldHistory(5, 15), 10);
    const choice = { sha256: "ab".repeat(32), pinned: false };
    await engine.take([{ sequence: 100, what: { kind: "chosen", choice } }]);
    expect(said).toContain("the chosen model is not here: none is served");
    const [estimate] = await engine.estimate([subjectNamed("")]);
    expect(estimate?.source).toBe("statistics");
    await engine.close();
  });

  it("is refused when it is brought: what it is, and what is said of it", async () => {
    const { engine } = await begin("brought");
    const model = onnxSketch({
      inputs: [["x", 1]],
      outputs: ["y"],
      nodes: [{ operator: "Identity", inputs: ["x"], outputs: ["y"] }],
    });
    const manifest = (change: object): string =>
      JSON.stringify({
        name: "identity",
        inputs: [{ name: "x", features: ["log_said"] }],
        missing: 8,
        outputs: [{ name: "y", quantile: 0.5, unit: "log_ms" }],
        ...change,
      });
    const codeOf = async (text: string, bytes = model): Promise<string> => {
      const result = await engine.bring({ model: bytes, manifest: text });
      return result.ok ? result.value.state : `${result.error.code} ${result.error.message}`;
    };
    expect(await codeOf("{")).toMatch(/^invalid_argument manifest: not JSON/);
    expect(await codeOf(manifest({ outputs: [] }))).toMatch(/^invalid_argument manifest: outputs/);
    const unknown = manifest({ inputs: [{ name: "x", features: ["log_luck"] }] });
    expect(await codeOf(unknown)).toMatch(/inputs.0.features.0: no such feature/);
    expect(await codeOf(manifest({}), Uint8Array.of(9, 9))).toMatch(/^invalid_argument the model/);
    expect(engine.list().models).toEqual([]);
    expect(await codeOf(manifest({ licence: "CC0" }))).toBe("candidate");
    expect(await codeOf(manifest({}))).toMatch(/^already_exists .* version 1/);
    expect(engine.list().models[0]).toMatchObject({ origin: "brought", licence: "CC0" });
    // Once enough is known it has to pass the gates: it knows nothing, and does not.
    await tell(engine, toldHistory(120, 17), 40);
    expect(engine.list().models[0]).toMatchObject({ state: "retired" });
    expect(engine.list().models[0]?.reason).toMatch(/failed gate 1/);
    await engine.close();
  });
});

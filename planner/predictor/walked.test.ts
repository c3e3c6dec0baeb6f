import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HistoryRecord } from "../../core/prediction.js";
import { boostDefaults } from "../../models/pure/boost.js";
import {
  decodeEstimateResponse,
  decodeHistoryAnswer,
  encodeEstimateRequest,
  encodeHistoryRequest,
} from "../../proto/codec/prediction.js";
import { PlannerServiceService as service } from "../../proto/codec/services.js";
import { type Bundles, bundle } from "../../test/support/bundle.js";
import { subjectNamed, toldHistory } from "../testing/told-history.js";
import { PredictorProcess } from "./process.js";

const entries = [
  "planner/predictor/main.ts",
  "models/train-thread.ts",
  "models/validate/main.ts",
] as const;
const scratch = mkdtempSync(join(tmpdir(), "almanac-walked-"));
/** A copy of the predictor that finds every package but onnxruntime. */
const without = join(scratch, "without");
const installed = fileURLToPath(new URL("../../node_modules/", import.meta.url));
let bundles: Bundles;

beforeAll(async () => {
  bundles = await bundle(...entries);
  for (const entry of entries) {
    mkdirSync(dirname(join(without, entry)), { recursive: true });
    copyFileSync(bundles.entry(entry), copyOf(entry));
  }
  mkdirSync(join(without, "node_modules"));
  for (const name of readdirSync(installed)) {
    if (name.startsWith("onnxruntime") || name.startsWith(".")) continue;
    symlinkSync(join(installed, name), join(without, "node_modules", name));
  }
});
afterAll(() => {
  bundles.remove();
  rmSync(scratch, { recursive: true, force: true });
});

const copyOf = (entry: string): string => join(without, entry.replace(/\.ts$/, ".mjs"));

describe("a predictor without onnxruntime", () => {
  it("trains, serves its model and says what one with it says", async () => {
    const lame = await life(copyOf, "lame");
    expect(lame.logged.filter((line) => line.includes("trees are walked")).length).toBeGreaterThan(
      0,
    );
    expect(lame.logged.join("\n")).toContain("onnxruntime cannot be loaded");
    expect(lame.logged.join("\n")).not.toContain("training has failed");
    expect(lame.estimates.map(({ source }) => source)).toEqual(["model", "model"]);
    const whole = await life(bundles.entry, "whole");
    expect(whole.logged.filter((line) => line.includes("walked"))).toEqual([]);
    expect(lame.estimates).toEqual(whole.estimates);
    expect(lame.sha256).toBe(whole.sha256);
  });
});

/** Is told a history, chooses what is proposed, and is asked. */
async function life(entryOf: (source: string) => string, name: string) {
  const logged: string[] = [];
  const predictor = new PredictorProcess({
    entry: entryOf("planner/predictor/main.ts"),
    settings: {
      directory: join(scratch, name),
      starter: null,
      trainEntry: entryOf("models/train-thread.ts"),
      validateEntry: entryOf("models/validate/main.ts"),
      training: { ...boostDefaults, trees: 40, depthMax: 4, learningRate: 0.2 },
    },
    log: pino({ level: "info" }, { write: (line: string) => logged.push(line) }),
    onLost: () => undefined,
  });
  const tell = async (records: readonly HistoryRecord[]) => {
    const request = service.history.requestSerialize(encodeHistoryRequest(records));
    const reply = await predictor.call("history", request);
    if (!reply.ok) throw reply.error;
    return decodeHistoryAnswer(service.history.responseDeserialize(Buffer.from(reply.value)));
  };
  try {
    const told = await tell(toldHistory(340, 9));
    const sha256 = told.ok ? (told.value.proposal?.sha256 ?? null) : null;
    const choice = { sha256, pinned: false };
    await tell([{ sequence: 1_000, what: { kind: "chosen", choice } }]);
    const asked = [10_000, 300_000].map((timeoutMs) => subjectNamed("", { timeoutMs }));
    const request = service.estimate.requestSerialize(encodeEstimateRequest(asked));
    const reply = await predictor.call("estimate", request);
    if (!reply.ok) throw reply.error;
    const response = service.estimate.responseDeserialize(Buffer.from(reply.value));
    const estimates = decodeEstimateResponse(response, asked.length);
    return { logged, sha256, estimates: estimates.ok ? estimates.value : [] };
  } finally {
    await predictor.stop();
  }
}

/** `bench starter`: makes the model that is shipped, and measures it on clusters it has not seen. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import { evaluate } from "../../models/pure/evaluate.js";
import { openModel } from "../../models/session.js";
import { printTable, round, writeJson } from "../report.js";
import { trainStarter } from "./train.js";
import { syntheticRows } from "./workloads.js";

const unseenSeeds = [101, 102, 103];
const unseenRows = 2_000;

export const starterBench = () =>
  new Command("starter")
    .description("makes the model that is shipped, and measures it on synthetic clusters unseen")
    .option("--out <folder>", "write model.onnx and manifest.json there")
    .option("--json <file>", "write the figures here")
    .action(async ({ out, json }) => {
      const beganAtMs = performance.now();
      const { model, manifest } = trainStarter();
      const trainedMs = performance.now() - beganAtMs;
      const session = await openModel(model, null);
      const results = [];
      for (const seed of unseenSeeds) {
        const drawn = syntheticRows([seed], unseenRows);
        const words = await session.words(drawn.matrix, drawn.rows);
        // Weights of experts are learnt for all tasks together here.
        const groups = Array.from({ length: drawn.rows }, () => []);
        results.push({ seed, metrics: evaluate({ ...drawn, groups }, words) });
      }
      await session.release();
      printTable(
        `starter: ${manifest.rows} rows, ${model.length} bytes, ${round(trainedMs / 1_000)} s`,
        results.map(({ seed, metrics }) => ({
          "cluster of seed": seed,
          rows: metrics.rows,
          "mean |log|": round(metrics.meanLogError, 3),
          "of statistics": round(metrics.statisticsMeanLogError, 3),
          "pinball 90": round(metrics.pinball90, 3),
          "of statistics ": round(metrics.statisticsPinball90, 3),
          "p90 covers %": round(100 * metrics.coverage90),
        })),
      );
      writeJson(json, { manifest, trainedMs, results });
      if (out === undefined) return;
      mkdirSync(out, { recursive: true });
      writeFileSync(join(out, "model.onnx"), model);
      writeFileSync(join(out, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
    });

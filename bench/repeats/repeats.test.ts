import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dagProblem } from "../../planner/testing/dag-problem.js";
import { processorProblem } from "../../planner/testing/processor-problem.js";
import { projectFile } from "../root.js";
import { allWays, clusterOf, differencesOf, type Repeater, startRepeater } from "./repeats.js";

let directory: string;
let repeater: Repeater;

beforeAll(async () => {
  const cache = join(projectFile("node_modules"), ".cache");
  mkdirSync(cache, { recursive: true });
  directory = mkdtempSync(join(cache, "repeats-"));
  await build({
    entryPoints: [
      projectFile("planner/solver-thread.ts"),
      projectFile("bench/repeats/jitter-thread.ts"),
    ],
    outdir: directory,
    outbase: projectFile("."),
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    outExtension: { ".js": ".mjs" },
    logLevel: "error",
  });
  repeater = startRepeater({
    plain: join(directory, "planner/solver-thread.mjs"),
    jittery: join(directory, "bench/repeats/jitter-thread.mjs"),
  });
});

afterAll(async () => {
  await repeater.close();
  rmSync(directory, { recursive: true, force: true });
});

describe("a seed and a work budget", () => {
  it("give the same plan on one, two and four threads, whatever their pace", async () => {
    const settings = { seed: 5, workUnits: 60_000, solvers: [], ways: allWays };
    for (const problem of [clusterOf(1), processorProblem(3, 40)]) {
      expect(differencesOf(await repeater.repeat(problem, settings))).toEqual([]);
    }
  }, 60_000);

  it("are said not to where an engine that cannot count is asked for by name", async () => {
    const problem = dagProblem(2, 10);
    const ways = allWays.slice(0, 1);
    const settings = { seed: 5, workUnits: 20_000, ways };
    const named = await repeater.repeat(problem, { ...settings, solvers: ["exact-highs"] });
    expect(differencesOf(named)).toHaveLength(1);
    const unnamed = await repeater.repeat(problem, { ...settings, solvers: [] });
    expect(differencesOf(unnamed)).toEqual([]);
  });
});

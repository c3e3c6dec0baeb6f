import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { emptyPlan } from "../../core/plan.js";
import type { Problem } from "../../core/problem.js";
import { readInstance } from "../formats/read.js";
import { clusterProblem } from "../scale/cluster-problem.js";
import { withoutWorker } from "../scale/loss.js";
import * as files from "../testing/files.js";
import { startCpSat } from "./cpsat.js";
import { startHighs } from "./highs.js";
import { failedPeer, outcomeOf, peerModel, planOfPlaces } from "./peer-model.js";

let directory: string;
/** Below node_modules, so that the packages of the bundle are found from it. */
let cache: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "almanac-peers-"));
  const folder = fileURLToPath(new URL("../../node_modules/.cache", import.meta.url));
  mkdirSync(folder, { recursive: true });
  cache = mkdtempSync(join(folder, "peers-"));
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
  rmSync(cache, { recursive: true, force: true });
});

function problemOf(path: string, text: string): Problem {
  const file = join(directory, path.replace(/@p\d+$/, ""));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return readInstance(join(directory, path)).problem;
}

const python = process.env.ALMANAC_BENCH_PYTHON ?? "python3";

function hasOrTools(): boolean {
  try {
    execFileSync(python, ["-c", "import ortools"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe("what a peer is told", () => {
  it("leaves nothing of a problem out, or is refused", () => {
    const model = peerModel(problemOf("mrcpsp/a.mm", files.multiMode));
    expect(model).toMatchObject({
      capacity: [[2]],
      pools: [[5, 1]],
      edges: [
        [0, 1, 0, 0],
        [0, 2, 0, 0],
        [1, 3, 0, 0],
        [2, 3, 0, 0],
      ],
    });
    expect(peerModel(clusterProblem({ tasks: 20, workers: 4, seed: 1 }))).toMatch(/makespan alone/);
    const problem = problemOf("rcmax/a.txt", files.unrelated);
    expect(peerModel(withoutWorker(problem, emptyPlan(3), 1))).toMatch(/not told of/);
  });

  it("is judged by the same check as our own plans", () => {
    const problem = problemOf("rcmax/a.txt", files.unrelated);
    const places = [
      [0, 0, 0],
      [3, 1, 0],
      [4, 0, 3],
    ] as const;
    const answer = { ...failedPeer(""), status: "optimal", bound: 7, places } as const;
    expect(outcomeOf(problem, "peer", answer)).toMatchObject({ valid: false, value: 6 });
    const right = [places[0], places[1], [4, 0, 4]] as const;
    expect(outcomeOf(problem, "peer", { ...answer, places: right })).toMatchObject({
      valid: true,
      value: files.unrelatedOptimum,
      bound: 7,
    });
    expect(planOfPlaces(problem, right).end).toEqual(Int32Array.of(4, 4, 7));
  });
});

describe("HiGHS", () => {
  it("solves R||Cmax in a thread, and takes nothing else", async () => {
    const entry = join(cache, "highs-thread.mjs");
    await build({
      entryPoints: [fileURLToPath(new URL("highs-thread.ts", import.meta.url))],
      outfile: entry,
      bundle: true,
      format: "esm",
      platform: "node",
      packages: "external",
      logLevel: "error",
    });
    const bench = startHighs({ budgetMs: 3_000, seed: 1 }, entry);
    const outcome = await bench.solve(problemOf("rcmax/a.txt", files.unrelated));
    expect(outcome).toMatchObject({
      status: "optimal",
      valid: true,
      value: files.unrelatedOptimum,
      bound: files.unrelatedOptimum,
    });
    const other = await bench.solve(problemOf("jobshop-x/a.txt", files.reentrant));
    expect(other).toMatchObject({ status: "failed", note: "not of the shape R||Cmax" });
  });
});

describe.skipIf(!hasOrTools())("CP-SAT", () => {
  it("finds the optimum of every format, by plans that pass the check", async () => {
    const bench = await startCpSat({ python, workers: 1, budgetMs: 3_000, seed: 1 });
    for (const [path, text, optimum] of [
      ["rcpsp-x/a.sm", files.project, files.projectOptimum],
      ["mrcpsp-x/a.mm", files.multiMode, files.multiModeOptimum],
      ["jobshop-x/b.txt", files.ft06, files.ft06Optimum],
      ["fjsp-x/a.txt", files.flexible, files.flexibleOptimum],
      ["fajsp-x/a.txt", files.assembly, files.assemblyOptimum],
      ["rcmax-x/a.txt", files.unrelated, files.unrelatedOptimum],
      ["stg-x/a.stg@p2", files.stg, files.stgOptimum.two],
      ["dag-x/a.dot", files.dot, files.dotOptimum],
    ] as const) {
      const outcome = await bench.solve(problemOf(path, text));
      expect(outcome, path).toMatchObject({ status: "optimal", valid: true, value: optimum });
    }
    await bench.close();
  });
});

describe("a peer that is not installed", () => {
  it("is said to be missing, with its last words", async () => {
    const settings = { python: "no-such-python", workers: 1, budgetMs: 10, seed: 1 };
    await expect(startCpSat(settings)).rejects.toThrow(/no-such-python.*is not to be had/);
  });
});

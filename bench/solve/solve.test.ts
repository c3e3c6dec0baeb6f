import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkPlan } from "../../core/check.js";
import { greedy } from "../../core/greedy.js";
import {
  bundleSolverThread,
  type SolverThreadBundle,
} from "../../planner/testing/solver-thread-bundle.js";
import { listInstances } from "../formats/list.js";
import { readRecords } from "../record.js";
import * as files from "../testing/files.js";
import { rulesOf } from "../testing/rules.js";
import { faultsOf } from "../testing/verify.js";
import { type Outcome, type SolverBench, startPortfolio } from "./portfolio.js";
import { lineOf } from "./progress.js";
import { type RunOptions, solveAll } from "./run.js";
import { evenly, select } from "./select.js";
import { warmUpProblems } from "./warm-up.js";

let bundle: SolverThreadBundle;
let directory: string;

beforeAll(async () => {
  bundle = await bundleSolverThread();
  directory = mkdtempSync(join(tmpdir(), "almanac-solve-"));
  for (const [family, name, text] of [
    ["jobshop-ft", "ft06.txt", files.ft06],
    ["fjsp-x", "two.txt", files.flexible],
    ["rcpsp-x", "small.sm", files.project],
  ] as const) {
    mkdirSync(join(directory, family), { recursive: true });
    writeFileSync(join(directory, family, name), text);
  }
});

afterAll(() => {
  bundle.remove();
  rmSync(directory, { recursive: true, force: true });
});

const options = (bench: SolverBench, change: Partial<RunOptions> = {}): RunOptions => ({
  columns: [{ name: "almanac", bench, out: join(directory, "out.jsonl"), threads: 1, takes: null }],
  seed: 1,
  budgetMs: 300,
  solutions: null,
  skipDone: false,
  read: {},
  progress: () => {},
  ...change,
});

/** Counts what it is asked for. */
function countingBench(): SolverBench & { readonly asked: number[] } {
  const asked: number[] = [];
  const solve = async (problem: Parameters<SolverBench["solve"]>[0]): Promise<Outcome> => {
    asked.push(problem.tasks.count);
    const plan = greedy(problem);
    const { value } = checkPlan(problem, plan).evaluation;
    const found = { plan, value, bound: 0, status: "feasible", solver: "greedy" } as const;
    return { ...found, firstValue: value, firstMs: 1, wallMs: 2, work: 3, valid: true, note: "" };
  };
  return { asked, solve, close: async () => {} };
}

describe("solving a folder of instances", () => {
  it("writes a line and a checked solution for each, in the file's own numbering", async () => {
    const settings = { budgetMs: 300, workUnits: 0, threads: 1, seed: 1, solvers: [] };
    const bench = await startPortfolio(settings, bundle.entry);
    const solutions = join(directory, "solutions");
    await solveAll(listInstances(directory), options(bench, { solutions }));
    await bench.close();
    const records = readRecords(join(directory, "out.jsonl"));
    expect(records.map(({ instance, value, valid }) => [instance, value, valid])).toEqual([
      ["fjsp-x/two", files.flexibleOptimum, true],
      ["jobshop-ft/ft06", expect.any(Number), true],
      ["rcpsp-x/small", files.projectOptimum, true],
    ]);
    for (const { bound, value, firstValue } of records) {
      expect(bound).toBeLessThanOrEqual(value ?? 0);
      expect(firstValue).toBeGreaterThanOrEqual(value ?? 0);
    }
    const solution = JSON.parse(readFileSync(join(solutions, "jobshop-ft/ft06.json"), "utf8"));
    expect(faultsOf(rulesOf("job-shop", files.ft06), solution)).toEqual([]);
    expect(solution.instance).toBe("jobshop-ft/ft06");
  });

  it("goes on where it was interrupted, and solves nothing twice", async () => {
    const bench = countingBench();
    const listed = listInstances(directory);
    await solveAll(listed.slice(0, 2), options(bench));
    const out = join(directory, "out.jsonl");
    writeFileSync(out, `${readFileSync(out, "utf8")}{"instance": "cut o`);
    await solveAll(listed, options(bench, { skipDone: true }));
    expect(bench.asked).toHaveLength(3);
    expect(readRecords(out)).toHaveLength(3);
    await solveAll(listed, options(bench));
    expect(bench.asked).toHaveLength(6);
  });

  it("writes down what a solver throws, and goes on", async () => {
    const bench = countingBench();
    const solve: SolverBench["solve"] = async (problem) => {
      if (problem.tasks.count === 36) throw new Error("boom");
      return bench.solve(problem);
    };
    await solveAll(listInstances(directory), options({ ...bench, solve }));
    const records = readRecords(join(directory, "out.jsonl"));
    expect(records.map(({ status }) => status)).toEqual(["feasible", "failed", "feasible"]);
    expect(records[1]).toMatchObject({ note: "boom", value: null, valid: false });
  });
});

describe("a selection", () => {
  const listed = ["a-1", "a-2", "b"].flatMap((family) =>
    Array.from({ length: 10 }, (_, index) => ({
      family,
      instance: `${family}/${index}`,
      path: `${index}`,
    })),
  );
  const names = (change: Partial<Parameters<typeof select>[1]>): string[] =>
    select(listed, { families: [], instances: [], limit: 0, ...change }).map(
      ({ instance }) => instance,
    );

  it("is by family, by a family's beginning, by name, and evenly spread", () => {
    expect(names({ families: ["a-2"] })).toHaveLength(10);
    expect(names({ families: ["a-*"] })).toHaveLength(20);
    expect(names({ instances: ["b/3"] })).toEqual(["b/3"]);
    expect(names({ families: ["b"], limit: 2 })).toEqual(["b/2", "b/7"]);
    expect(names({ limit: 1 })).toHaveLength(3);
    expect(evenly([1, 2, 3], 5)).toEqual([1, 2, 3]);
  });
});

describe("what goes before the first instance", () => {
  it("has plans", () => {
    for (const problem of warmUpProblems()) {
      expect(checkPlan(problem, greedy(problem)).violations).toEqual([]);
    }
  });
});

describe("the progress line", () => {
  it("says how far it is, with what", () => {
    const at = { done: 1, count: 5, instance: "f/a", column: "almanac" };
    expect(lineOf({ ...at, value: 55, bound: 47.123 })).toBe("2/5  f/a  almanac  55 (bound 47.12)");
    expect(lineOf({ ...at, value: null, bound: 0 })).toBe("2/5  f/a  almanac");
  });
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { BenchRecord } from "../record.js";
import { compareBench } from "./command.js";
import { compareColumns, differences } from "./compare.js";

const record = (change: Partial<BenchRecord>): BenchRecord => ({
  instance: "f/a",
  family: "f",
  tasks: 1,
  workers: 1,
  value: 100,
  bound: 90,
  status: "feasible",
  solver: "s",
  firstValue: 104,
  firstMs: 1,
  wallMs: 2,
  work: 3,
  valid: true,
  seed: 1,
  threads: 1,
  budgetMs: 10,
  ...change,
});

const optima = {
  "f/a": { ub: 100, lb: 95 },
  "f/b": { ub: 50, lb: 50 },
  "f/c": { ub: null, lb: 10 },
};

const errorsOf = (change: Partial<BenchRecord>): string[] =>
  compareColumns([{ name: "x", records: [record(change)] }], optima).errors.map(
    ({ message }) => message,
  );

describe("a comparison", () => {
  it("says by family what is mean, worst, proved and in the tail", () => {
    const records = [
      record({}),
      record({ instance: "f/b", value: 55, bound: 50, firstValue: 60 }),
      record({ instance: "f/c", value: 20, bound: 20, status: "optimal" }),
    ];
    const { results, errors } = compareColumns([{ name: "x", records }], optima);
    expect(errors).toEqual([]);
    expect(results).toEqual([
      expect.objectContaining({
        column: "x",
        family: "f",
        instances: 3,
        unsolved: 0,
        meanGap: expect.closeTo(0.05),
        worstGap: expect.closeTo(0.1),
        worstInstance: "f/b",
        provedShare: expect.closeTo(1 / 3),
        tailShare: 0.5,
        tailGap: expect.closeTo(0.1),
      }),
    ]);
  });

  it("counts what has no valid plan as unsolved, never as good", () => {
    const records = [record({ value: null, valid: false, status: "unknown", solver: null })];
    const column = { name: "x", records };
    const [result] = compareColumns([column], optima).results;
    expect(result).toMatchObject({ unsolved: 1, meanGap: null, provedShare: 0 });
    expect(differences([column, column])).toEqual([]);
  });

  it("sets several files side by side, with one tail for all", () => {
    const two = record({ firstValue: 200, value: 110 });
    const columns = [
      { name: "x", records: [record({})] },
      { name: "y", records: [two] },
    ];
    const { results } = compareColumns(columns, optima);
    expect(results.map(({ column, tailShare }) => [column, tailShare])).toEqual([
      ["x", 0],
      ["y", 0],
    ]);
  });

  it.each([
    [{ bound: 100.5, value: 101 }, /bound 100.5 is above the best known value 100/],
    [{ value: 94, bound: 90 }, /value 94 is below the known lower bound 95/],
    [{ valid: false, note: "overlap" }, /not valid: overlap/],
    [{ status: "optimal", value: 101 }, /said to be optimal, but 100 is known/],
    [{ status: "infeasible", value: null, valid: false }, /infeasible/],
    [{ status: "failed", value: null, valid: false, note: "boom" }, /failed: boom/],
    [{ instance: "f/c", value: 20, bound: 21 }, /bound 21 is above the own value 20/],
  ] as const)("takes %o for an error", (change, message) => {
    expect(errorsOf(change).join()).toMatch(message);
  });

  it("takes a better value than the best known for none", () => {
    expect(errorsOf({ value: 99, bound: 97 })).toEqual([]);
  });
});

describe("files that must be identical", () => {
  it("are, or it is said where not", () => {
    const one = {
      name: "x",
      records: [record({ digest: "1" }), record({ instance: "f/b", digest: "2" })],
    };
    expect(differences([one, { ...one, name: "y" }])).toEqual([]);
    const other = { name: "y", records: [record({ digest: "3" })] };
    expect(differences([one, other]).map(({ instance }) => instance)).toEqual(["f/a", "f/b"]);
  });
});

describe("bench compare", () => {
  afterEach(() => {
    process.exitCode = undefined;
    vi.restoreAllMocks();
  });

  it("prints a table, writes the figures, and fails where something cannot be", async () => {
    const directory = mkdtempSync(join(tmpdir(), "almanac-compare-"));
    const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    const run = async (change: Partial<BenchRecord>): Promise<void> => {
      const file = join(directory, "mine.jsonl");
      const list = join(directory, "optima.json");
      writeFileSync(file, `${JSON.stringify(record(change))}\n`);
      writeFileSync(list, JSON.stringify(optima));
      const json = join(directory, "figures.json");
      await compareBench().parseAsync([file, "--optima", list, "--json", json], { from: "user" });
    };
    await run({ value: 102 });
    expect(process.exitCode).toBeUndefined();
    expect(write.mock.calls.join()).toMatch(/f +mine +1 +0 +2\.000 +2\.00/);
    await run({ bound: 101, value: 102 });
    expect(process.exitCode).toBe(1);
    expect(write.mock.calls.join()).toMatch(/ERRORS: 1 results/);
    const figures = JSON.parse(readFileSync(join(directory, "figures.json"), "utf8"));
    expect(figures.errors).toHaveLength(1);
    rmSync(directory, { recursive: true });
  });
});

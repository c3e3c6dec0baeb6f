import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { crc32, deflateRawSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lowerBound } from "../../core/bounds.js";
import { checkPlan } from "../../core/check.js";
import { freeChoice } from "../../core/decode.js";
import { greedy, placeInOrder, randomisedOrder, rankOrder } from "../../core/greedy.js";
import type { Plan } from "../../core/plan.js";
import { none, type Problem } from "../../core/problem.js";
import { seededRandom } from "../../core/random.js";
import { bruteForce } from "../../core/testing/oracle.js";
import * as files from "../testing/files.js";
import { type RuleKind, rulesOf } from "../testing/rules.js";
import { faultsOf } from "../testing/verify.js";
import { type Instance, solutionOf } from "./instance.js";
import { listInstances } from "./list.js";
import { bestKnown } from "./optima.js";
import { readInstance } from "./read.js";
import { readCluster } from "./workflow.js";

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "almanac-formats-"));
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

function file(path: string, content: string | Uint8Array): string {
  const whole = join(directory, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, content);
  return whole;
}

/** A zip archive of one file, as it is laid out by hand. */
function zip(content: string): Buffer {
  const plain = Buffer.from(content);
  const packed = deflateRawSync(plain);
  const name = Buffer.from("inside.txt");
  const shared = Buffer.alloc(22);
  shared.writeUInt16LE(8, 4);
  shared.writeUInt32LE(crc32(plain), 10);
  shared.writeUInt32LE(packed.length, 14);
  shared.writeUInt32LE(plain.length, 18);
  const lengths = (extra: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt16LE(name.length, 0);
    bytes.writeUInt16LE(extra, 2);
    return bytes;
  };
  const local = Buffer.concat([
    Buffer.from("PK\x03\x04"),
    shared,
    lengths(3),
    name,
    Buffer.from("abc"),
    packed,
  ]);
  const central = Buffer.concat([
    Buffer.from("PK\x01\x02\0\0"),
    shared,
    lengths(0),
    Buffer.alloc(14),
    name,
  ]);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}

/** By trying every start up to `latestEnd`, so it must be near. */
const optimumOf = (problem: Problem, latestEnd: number) => {
  const found = bruteForce(problem, { value: Number.POSITIVE_INFINITY, latestEnd });
  if (found === null) throw new Error("no plan");
  return found;
};

interface Example {
  readonly path: string;
  readonly text: string;
  readonly kind: RuleKind;
  readonly optimum: number;
  readonly machines?: number;
}

const examples: readonly Example[] = [
  { path: "rcpsp-x/a.sm", text: files.project, kind: "psplib", optimum: files.projectOptimum },
  {
    path: "rcpsp-x/b.rcp",
    text: files.patterson,
    kind: "patterson",
    optimum: files.projectOptimum,
  },
  { path: "mrcpsp-x/c.mm", text: files.multiMode, kind: "psplib", optimum: files.multiModeOptimum },
  {
    path: "jobshop-x/e.txt",
    text: files.reentrant,
    kind: "job-shop",
    optimum: files.reentrantOptimum,
  },
  {
    path: "fjsp-x/f.txt",
    text: files.flexible,
    kind: "flexible-job-shop",
    optimum: files.flexibleOptimum,
  },
  {
    path: "fajsp-x/g.txt",
    text: files.assembly,
    kind: "assembly-shop",
    optimum: files.assemblyOptimum,
  },
  {
    path: "rcmax/h.txt",
    text: files.unrelated,
    kind: "unrelated",
    optimum: files.unrelatedOptimum,
  },
  {
    path: "stg/i.stg@p1",
    text: files.stg,
    kind: "stg",
    optimum: files.stgOptimum.one,
    machines: 1,
  },
  {
    path: "stg/i.stg@p2",
    text: files.stg,
    kind: "stg",
    optimum: files.stgOptimum.two,
    machines: 2,
  },
  { path: "dag/j.dot", text: files.dot, kind: "dot", optimum: files.dotOptimum, machines: 2 },
];

describe("an instance", () => {
  it.each(examples)("of $path has the optimum that its rules say", ({ path, text, optimum }) => {
    file(path.replace(/@p\d+$/, ""), text);
    const { problem, instance } = readInstance(join(directory, path));
    expect(instance).toBe(path.replace(/\.(sm|rcp|mm|txt|stg|dot)/, ""));
    expect(optimumOf(problem, optimum + 1).value).toBe(optimum);
    expect(lowerBound(problem).value).toBeLessThanOrEqual(optimum);
  });

  it.each(examples)("of $path gets its plans back in its own numbering", (example) => {
    file(example.path.replace(/@p\d+$/, ""), example.text);
    const read = readInstance(join(directory, example.path));
    const rules = rulesOf(example.kind, example.text);
    const { plan } = optimumOf(read.problem, example.optimum);
    const solution = solutionOf(read, plan);
    expect(faultsOf(rules, solution, example.machines)).toEqual([]);
    expect(Math.max(...solution.tasks.map(({ end }) => end))).toBe(example.optimum);
    for (let row = 0; row < solution.tasks.length; row++) {
      const spoilt = solution.tasks.map((one, index) =>
        index === row && one.end > one.start ? { ...one, end: one.end + 1 } : one,
      );
      const changed = spoilt.some((one, index) => one !== solution.tasks[index]);
      if (changed) expect(faultsOf(rules, { tasks: spoilt })).not.toEqual([]);
    }
  });

  it("of a job shop of textbook size is solved and told without fault", () => {
    const read = readInstance(file("jobshop-ft/ft06.txt", files.ft06));
    const rules = rulesOf("job-shop", files.ft06);
    for (const plan of plansOf(read)) {
      expect(faultsOf(rules, solutionOf(read, plan))).toEqual([]);
      expect(checkPlan(read.problem, plan).evaluation.value).toBeGreaterThanOrEqual(
        files.ft06Optimum,
      );
    }
  });

  it("tells of operations that take no time where their machine is between two tasks", () => {
    const read = readInstance(file("jobshop-x/zero.txt", files.instantaneous));
    const rules = rulesOf("job-shop", files.instantaneous);
    for (const plan of plansOf(read)) {
      const { tasks } = solutionOf(read, plan);
      expect(faultsOf(rules, { tasks })).toEqual([]);
      expect(tasks.find(({ task }) => task === "1.1")).toMatchObject({ worker: 0 });
    }
  });

  it("counts jobs, operations, machines and modes as its file does", () => {
    const solution = (path: string, text: string) => {
      const read = readInstance(file(path, text));
      return solutionOf(read, greedy(read.problem)).tasks;
    };
    const flexible = solution("fjsp-x/f.txt", files.flexible);
    expect(flexible.map(({ task }) => task)).toEqual(["0.0", "0.1", "1.0"]);
    expect(flexible[1]).toMatchObject({ worker: 2, mode: 1 });
    expect(solution("rcpsp-x/a.sm", files.project).map(({ task }) => task)).toEqual([
      1, 2, 3, 4, 5,
    ]);
    const rows = solution("rcmax/h.txt", files.unrelated);
    expect(rows.map(({ task, worker }) => [task, worker])).toEqual([
      [0, 0],
      [1, 1],
      [2, expect.any(Number)],
    ]);
  });

  it("is read packed as it is read plain", () => {
    const plain = readInstance(file("jobshop-p/a.txt", files.ft06)).problem;
    file("rcpsp-p/b.rcp.gz", gzipSync(files.patterson));
    const packed = readInstance(join(directory, "rcpsp-p/b.rcp.gz"));
    expect(packed.instance).toBe("rcpsp-p/b");
    expect(packed.problem).toEqual(readInstance(file("rcpsp-p/c.rcp", files.patterson)).problem);
    expect(readInstance(file("jobshop-p/a.zip", zip(files.ft06))).problem).toEqual(plain);
    const damaged = zip(files.ft06);
    damaged[60] = (damaged[60] ?? 0) ^ 1;
    expect(() => readInstance(file("jobshop-p/b.zip", damaged))).toThrow();
  });

  it("of the HEFT paper is planned by HEFT as in the paper", () => {
    file("worked/x_task_exe_time.csv", files.heft.times);
    file("worked/x_resource_BW.csv", files.heft.bandwidth);
    const path = file("worked/x_task_connectivity.csv", files.heft.connectivity);
    const read = readInstance(path);
    expect(read.instance).toBe("worked/x");
    const plan = placeInOrder(read.problem, files.heftOrder, freeChoice(read.problem));
    expect(checkPlan(read.problem, plan).evaluation.value).toBe(files.heftValue);
  });

  it("of a recorded workflow runs on the cluster that is asked for, in seconds", () => {
    const path = file("wf/two.json.gz", gzipSync(files.workflow));
    const cluster = readCluster(
      JSON.stringify({
        nodes: [
          { name: "one", cores: 1, speed: 4 },
          { name: "two", cores: 2, speed: 1 },
        ],
        mibPerSecond: 2,
        latencyMs: 10,
      }),
    );
    const read = readInstance(path, { cluster });
    // 1.5 s on the node of two cores, 0.51 s to the fast one and 0.5 s there, not 2 s more here.
    const plan = greedy(read.problem);
    expect(checkPlan(read.problem, plan).evaluation.value).toBeCloseTo(2.51, 9);
    expect(solutionOf(read, plan).tasks).toEqual([
      { task: "a_1", worker: "two", start: 0, end: 1.5, mode: 1 },
      { task: "b_2", worker: "one", start: 2.01, end: 2.51, mode: 1 },
    ]);
    expect(() => readCluster('{"nodes": []}')).toThrow(/cluster file/);
  });

  it("that is cut off or of no known format is refused by name", () => {
    const cut = file("rcmax/cut.txt", files.unrelated.slice(0, -4));
    expect(() => readInstance(cut)).toThrow(/cut\.txt: the file ends before a time/);
    expect(() => readInstance(file("other/x.csv", "1,2"))).toThrow(/no known format/);
    expect(() => readInstance(file("stg/x.stg", files.stg))).toThrow(/how many processors/);
  });
});

describe("a directory of instances", () => {
  it("is listed by family and number, task graphs once for each count of processors", () => {
    const root = join(directory, "listed");
    for (const name of ["j10.sm", "j2.sm", "readme.md"]) file(`listed/rcpsp-b/${name}`, "");
    file("listed/stg-a/r1.stg", "");
    expect(listInstances(root).map(({ instance }) => instance)).toEqual([
      "rcpsp-b/j2",
      "rcpsp-b/j10",
      "stg-a/r1@p2",
      "stg-a/r1@p4",
      "stg-a/r1@p8",
      "stg-a/r1@p16",
    ]);
    expect(listInstances(join(root, "rcpsp-b")).map(({ instance }) => instance)).toEqual([
      "rcpsp-b/j2",
      "rcpsp-b/j10",
    ]);
  });
});

describe("best known values", () => {
  it("are not taken from recorded makespans", () => {
    const optima = {
      "a/x": { ub: 10, lb: 9 },
      "wf/y": { ub: 10, lb: 9, status: "recorded-not-optimal" },
    };
    expect(bestKnown(optima, "a/x")).toEqual({ upper: 10, lower: 9 });
    expect(bestKnown(optima, "wf/y")).toEqual({ upper: null, lower: null });
    expect(bestKnown(optima, "a/z")).toEqual({ upper: null, lower: null });
  });
});

/** Feasible plans of different order. */
function plansOf({ problem }: Instance): Plan[] {
  const plans: Plan[] = [];
  for (let seed = 0; seed < 20; seed++) {
    const base = rankOrder(problem, "bottom_level");
    const order = randomisedOrder(problem, base, seededRandom(seed));
    const plan = placeInOrder(problem, order, freeChoice(problem));
    if (plan.start.every((start) => start !== none)) plans.push(plan);
  }
  return plans;
}

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Expected, type Gap, judgeRuns, readRuns } from "./witness.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "almanac-witness-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const keeps: Expected = { task: "t", mayRunTwice: false, stops: false, after: [] };
const stops: Expected = { ...keeps, stops: true };

/** What is found wrong with lines of the form `start 1.5 1 w1`. */
function judge(lines: readonly string[], expected: Expected = keeps, gaps: readonly Gap[] = []) {
  writeFileSync(join(folder, "t"), `${lines.join("\n")}\n`);
  return judgeRuns([expected], readRuns(folder, [expected]), gaps);
}

describe("the outside witness", () => {
  it("has nothing to say of runs one after another", () => {
    const cutOff = ["start 1 1 w1", "alive 2 1 w1", "start 3 2 w2", "end:0 4 2 w2"];
    expect(judge(cutOff)).toEqual([]);
  });

  it("finds two at once, also where the first was cut off in the end", () => {
    const found = judge(["start 1 1 w1", "start 2 2 w2", "alive 2.5 1 w1", "end:0 4 2 w2"]);
    expect(found).toEqual(["t: attempt 2 began at 2 s, 1 ran until 2.5 s"]);
  });

  it("lets two at once be where the task may run twice", () => {
    const twice = ["start 1 1 w1", "start 2 2 w2", "end:0 3 1 w1", "end:0 4 2 w2"];
    expect(judge(twice, { ...keeps, mayRunTwice: true })).toEqual([]);
  });

  it("finds an attempt that begins again", () => {
    expect(judge(["start 1 1 w1", "start 3 1 w2"])).toEqual(["t: attempt 1 started again, on w2"]);
  });

  it("excuses what nobody could stop, for as long as nobody could", () => {
    const lines = ["start 1 1 w1", "start 20 2 w2", "alive 22 1 w1", "end:0 30 2 w2"];
    const gap = { worker: "w1", fromS: 10, toS: 21, killed: false };
    expect(judge(lines, stops, [gap])).toEqual([]);
    expect(judge(lines, keeps, [gap])).toHaveLength(1);
    expect(judge(lines, stops, [{ ...gap, worker: "w2" }])).toHaveLength(1);
    expect(judge(lines, stops, [{ ...gap, toS: 16 }])).toHaveLength(1);
  });

  it("finds what is run again after it has succeeded, unless its supervisor was killed", () => {
    const lines = ["start 1 1 w1", "end:0 2 1 w1", "start 5 2 w2", "end:0 6 2 w2"];
    expect(judge(lines)).toEqual(["t: attempt 2 began after 1 had succeeded"]);
    const gap = { worker: "w1", fromS: 2, toS: 3, killed: true };
    expect(judge(lines, keeps, [gap])).toEqual([]);
    expect(judge(lines, keeps, [{ ...gap, killed: false }])).toHaveLength(1);
  });

  it("finds what begins before that which it waits for", () => {
    writeFileSync(join(folder, "u"), "start 2 1 w1\nend:0 3 1 w1\n");
    writeFileSync(
      join(folder, "t"),
      "start 1 1 w1\nend:1 1.5 1 w1\nstart 2.5 2 w1\nend:0 4 2 w1\n",
    );
    const both = [keeps, { ...keeps, task: "u", after: ["t"] }];
    const found = judgeRuns(both, readRuns(folder, both), []);
    expect(found).toEqual(["u: attempt 1 began before t had succeeded"]);
  });
});

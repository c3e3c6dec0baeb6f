import { describe, expect, test } from "vitest";
import type { DataFile } from "./data.js";
import { edgeTransferBytes, resolveInputs } from "./data-flow.js";
import { matchesGlob, mayMatchBelow } from "./glob.js";
import { template } from "./testing/jobs.js";

const entry = (name: string) => ({ name, template: 0, env: {}, estimate: null, inputBytes: null });
const out = (path: string, sizeBytes: number | null) => ({
  path,
  maxBytes: 900,
  required: true,
  sizeBytes,
});
const file = (path: string, sizeBytes: number): DataFile => ({
  path,
  sha256: path.padEnd(64, "0"),
  sizeBytes,
  executable: false,
});
const from = {
  entry: entry("a"),
  template: template("a", {
    data: { inputs: [], outputs: [out("x/*.csv", 50), out("log.txt", null)] },
  }),
};
const takes = (output: string, path = "./") => ({
  entry: entry("b"),
  template: template("b", {
    data: { inputs: [{ kind: "outputs" as const, path, task: "a", output }], outputs: [] },
  }),
});

describe("files along an edge", () => {
  test("weigh what is declared until they are there, and then what they are", () => {
    expect(edgeTransferBytes({ ...from, outputs: null }, takes("x/*.csv"))).toBe(50);
    expect(edgeTransferBytes({ ...from, outputs: null }, takes("**"))).toBe(950);
    const outputs = [file("x/1.csv", 7), file("log.txt", 9)];
    expect(edgeTransferBytes({ ...from, outputs }, takes("x/*.csv"))).toBe(7);
    const other = { entry: entry("c"), template: template("c") };
    expect(edgeTransferBytes({ ...from, outputs }, other)).toBe(0);
  });

  test("are refused in words where several would lie at one path", () => {
    const outputs = [file("x/1.csv", 7), file("x/2.csv", 9)];
    const { unavailable } = resolveInputs(takes("x/*.csv", "one"), [{ ...from, outputs }]);
    expect(unavailable).toContain("stands for 2 files");
  });
});

test("patterns match by steps, in time that a hostile one cannot blow up", () => {
  expect(matchesGlob("out/**", "out/a/b")).toBe(true);
  expect(matchesGlob("out/*", "out/a/b")).toBe(false);
  expect(matchesGlob("out/", "out")).toBe(false);
  expect(matchesGlob("**/*.csv", "a.csv")).toBe(true);
  expect(mayMatchBelow("out/*.csv", "src")).toBe(false);
  expect(matchesGlob(`${"*a".repeat(400)}b`, "a".repeat(1000))).toBe(false);
});

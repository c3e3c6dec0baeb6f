import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeSpeed } from "./speed.js";

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "almanac-speed-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

const cpuMsOf = (work: () => void): number => {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
};

describe("the speed of a node", () => {
  test("is of the order of one, and takes half a second of cpu time, once in a boot", () => {
    const speeds: number[] = [];
    const measure = (boot?: string) => (): void => {
      speeds.push(nodeSpeed(directory, boot));
    };
    const first = cpuMsOf(measure());
    expect(first).toBeGreaterThan(450);
    expect(first).toBeLessThan(750);
    expect(cpuMsOf(measure())).toBeLessThan(50);
    expect(cpuMsOf(measure("another boot"))).toBeGreaterThan(450);
    const [found = 0, again, anew = 0] = speeds;
    expect(again).toBe(found);
    expect(found).toBeGreaterThan(0.01);
    expect(found).toBeLessThan(20);
    // The same core; others may be at work on its other thread.
    expect(Math.max(found, anew) / Math.min(found, anew)).toBeLessThan(2.5);
  });

  test("is measured again where what was kept makes no sense", () => {
    const path = join(directory, "speed.json");
    for (const damage of ["", "{", "null", '{"method":1,"boot":"b","speed":-1}']) {
      writeFileSync(path, damage);
      expect(nodeSpeed(directory, "b")).toBeGreaterThan(0);
      expect(JSON.parse(readFileSync(path, "utf8")).boot).toBe("b");
    }
  });
});

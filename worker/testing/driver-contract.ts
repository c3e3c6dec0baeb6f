/**
 * What every driver promises (driver.ts), by the lines in `contract/`. A driver's own test calls this
 * with a way to make it; the scripts are POSIX shell, which every driver can run.
 */
import { afterAll, beforeAll, beforeEach, describe, type RunnerTask } from "vitest";
import { endings } from "./contract/endings.js";
import { limits } from "./contract/limits.js";
import { pausing } from "./contract/pausing.js";
import type { Traits } from "./contract/promise.js";
import { secrets } from "./contract/secrets.js";
import { stopping } from "./contract/stopping.js";
import { streams } from "./contract/streams.js";
import { createHarness, type DriverHarness, type MakeDriver } from "./driver-harness.js";

export function driverContract(name: string, makeDriver: MakeDriver, traits: Traits): void {
  const { concurrent, patience } = traits;
  describe(`the driver ${name}`, { concurrent, timeout: 20_000 * patience }, () => {
    let harness: DriverHarness;
    beforeAll(async () => {
      harness = await createHarness(makeDriver, traits.options);
    });
    afterAll(() => harness.close());
    countCases(`the driver ${name}`);

    endings(() => harness, traits);
    streams(() => harness, traits);
    limits(() => harness, traits);
    stopping(() => harness, traits);
    pausing(() => harness, traits);
    secrets(() => harness);
  });
}

/** Prints at the end how many cases have run, and how many could not be. */
export function countCases(name: string): void {
  const begun: RunnerTask[] = [];
  beforeEach(({ task }) => void begun.push(task));
  afterAll(() => {
    const skipped = begun.filter(({ result, mode }) => mode === "skip" || result?.state === "skip");
    const others = skipped.length === 0 ? "" : `, ${skipped.length} skipped: not enforced here`;
    const run = begun.length - skipped.length;
    process.stderr.write(`contract of ${name}: ${run} cases run${others}\n`);
  });
}

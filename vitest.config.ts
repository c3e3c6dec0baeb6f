/**
 * Two groups: first the suites beside the code, which are quick, then what crosses houses, one file
 * at a time, because its clusters of real processes would slow each other down.
 */
import { defineConfig } from "vitest/config";

/** Machines take all of the host's cores, and would slow everything beside them. */
const machines = ["kvm", "disk-machines", "monitor"].map((n) => `worker/drivers/kvm/${n}.test.ts`);

const never = ["**/node_modules/**", "**/dist/**", "examples/**", "**/fixtures/**"];

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["**/*.test.ts"],
          exclude: [...never, "test/**", ...machines],
          testTimeout: 20_000,
          hookTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "whole",
          include: ["test/**/*.test.ts", ...machines],
          exclude: never,
          maxWorkers: 1,
          testTimeout: 180_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

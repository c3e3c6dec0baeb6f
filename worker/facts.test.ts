import { availableParallelism, totalmem } from "node:os";
import { describe, expect, test } from "vitest";
import type { Enforcement, WorkerFacts } from "../core/worker.js";
import { detectCapacity, type OfferedFacts, workerFacts } from "./facts.js";

const offered: OfferedFacts = {
  name: "w1",
  capacity: detectCapacity(),
  devices: [],
  labels: {},
  speed: 2,
  throttle: 0.5,
};
const found = (
  cpuLimit: Enforcement,
): Pick<WorkerFacts, "drivers" | "unavailableDrivers" | "labels"> => ({
  drivers: [{ name: "process", cpuLimit, memoryLimit: cpuLimit }],
  unavailableDrivers: [],
  labels: { "almanac.kvm": "tcg" },
});

describe("what a worker says of its node", () => {
  test("capacity is what the node has, in whole units", () => {
    const capacity = detectCapacity();
    expect(capacity.cpuMillis).toBeLessThanOrEqual(availableParallelism() * 1_000);
    expect(capacity.cpuMillis).toBeGreaterThan(0);
    expect(capacity.memoryBytes).toBeLessThanOrEqual(totalmem());
    for (const amount of [capacity.cpuMillis, capacity.memoryBytes, capacity.diskBytes]) {
      expect(Number.isSafeInteger(amount)).toBe(true);
    }
  });

  test("a throttle lowers the speed only where it is enforced", () => {
    expect(workerFacts(offered, found("cgroup_v1")).speed).toBe(1);
    expect(workerFacts(offered, found("not_enforced")).speed).toBe(2);
  });

  test("what drivers found out stands over labels that were given", () => {
    const labels = { zone: "eu", "almanac.kvm": "kvm" };
    const facts = workerFacts({ ...offered, labels }, found("cgroup_v1"));
    expect(facts.labels).toMatchObject({ zone: "eu", "almanac.kvm": "tcg" });
  });
});

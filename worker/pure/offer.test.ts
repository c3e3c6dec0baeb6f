import { describe, expect, test } from "vitest";
import { capacityOf, type Offer } from "./offer.js";

const node = { cpuMillis: 4_000, memoryBytes: 1_000, diskBytes: 500, networkBps: 0, custom: {} };
const all: Offer = {
  cpu: null,
  memory: null,
  disk: null,
  network: null,
  custom: {},
  overcommit: false,
};

describe("what a node offers", () => {
  test("without a word: all cores, and a tenth of memory and disk left to the system", () => {
    expect(capacityOf(all, node)).toEqual({
      capacity: { cpuMillis: 4_000, memoryBytes: 900, diskBytes: 450, networkBps: 0, custom: {} },
      cut: [],
    });
  });

  test("never more than it has, and it says so", () => {
    const { capacity, cut } = capacityOf({ ...all, cpu: 8_000, memory: 500, disk: 900 }, node);
    expect(capacity).toMatchObject({ cpuMillis: 4_000, memoryBytes: 500, diskBytes: 500 });
    expect(cut).toEqual([
      "cpu (thousandths): 8000 offered, the node has 4000",
      "disk: 900 offered, the node has 500",
    ]);
  });

  test("more than it has only with overcommit", () => {
    const { capacity, cut } = capacityOf({ ...all, cpu: 8_000, overcommit: true }, node);
    expect([capacity.cpuMillis, cut]).toEqual([8_000, []]);
  });

  test("a link of unknown speed is worth what it is said to be", () => {
    expect(capacityOf({ ...all, network: 1e9 }, node).capacity.networkBps).toBe(1e9);
    const linked = { ...node, networkBps: 1e8 };
    expect(capacityOf({ ...all, network: 1e9 }, linked).capacity.networkBps).toBe(1e8);
    expect(capacityOf(all, linked).capacity.networkBps).toBe(1e8);
  });
});

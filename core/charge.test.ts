import { expect, test } from "vitest";
import { chargedResources, machineMemoryBytesDefault, machineOverheadBytes } from "./charge.js";
import { noResources } from "./resources.js";

test("a machine is charged its memory, or the default one's, and what QEMU takes beside it", () => {
  const charged = (memoryBytes: number) =>
    chargedResources({ driver: "kvm", resources: { ...noResources, cpuMillis: 500, memoryBytes } });
  expect(charged(1_000)).toEqual({
    ...noResources,
    cpuMillis: 500,
    memoryBytes: 1_000 + machineOverheadBytes,
  });
  expect(charged(0).memoryBytes).toBe(machineMemoryBytesDefault + machineOverheadBytes);
});

test("others are charged what they ask for", () => {
  const resources = { ...noResources, memoryBytes: 1_000 };
  expect(chargedResources({ driver: "docker", resources })).toBe(resources);
  expect(chargedResources({ driver: "process", resources: noResources })).toBe(noResources);
});

import { describe, expect, test } from "vitest";
import { gpuType, offeredGpus, parseGpuList } from "./gpu-list.js";

const text = `0, GPU-aaaa, NVIDIA A100-SXM4-80GB, 81920
1, GPU-bbbb, NVIDIA L4, 23034
Unable to determine the device handle for GPU2: 0000:41:00.0: GPU is lost.
`;

describe("what nvidia-smi says", () => {
  test("becomes devices with their type and memory; what is no GPU is left out", () => {
    expect(parseGpuList(text)).toEqual([
      { index: "0", device: { id: "GPU-aaaa", type: "a100", memoryBytes: 80 * 2 ** 30 } },
      { index: "1", device: { id: "GPU-bbbb", type: "l4", memoryBytes: 23034 * 2 ** 20 } },
    ]);
    expect(parseGpuList("No devices were found\n")).toEqual([]);
    expect(parseGpuList("0, GPU-c, NVIDIA GB10, [N/A]\n")[0]?.device.memoryBytes).toBe(0);
  });

  test("a plan names at most 32 devices of a worker, so no more are offered", () => {
    const many = Array.from({ length: 40 }, (_, i) => `${i}, GPU-${i}, NVIDIA L4, 1`).join("\n");
    expect(parseGpuList(many)).toHaveLength(32);
  });

  test.each([
    ["NVIDIA H200", "h200"],
    ["NVIDIA H100 80GB HBM3", "h100"],
    ["NVIDIA A100-PCIE-40GB", "a100"],
    ["Tesla V100-SXM2-16GB", "v100"],
    ["Tesla T4", "t4"],
    ["NVIDIA GeForce RTX 4090", "rtx-4090"],
    ["NVIDIA RTX 6000 Ada Generation", "rtx-6000-ada"],
    ["", "gpu"],
  ])("%s is called %s", (name, type) => {
    expect(gpuType(name)).toBe(type);
  });
});

describe("a node offers its GPUs", () => {
  const gpus = parseGpuList(text);
  const ids = (offer: Parameters<typeof offeredGpus>[1]): string[] =>
    offeredGpus(gpus, offer).devices.map(({ id }) => id);

  test("all of them, the first few, or those that are named by index or id", () => {
    expect(ids(null)).toEqual(["GPU-aaaa", "GPU-bbbb"]);
    expect(ids(1)).toEqual(["GPU-aaaa"]);
    expect(ids(0)).toEqual([]);
    expect(ids(["1"])).toEqual(["GPU-bbbb"]);
    expect(ids(["GPU-aaaa", "1"])).toEqual(["GPU-aaaa", "GPU-bbbb"]);
  });

  test("what is offered and not there is said", () => {
    expect(offeredGpus(gpus, 3).missing).toEqual(["1 of 3 GPUs"]);
    expect(offeredGpus(gpus, ["0", "7"]).missing).toEqual(["GPU 7"]);
  });
});

import { describe, expect, test } from "vitest";
import { flagsFromOptions, loadConfig } from "../spec/config.js";
import { offerOptions } from "./offer-option.js";

function offerOf(text: string) {
  const config = loadConfig({ flags: flagsFromOptions(offerOptions(text), "worker") });
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  return config.value.worker.offer;
}

describe("--offer", () => {
  test("says in one option what is shared; unknown names are custom amounts", () => {
    expect(offerOf("cpu=4,memory=8G,disk=100G,gpus=1,fpga=2,licence=1")).toMatchObject({
      cpu: 4_000,
      memory: 8e9,
      disk: 1e11,
      gpus: 1,
      custom: { fpga: 2, licence: 1 },
    });
  });

  test("names GPUs by index or id", () => {
    expect(offerOf("gpus=0+2").gpus).toEqual(["0", "2"]);
    expect(offerOf("gpus=GPU-aaaa").gpus).toEqual(["GPU-aaaa"]);
  });

  test.each(["cpu", "cpu=", "=4", "cpu=4=5", "cpu=1,cpu=2"])("%s is refused", (text) => {
    expect(() => offerOptions(text)).toThrow(/--offer must be like/);
  });
});

import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLineLog } from "../../log.js";
import { machinesMissing, testImages, testQemu } from "../../testing/guest-images.js";
import { type MachineMonitor, monitorMachines } from "./monitor.js";

let root = "";
let monitor: MachineMonitor | null = null;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "almanac-monitor-"));
});
afterEach(() => {
  monitor?.close();
  rmSync(root, { recursive: true, force: true });
});

test.skipIf(machinesMissing() !== null)(
  "what comes is offered, and what goes is taken back with the reason, without a restart",
  async () => {
    const [qemu, images] = [join(root, "qemu"), join(root, "images")];
    const said: string[] = [];
    const words = (): string => {
      const found = monitor?.current();
      return found?.ok ? found.value : (found?.error ?? "");
    };
    monitor = await monitorMachines({
      settings: { images, qemu, network: "none", disks: null, writableDisks: false },
      dataDirectory: root,
      log: createLineLog(2, "test"),
      onChange: () => said.push(words()),
      checkEveryMs: 20,
    });
    const becomes = (expected: RegExp): Promise<void> =>
      expect.poll(words, { timeout: 60_000, interval: 10 }).toMatch(expected);

    expect(words()).toMatch(/qemu does not run/);
    symlinkSync(execFileSync("which", [testQemu], { encoding: "utf8" }).trim(), qemu);
    await becomes(/no image in/);
    const image = join(images, "default");
    mkdirSync(images);
    cpSync(join(testImages, "default"), join(root, "copied"), { recursive: true });
    renameSync(join(root, "copied"), image);
    await becomes(/^(kvm|tcg)$/);
    renameSync(image, join(root, "away"));
    await becomes(/no image in/);
    renameSync(join(root, "away"), image);
    await becomes(/^(kvm|tcg)$/);
    writeFileSync(join(image, "kernel"), "broken");
    await becomes(/kernel is not what its SHA256SUMS says/);
    expect(said.length).toBeGreaterThanOrEqual(5);
  },
);

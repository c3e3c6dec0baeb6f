/**
 * GPUs for containers, by what a real daemon is sent and does: with a stub in the place of the
 * NVIDIA runtime's hook, as there is one of nvidia-smi for the rest of the worker.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { startDockerDaemon } from "../../testing/docker-daemon.js";
import { dockerOptions, dockerPolicy } from "../../testing/docker-options.js";
import { createHarness, type DriverHarness } from "../../testing/driver-harness.js";
import { command, newAttempt, shell } from "../../testing/launches.js";
import { createDockerDriver } from "./docker.js";
import type { DockerPolicy } from "./policy.js";

const programs = mkdtempSync(join(tmpdir(), "almanac-nvidia-"));
const hook = join(programs, "nvidia-container-runtime-hook");
const seen = join(programs, "seen");
writeFileSync(hook, `#!/bin/sh\ncat >>${seen}\n`);
chmodSync(hook, 0o755);
const flags = ["--add-runtime", "nvidia=runc"];
const { daemon, reason } = await startDockerDaemon({ programs, flags });
afterAll(async () => {
  await daemon?.close();
  rmSync(programs, { recursive: true, force: true });
});
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const withPolicy = (more: Partial<DockerPolicy>): Promise<DriverHarness> =>
  createHarness((dataDirectory) => {
    const policy = dockerPolicy({ socket: daemon?.socket ?? "", ...more });
    return createDockerDriver({ dataDirectory, policy, log, onChange: () => undefined });
  }, dockerOptions());

const devices = ["GPU-2b1c", "GPU-77aa"];
const show = 'echo "$NVIDIA_VISIBLE_DEVICES $CUDA_VISIBLE_DEVICES"; sleep 30';

describe.skipIf(daemon === null)(
  `GPUs in containers${reason === null ? "" : `: ${reason}`}`,
  () => {
    /** What the daemon made of an attempt's container, and what the program saw. */
    async function started(own: DriverHarness, given: readonly string[]) {
      const attempt = newAttempt();
      const running = await own.run({ attempt, devices: given, command: command(shell(show)) });
      while ((await own.log(attempt, "stdout")) === "") await new Promise((r) => setTimeout(r, 10));
      const found = (await daemon?.containers())?.find(
        ({ Labels }) => Labels["almanac.attempt"] === attempt,
      );
      const inspected = await daemon?.docker.getContainer(found?.Id ?? "").inspect();
      running.stop(0);
      await running.ended;
      return { host: inspected?.HostConfig, said: (await own.log(attempt, "stdout")).trim() };
    }

    test("requests: the devices granted and no others, for the hook to put in", async () => {
      const own = await withPolicy({ gpus: "requests" });
      const { host, said } = await started(own, devices);
      expect(host?.DeviceRequests).toMatchObject([
        { Driver: "nvidia", Count: 0, DeviceIDs: devices, Capabilities: [["gpu"]] },
      ]);
      expect(said).toBe(`${devices.join(",")} ${devices.join(",")}`);
      expect(readFileSync(seen, "utf8")).toContain('"bundle"');
      await own.close();
    });

    test("runtime: the nvidia runtime, which reads them from the environment", async () => {
      const own = await withPolicy({ gpus: "runtime" });
      const { host, said } = await started(own, devices);
      expect(host?.Runtime).toBe("nvidia");
      expect(host?.DeviceRequests ?? []).toEqual([]);
      expect(said).toBe(`${devices.join(",")} ${devices.join(",")}`);
      await own.close();
    });

    test("a container without devices asks for none and sees none", async () => {
      const own = await withPolicy({ gpus: "runtime" });
      const { host, said } = await started(own, []);
      expect(host?.DeviceRequests ?? []).toEqual([]);
      expect(host?.Runtime).not.toBe("nvidia");
      expect(said).toBe("void");
      await own.close();
    });

    test("a worker that gives containers no GPUs says by which setting", async () => {
      const own = await withPolicy({ gpus: "none" });
      const words = await own.failure({ devices, command: command(shell("true")) });
      expect(words).toMatch(/worker\.docker\.gpus is none/);
      await own.close();
    });

    // Last: the daemon looks for the hook anew at each start of a container.
    test("a node without the NVIDIA runtime is a failure that names the setting", async () => {
      rmSync(hook);
      const own = await withPolicy({ gpus: "requests" });
      const words = await own.failure({ devices, command: command(shell("true")) });
      expect(words).toMatch(/^worker\.docker\.gpus: .* nvidia-container-toolkit/);
      await own.close();
    });
  },
);

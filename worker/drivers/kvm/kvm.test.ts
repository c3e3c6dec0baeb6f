/**
 * Machines for real, as fast as this host runs them: most continuous integration has no KVM, so the
 * tests take QEMU's own translation and all run side by side.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noResources } from "../../../core/resources.js";
import type { DriverIdentity } from "../../driver.js";
import { attemptDirectory } from "../../ipc/paths.js";
import { kvmTraits } from "../../testing/contract/traits.js";
import { driverContract } from "../../testing/driver-contract.js";
import { createHarness, type DriverHarness, startOf } from "../../testing/driver-harness.js";
import { machinesMissing, testImages, testQemu, writeImage } from "../../testing/guest-images.js";
import { argv, command, newAttempt, shell } from "../../testing/launches.js";
import { workerContract } from "../../testing/worker-contract.js";
import { goneWithin } from "../../testing/worker-fixture.js";
import { readProcess } from "../process/proc.js";
import { createKvmDriver, type KvmDriverOptions } from "./kvm.js";
import { probeKvm } from "./probe.js";
import type { KvmSettings } from "./settings.js";

const missing = machinesMissing();
const mebibyte = 1024 ** 2;

const settings: KvmSettings = {
  images: testImages,
  qemu: testQemu,
  network: "user",
  disks: null,
  writableDisks: false,
};

const driver = (dataDirectory: string, more: Partial<KvmDriverOptions> = {}) =>
  createKvmDriver({
    dataDirectory,
    settings,
    machines: () => ({ ok: true, value: "tcg" }),
    ...more,
  });

test("where no machine runs the driver is absent and says why", async () => {
  const nowhere: KvmSettings = { ...settings, images: "/nowhere", qemu: "/nowhere/qemu" };
  const harness = await createHarness(async (dataDirectory) => {
    const found = await probeKvm(nowhere, dataDirectory);
    return driver(dataDirectory, { settings: nowhere, machines: () => found });
  });
  const reason = "/nowhere/qemu does not run: apt-get install qemu-system-x86";
  expect(harness.driver.standing()).toEqual({
    kind: "unavailable",
    driver: { name: "kvm", reason },
  });
  expect(await harness.failure({})).toBe(reason);
  await harness.close();
});

describe.skipIf(missing !== null)(`machines${missing === null ? "" : ` (${missing})`}`, () => {
  driverContract("kvm", driver, kvmTraits);
  // QEMU's channels are socket pairs with the supervisor: no other could get at its output.
  workerContract({
    driver: "kvm",
    supervisor: { kvm: { ...settings, network: "none" } },
    options: { kind: "kvm", image: "default", network: "none", disk: null },
    attempts: 2,
    patience: 6,
    outlives: false,
    tied: true,
  });

  describe("a machine", { concurrent: true, timeout: 120_000 }, () => {
    let harness: DriverHarness;
    beforeAll(async () => {
      harness = await createHarness(driver);
    });
    afterAll(() => harness.close());

    async function printed(attempt: ReturnType<typeof newAttempt>, text: string): Promise<void> {
      while (!(await harness.log(attempt, "stdout")).includes(text)) await sleep(10);
    }

    test("has the memory and the cores that the task asks for", async () => {
      const attempt = newAttempt();
      const resources = { ...noResources, cpuMillis: 1_500, memoryBytes: 320 * mebibyte };
      const script = "nproc; awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo";
      const end = await harness.end({ attempt, resources, command: command(shell(script)) });
      const [cores, memory] = (await harness.log(attempt, "stdout")).split("\n").map(Number);
      expect(cores).toBe(2);
      expect(memory).toBeGreaterThan(240);
      expect(memory).toBeLessThan(320);
      expect(end.usage.cpuMs).toBeGreaterThan(100);
      expect(end.usage.peakMemoryBytes).toBeGreaterThan(64 * mebibyte);
    });

    test("brings 10 MB of output through whole", async () => {
      const attempt = newAttempt();
      const script = "seq 1 1427776";
      const end = await harness.end({
        attempt,
        command: command(shell(script)),
        logBytesMax: 64 * mebibyte,
      });
      const expected = execFileSync("sh", ["-c", script], { maxBuffer: 64 * mebibyte });
      expect(end.stdoutBytes).toBe(expected.length);
      expect((await harness.log(attempt, "stdout")) === expected.toString()).toBe(true);
    });

    test("out of memory in the guest is out_of_memory", async () => {
      const end = await harness.end({
        command: command(shell("tail /dev/zero")),
        resources: { ...noResources, memoryBytes: 128 * mebibyte },
      });
      expect(end.outcome).toEqual({ kind: "out_of_memory" });
    });

    test("an exit code above 128 is an exit code", async () => {
      const end = await harness.end({ command: command(shell("exit 143")) });
      expect(end.outcome).toEqual({ kind: "exited", exitCode: 143 });
    });

    test("children that hold the output open do not outlive the program", async () => {
      const end = await harness.end({ command: command(shell("setsid sleep 600 & echo done")) });
      expect(end.outcome).toEqual({ kind: "exited", exitCode: 0 });
      expect(end.stdoutBytes).toBe(5);
    });

    test("a program that ends on SIGTERM has its grace for it", async () => {
      const attempt = newAttempt();
      const script = 'trap "echo bye; exit 7" TERM; echo here; while :; do sleep 0.05; done';
      const running = await harness.run({ attempt, command: command(shell(script)) });
      await printed(attempt, "here");
      running.stop(60_000);
      expect((await running.ended).outcome).toEqual({ kind: "exited", exitCode: 7 });
      expect(await harness.log(attempt, "stdout")).toBe("here\nbye\n");
    });

    test("a QEMU killed from outside is a death by that signal, not an exit", async () => {
      const attempt = newAttempt();
      const running = await harness.run({
        attempt,
        command: command(shell("echo here; sleep 600")),
      });
      await printed(attempt, "here");
      process.kill(running.pid, "SIGKILL");
      expect((await running.ended).outcome).toEqual({ kind: "signalled", signal: "SIGKILL" });
      expect(await harness.log(attempt, "stderr")).toContain("was killed by SIGKILL");
    });

    test("a guest that panics has not exited, and the log has its last words", async () => {
      const attempt = newAttempt();
      const script = "echo c >/proc/sysrq-trigger; sleep 600";
      const end = await harness.end({ attempt, command: command(shell(script)) });
      expect(end.outcome).toEqual({ kind: "signalled", signal: "SIGKILL" });
      expect(await harness.log(attempt, "stderr")).toContain("Kernel panic");
    });

    test("what an earlier supervisor left is gone when reap returns", async () => {
      const attempt = newAttempt();
      let identity: DriverIdentity | null = null;
      const running = await harness.run({
        attempt,
        command: command(argv("sleep", "600")),
        identify: (found) => {
          identity = found;
        },
      });
      expect(readProcess(running.pid)).not.toBeNull();
      const directory = attemptDirectory(harness.dataDirectory, attempt);
      await harness.driver.reap(attempt, directory, identity);
      await goneWithin(running.pid, 100);
      await running.ended;
      expect(readdirSync(directory).filter((name) => name === "boot")).toEqual([]);
    });

    test("network user reaches out, network none has no way out", async () => {
      const server = createServer((_request, response) => response.end("from the host\n"));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const address = server.address();
      const port = typeof address === "object" ? address?.port : null;
      const fetch = shell(`printf "GET / HTTP/1.0\\r\\n\\r\\n" | nc -w 20 10.0.2.2 ${port}`);
      const [open, closed] = [newAttempt(), newAttempt()];
      const outcome = async (attempt: typeof open, network: "user" | "none") => {
        const options = { kind: "kvm", image: "default", network, disk: null } as const;
        return (await harness.end({ attempt, command: command(fetch, { options }) })).outcome;
      };
      const outcomes = await Promise.all([outcome(open, "user"), outcome(closed, "none")]);
      server.close();
      expect(outcomes).toEqual([
        { kind: "exited", exitCode: 0 },
        { kind: "exited", exitCode: 1 },
      ]);
      expect(await harness.log(open, "stdout")).toMatch(/\r\n\r\nfrom the host\n$/);
    });

    test("a guest that is not ready in time is not_started, with what its console said", async () => {
      const own = await createHarness((dataDirectory) => driver(dataDirectory, { bootLimitMs: 1 }));
      const end = await own.end({});
      expect(end.outcome).toMatchObject({ kind: "not_started" });
      expect(end.outcome).toHaveProperty("message", expect.stringContaining("not ready in time"));
      await own.close();
    });

    test("a guest that cannot start is not_started, with what its console said", async () => {
      const own = await createHarness((dataDirectory) => {
        const images = join(dataDirectory, "images");
        const data = (name: string): Buffer => readFileSync(join(testImages, "default", name));
        const initramfs = data("initramfs").subarray(0, 512);
        writeImage(images, "default", { kernel: data("kernel"), initramfs });
        return driver(dataDirectory, { settings: { ...settings, images } });
      });
      const end = await own.end({});
      expect(end.outcome).toHaveProperty("message", expect.stringContaining("Kernel panic"));
      await own.close();
    });

    test("the probe finds an accelerator that boots the image, and remembers it", async () => {
      const directory = join(harness.dataDirectory, "probed");
      mkdirSync(directory);
      const found = await probeKvm(settings, directory);
      expect(found).toEqual({ ok: true, value: expect.stringMatching(/^(kvm|tcg)$/) });
      const startedAt = performance.now();
      expect(await probeKvm(settings, directory)).toEqual(found);
      expect(performance.now() - startedAt).toBeLessThan(2_000);
    });
  });

  describe("refuses before anything starts, in words", () => {
    let harness: DriverHarness;
    beforeAll(async () => {
      harness = await createHarness((dataDirectory) =>
        driver(dataDirectory, { settings: { ...settings, network: "none" } }),
      );
    });
    afterAll(() => harness.close());

    const kvm = (image: string, network: "none" | "user" = "none") => ({
      command: command(argv("true"), { options: { kind: "kvm", image, network, disk: null } }),
    });
    const memoryBytes = 32 * mebibyte;
    const refusals: [string, Parameters<DriverHarness["run"]>[0], RegExp][] = [
      ["an image that is not there", kvm("other"), /image other: .* it has .*default/],
      ["an image outside of the store", kvm("default/../.."), /outside of the image store/],
      ["a network that the worker forbids", kvm("default", "user"), /worker\.kvm\.network is none/],
      ["devices", { devices: ["0"] }, /no devices/],
      ["too little memory", { resources: { ...noResources, memoryBytes } }, /resources\.memory/],
      ["no program", { command: command(argv()) }, /empty/],
      ["a NUL byte", { command: command(argv("echo", "a\0b")) }, /NUL/],
    ];
    test.each(refusals)("%s", async (_name, start, words) => {
      const result = await harness.driver.start(startOf(harness.dataDirectory, start));
      expect(result.ok ? "" : result.error).toMatch(words);
    });
  });
});

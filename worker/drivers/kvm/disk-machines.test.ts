/**
 * Machines that boot from a disk, for real: the agent comes on a seed disk as cloud-init takes it,
 * the image is never written, and a user's own disk keeps what was written to it.
 */
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { MachineDisk } from "../../../core/drivers.js";
import { jobLimits } from "../../../core/job.js";
import { noResources } from "../../../core/resources.js";
import type { Driver } from "../../driver.js";
import { createHarness, type DriverHarness } from "../../testing/driver-harness.js";
import {
  diskMachinesMissing,
  testImages,
  testQemu,
  writeImage,
} from "../../testing/guest-images.js";
import { argv, command, newAttempt, shell } from "../../testing/launches.js";
import { createKvmDriver } from "./kvm.js";

const missing = diskMachinesMissing();
const memoryBytes = 192 * 1024 ** 2;
const mount = "mkdir -p /mnt && mount -t ext4 /dev/disk/by-id/virtio-almanac-disk /mnt";

describe.skipIf(missing !== null)(`disks${missing === null ? "" : ` (${missing})`}`, () => {
  describe("of machines", { concurrent: true, timeout: 170_000 }, () => {
    let harness: DriverHarness;
    let disks = "";
    let images = "";

    function driver(dataDirectory: string): Driver {
      return createKvmDriver({
        dataDirectory,
        settings: { images, qemu: testQemu, network: "none", disks, writableDisks: true },
        machines: () => ({ ok: true, value: "tcg" }),
      });
    }

    beforeAll(async () => {
      harness = await createHarness((dataDirectory) => {
        disks = join(dataDirectory, "disks");
        images = join(dataDirectory, "images");
        mkdirSync(disks);
        for (const name of ["default", "debian"]) {
          cpSync(join(testImages, name), join(images, name), { recursive: true });
        }
        writeImage(images, "loader", { "disk.raw": bootSector("boot loader here\r\n") });
        return driver(dataDirectory);
      });
    });
    afterAll(() => harness.close());

    const on = (image: string, script: string, disk: MachineDisk | null = null) => ({
      attempt: newAttempt(),
      resources: { ...noResources, memoryBytes },
      command: command(shell(script), {
        stdin: "from the host\n",
        options: { kind: "kvm", image, network: "none", disk },
      }),
    });

    async function ended(start: ReturnType<typeof on>) {
      const { outcome } = await harness.end(start);
      const stdout = await harness.log(start.attempt, "stdout");
      return { outcome, stdout, stderr: await harness.log(start.attempt, "stderr") };
    }

    function formatted(name: string): void {
      const raw = join(disks, `${name}.made`);
      execFileSync("mke2fs", ["-q", "-F", "-t", "ext4", raw, "16M"], { stdio: "ignore" });
      const format = name.endsWith(".qcow2") ? "qcow2" : "raw";
      execFileSync("qemu-img", ["convert", "-O", format, raw, join(disks, name)]);
    }

    test.each(["default", "debian"])("take in a mebibyte whole, in the image %s", async (image) => {
      const stdin = randomBytes(jobLimits.stdinBytes / 2).toString("hex");
      const start = on(image, "sha256sum");
      const { stdout } = await ended({ ...start, command: { ...start.command, stdin } });
      const sum = createHash("sha256").update(stdin).digest("hex");
      expect(stdout).toBe(`${sum}  -\n`);
    });

    test("run a command in the image's own root file system, which is never written", async () => {
      const disk = join(images, "debian/disk.qcow2");
      const before = readFileSync(disk);
      const script = ". /etc/os-release; echo $ID; cat; touch /kept; echo no >&2; exit 143";
      expect(await ended(on("debian", script))).toEqual({
        outcome: { kind: "exited", exitCode: 143 },
        stdout: "debian\nfrom the host\n",
        stderr: "no\n",
      });
      expect(readFileSync(disk).equals(before)).toBe(true);
    });

    test("tell a death by a signal, and what cannot be started", async () => {
      const given = on("debian", "");
      const absent = { ...given, command: { ...given.command, program: argv("/no") } };
      const ends = await Promise.all([ended(on("debian", "kill -9 $$")), ended(absent)]);
      expect(ends.map(({ outcome }) => outcome)).toEqual([
        { kind: "signalled", signal: "SIGKILL" },
        { kind: "not_started", message: "program /no: not found" },
      ]);
    });

    test("ask the program to end before they are ended", async () => {
      const start = on(
        "debian",
        'trap "echo bye; exit 7" TERM; echo here; while :; do sleep 0.1; done',
      );
      const running = await harness.run(start);
      await expect
        .poll(() => harness.log(start.attempt, "stdout"), { timeout: 150_000 })
        .toBe("here\n");
      running.stop(60_000);
      expect((await running.ended).outcome).toEqual({ kind: "exited", exitCode: 7 });
    });

    test.each(["own.raw", "own.qcow2"])("of the user keep what was written: %s", async (name) => {
      formatted(name);
      const writing = on("debian", `${mount} && echo kept >/mnt/file`, { name, writable: true });
      expect((await ended(writing)).outcome).toEqual({ kind: "exited", exitCode: 0 });
      const disk = "/dev/disk/by-id/virtio-almanac-disk";
      const script = `${mount} -o ro; cat /mnt/file; blockdev --getro ${disk}`;
      const reading = await ended(on("default", script, { name, writable: false }));
      expect(reading.stdout).toBe("kept\n1\n");
    });

    test("are one task's alone while it may write, for every worker of the host", async () => {
      formatted("shared.img");
      const disk = { name: "shared.img", writable: true };
      const start = on("default", "echo here; sleep 600", disk);
      const running = await harness.run(start);
      const words = "kvm.disk: shared.img is written to by another task";
      const reading = { ...disk, writable: false };
      expect(await harness.failure(on("default", "true", disk))).toBe(words);
      expect(await harness.failure(on("default", "true", reading))).toBe(words);
      await expect
        .poll(() => harness.log(start.attempt, "stdout"), { timeout: 150_000 })
        .toBe("here\n");
      const neighbour = await createHarness(driver);
      expect(await neighbour.failure(on("default", "true", reading))).toMatch(
        /Failed to get .* lock/,
      );
      await neighbour.close();
      running.stop(0);
      await running.ended;
      const after = await ended(on("default", "true", disk));
      expect(after.outcome).toEqual({ kind: "exited", exitCode: 0 });
    });

    test("without a kernel beside them boot by their own loader", async () => {
      expect(await harness.failure(on("loader", "true"))).toContain("boot loader here");
    });
  });
});

/** Prints over the serial line, then resets, which ends the machine. */
function bootSector(text: string): Buffer {
  const code = [
    ...[0x31, 0xc0, 0x8e, 0xd8, 0xbe, 0x00, 0x7d], // ds = 0, si = 0x7d00
    ...[0xba, 0xf8, 0x03, 0xac, 0x84, 0xc0, 0x74, 0x03, 0xee, 0xeb, 0xf8], // out 0x3f8 until 0
    ...[0xba, 0xf9, 0x0c, 0xb0, 0x06, 0xee, 0xf4, 0xeb, 0xfd], // out 0xcf9: reset
  ];
  const sector = Buffer.alloc(1024 ** 2);
  sector.set(code, 0);
  sector.write(text, 0x100, "latin1");
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

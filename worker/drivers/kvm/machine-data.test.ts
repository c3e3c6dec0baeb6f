/** Files of tasks through real machines. */
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TaskOutput } from "../../../core/data.js";
import { noResources } from "../../../core/resources.js";
import { attemptDirectory } from "../../ipc/paths.js";
import { createHarness, type DriverHarness, startOf } from "../../testing/driver-harness.js";
import {
  diskMachinesMissing,
  machinesMissing,
  testImages,
  testQemu,
  writeImage,
} from "../../testing/guest-images.js";
import { command, newAttempt, shell } from "../../testing/launches.js";
import { createKvmDriver } from "./kvm.js";
import type { MachineEnd } from "./machine.js";
import { moveData } from "./machine-data.js";

const missing = machinesMissing();
const output = (path: string, maxBytes = 10_000): TaskOutput => ({
  path,
  maxBytes,
  required: true,
  sizeBytes: null,
});

const driver = (dataDirectory: string, images = testImages) =>
  createKvmDriver({
    dataDirectory,
    settings: { images, qemu: testQemu, network: "none", disks: null, writableDisks: false },
    machines: () => ({ ok: true, value: "tcg" }),
  });

/** Both ends of a connection. */
async function connected(path: string): Promise<readonly [Socket, Socket]> {
  const server = createServer().listen(path);
  await once(server, "listening");
  const [[theirs], ours] = await Promise.all([once(server, "connection"), connect(path)]);
  server.close();
  return [ours, theirs];
}

test("a machine that begins to send outputs and does not go on is ended", async () => {
  const directory = mkdtempSync(join(tmpdir(), "almanac-stall-"));
  mkdirSync(join(directory, "work"));
  const [inputs] = await connected(join(directory, "one"));
  const [outputs, guest] = await connected(join(directory, "two"));
  let quits = 0;
  let gone: (end: MachineEnd) => void = () => undefined;
  const ended = new Promise<MachineEnd>((resolve) => {
    gone = resolve;
  });
  const start = { ...startOf(directory, {}), directory, staged: true, outputs: [output("out")] };
  const quit = (): void => {
    quits += 1;
    gone({ word: null, exitCode: 0, signal: null, atMs: 0 });
  };
  const { received } = moveData(start, { inputs, outputs, ended, quit }, () => false, 100);
  guest.write("half a header");
  expect(await received).toEqual({ kind: "refused", message: expect.stringContaining("stopped") });
  expect(quits).toBe(1);
  guest.destroy();
  rmSync(directory, { recursive: true, force: true });
});

describe.skipIf(missing !== null)(`files${missing === null ? "" : ` (${missing})`}`, () => {
  describe("of machines", { concurrent: true, timeout: 170_000 }, () => {
    let harness: DriverHarness;
    beforeAll(async () => {
      harness = await createHarness((dataDirectory) => driver(dataDirectory));
    });
    afterAll(() => harness.close());

    async function ended(
      script: string,
      outputs: readonly TaskOutput[],
      { image = "default", own = harness, more = Buffer.alloc(0) } = {},
    ) {
      const attempt = newAttempt();
      const directory = attemptDirectory(own.dataDirectory, attempt);
      mkdirSync(join(directory, "work/in"), { recursive: true });
      writeFileSync(join(directory, "work/in/words"), "b\na\n");
      writeFileSync(join(directory, "work/in/large"), Buffer.alloc(5_000_000, "x"));
      writeFileSync(join(directory, "work/in/more"), more);
      const options = { kind: "kvm", image, network: "none", disk: null } as const;
      const resources = { ...noResources, memoryBytes: 192 * 1024 ** 2 };
      const program = command(shell(script), { options });
      const { outcome, outputsProblem } = await own.end({
        attempt,
        staged: true,
        outputs,
        resources,
        command: program,
      });
      const stderr = await own.log(attempt, "stderr");
      return { outcome, outputsProblem, work: join(directory, "work"), stderr };
    }

    const well = { outcome: { kind: "exited", exitCode: 0 }, outputsProblem: undefined };

    const sorting = `set -e
[ $(wc -c <in/large) = 5000000 ]
mkdir -p out/deep 'out/[odd] name'
sort in/words >out/deep/sorted
echo odd >'out/[odd] name/file'
head -c 3000000 /dev/zero >out/zeros
echo no >scratch`;

    async function expectSorted(image: string): Promise<void> {
      const end = await ended(sorting, [output("out/", 4_000_000)], { image });
      const { work, ...rest } = end;
      expect(rest).toEqual({ ...well, stderr: "" });
      expect(readFileSync(join(work, "out/deep/sorted"), "utf8")).toBe("a\nb\n");
      expect(readFileSync(join(work, "out/[odd] name/file"), "utf8")).toBe("odd\n");
      expect(readFileSync(join(work, "out/zeros")).length).toBe(3_000_000);
      expect(readdirSync(work)).toEqual(["out"]);
    }

    test("go in before the program starts, and come out after it has ended", () =>
      expectSorted("default"));

    test.skipIf(diskMachinesMissing() !== null)("do so where a machine boots from a disk", () =>
      expectSorted("debian"),
    );

    test("come out by their patterns", async () => {
      const script =
        "echo 1 >a.csv; mkdir -p x/y; echo 2 >x/b.csv; echo 3 >x/y/c.csv; echo 4 >'[d]'";
      const one = await ended(script, [output("*.csv"), output("[d]")]);
      expect(one).toMatchObject(well);
      expect(readdirSync(one.work).sort()).toEqual(["[d]", "a.csv"]);
      const all = await ended(script, [output("**/*.csv"), output("x/**")]);
      expect(all).toMatchObject(well);
      expect(readdirSync(all.work, { recursive: true }).sort()).toEqual([
        "a.csv",
        "x",
        "x/b.csv",
        "x/y",
        "x/y/c.csv",
      ]);
    });

    test("are refused with the reason where they are none to take", async () => {
      const [link, large] = await Promise.all([
        ended("ln -s /etc/passwd out", [output("out")]),
        ended("head -c 20000 /dev/zero >out", [output("out")]),
      ]);
      expect(link).toMatchObject({ ...well, outputsProblem: "`out` is a symbolic link" });
      expect(large.outputsProblem).toContain("may have 10000 in all");
    });

    test("of a guest that sends rubbish for its own harm nobody", async () => {
      const port =
        "for p in /sys/class/virtio-ports/*; do read -r n <$p/name; [ $n = outputs ] && out=/dev/${p##*/}; done";
      const end = await ended(`${port}; yes rubbish >$out`, [output("out")]);
      expect(end.outputsProblem).toBe("the machine sent its outputs as no archive");
    });

    test("are not asked of a program that failed", async () => {
      const end = await ended("echo x >out; exit 3", [output("out")]);
      expect(end).toMatchObject({ ...well, outcome: { kind: "exited", exitCode: 3 } });
    });

    test("that do not fit into the machine end it before it starts", async () => {
      const big = Buffer.alloc(150 * 1024 ** 2);
      const end = await ended("true", [], { more: big });
      expect(end.outcome).toMatchObject({ kind: "not_started" });
      expect(end.outcome).toHaveProperty("message", expect.stringContaining("cannot be unpacked"));
    });

    test("need an image that knows of them", async () => {
      const own = await createHarness((dataDirectory) => {
        const images = join(dataDirectory, "images");
        const data = (name: string): Buffer => readFileSync(join(testImages, "default", name));
        // Leaves no word of its ports, as those before there were such.
        const initramfs = Buffer.from(
          data("initramfs").toString("latin1").replaceAll(" /run/inputs", " /run/inputz"),
          "latin1",
        );
        writeImage(images, "default", { kernel: data("kernel"), initramfs });
        return driver(dataDirectory, images);
      });
      const end = await ended("true", [], { own });
      expect(end.outcome).toEqual({
        kind: "not_started",
        message:
          "image default is too old for inputs and outputs: deploy/guest/build-image.sh builds it anew",
      });
      await own.close();
    });
  });
});

/**
 * Finds out whether machines really run here. That /dev/kvm exists proves nothing (some hosts have
 * one that boots no stock kernel), so a guest is booted until its word READY: with KVM, and if that
 * does not come to it, with QEMU's own translation, which is slower by far and called so.
 */
import { execFile } from "node:child_process";
import { accessSync, constants, mkdirSync, rmSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { release } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { MachineNetwork } from "../../../core/drivers.js";
import type { Result } from "../../../core/result.js";
import { digest } from "../../ipc/paths.js";
import { messageOf } from "../../log.js";
import { reapProcess } from "../process/ending.js";
import { directoryVariable } from "../process/environment.js";
import { type Accelerator, machineArguments } from "./arguments.js";
import {
  defaultImageName,
  findImage,
  imageDigest,
  listImages,
  type MachineImage,
} from "./images.js";
import { startMachine } from "./machine.js";

/** What a worker is told of machines. */
export interface KvmSettings {
  /** The image store's directory. */
  readonly images: string;
  /** Path of QEMU, or a name that is looked for in PATH. */
  readonly qemu: string;
  readonly network: MachineNetwork;
}

/** A guest under KVM is ready in less than a second; a KVM that cannot boot one hangs. */
const kvmLimitMs = 5_000;
const tcgLimitMs = 60_000;
const probeMemoryMiB = 128;

/** An error says in words for the operator why no machine can run here. */
export async function probeKvm(
  settings: KvmSettings,
  dataDirectory: string,
): Promise<Result<Accelerator, string>> {
  const { images, qemu } = settings;
  const version = await qemuVersion(qemu);
  if (version === null) return no(`${qemu} does not run: apt-get install qemu-system-x86`);
  const name = listImages(images).find((one) => one === defaultImageName) ?? listImages(images)[0];
  if (name === undefined) {
    return no(
      `no image in ${images}: deploy/guest/build-image.sh ${join(images, defaultImageName)}`,
    );
  }
  const image = findImage(images, name);
  if (!image.ok) return image;
  try {
    const key = await probeKey(version, image.value);
    const known = await readKnown(dataDirectory, key);
    if (known !== null) return { ok: true, value: known };
    const found = await tryAccelerators(qemu, image.value, dataDirectory);
    if (found.ok) await writeKnown(dataDirectory, key, found.value);
    return found;
  } catch (error) {
    return no(messageOf(error));
  }
}

async function tryAccelerators(
  qemu: string,
  image: MachineImage,
  dataDirectory: string,
): Promise<Result<Accelerator, string>> {
  if (hasKvm()) {
    const why = await boot(qemu, image, "kvm", kvmLimitMs, dataDirectory);
    if (why === null) return { ok: true, value: "kvm" };
  }
  const why = await boot(qemu, image, "tcg", tcgLimitMs, dataDirectory);
  return why === null
    ? { ok: true, value: "tcg" }
    : no(`image ${image.name} does not start: ${why}`);
}

function hasKvm(): boolean {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** null: the guest got ready. */
async function boot(
  qemu: string,
  image: MachineImage,
  accelerator: Accelerator,
  limitMs: number,
  dataDirectory: string,
): Promise<string | null> {
  const directory = join(dataDirectory, "probe");
  // Of a supervisor that was killed during its probe.
  await reapProcess(null, "", directory, null);
  mkdirSync(directory, { recursive: true });
  try {
    const shape = { image, accelerator, cores: 1, memoryMiB: probeMemoryMiB };
    const initrd = image.initramfs;
    const machine = await startMachine({
      qemu,
      arguments: machineArguments({ ...shape, initrd, network: "none" }),
      directory,
      environment: { PATH: process.env.PATH ?? "/usr/bin:/bin", [directoryVariable]: directory },
      joinFiles: [],
      stdin: null,
    });
    machine.open();
    const abort = new AbortController();
    const end = await Promise.race([
      machine.ready.then(() => null),
      machine.ended.then(() => machine.lastWords()),
      sleep(limitMs, `not ready after ${limitMs / 1000} s: `, { signal: abort.signal }).then(
        (late) => late + machine.lastWords(),
      ),
    ]);
    abort.abort();
    machine.quit();
    await machine.ended;
    return end;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function qemuVersion(qemu: string): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(qemu, ["--version"], { timeout: 10_000 });
    return stdout.split("\n")[0] ?? "";
  } catch {
    return null;
  }
}

/** All that the answer depends on: the host's kernel, its KVM, QEMU and the image. */
async function probeKey(version: string, image: MachineImage): Promise<string> {
  const device = await stat("/dev/kvm").catch(() => null);
  return digest([release(), device?.rdev ?? "none", version, await imageDigest(image)].join("\n"));
}

const knownPath = (dataDirectory: string): string => join(dataDirectory, "kvm-probe");

async function readKnown(dataDirectory: string, key: string): Promise<Accelerator | null> {
  const text = await readFile(knownPath(dataDirectory), "utf8").catch(() => "");
  const [knownKey, accelerator] = text.trim().split(" ");
  if (knownKey !== key) return null;
  return accelerator === "kvm" || accelerator === "tcg" ? accelerator : null;
}

/** Only a hint for the next start: it need not be there. */
async function writeKnown(
  dataDirectory: string,
  key: string,
  accelerator: Accelerator,
): Promise<void> {
  await writeFile(knownPath(dataDirectory), `${key} ${accelerator}\n`).catch(() => undefined);
}

const no = (message: string): { readonly ok: false; readonly error: string } => ({
  ok: false,
  error: message,
});

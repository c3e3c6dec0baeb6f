/**
 * Finds out whether machines really run here. That /dev/kvm exists proves nothing (some hosts have
 * one that boots no stock kernel), so a guest is booted until its word READY: with KVM, and if that
 * does not come to it, with QEMU's own translation, which is slower by far and called so.
 */
import { execFile } from "node:child_process";
import { accessSync, constants, mkdirSync, rmSync } from "node:fs";
import { access, readFile, stat, writeFile } from "node:fs/promises";
import { release } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { Result } from "../../../core/result.js";
import { digest } from "../../ipc/paths.js";
import { messageOf } from "../../log.js";
import { reapProcess } from "../process/ending.js";
import { directoryVariable } from "../process/environment.js";
import { type Accelerator, machineArguments } from "./arguments.js";
import { writeBootFiles } from "./boot-files.js";
import { defaultImageName, filesOf, findImage, listImages, type MachineImage } from "./images.js";
import { startMachine } from "./machine.js";
import { openDisks } from "./prepare.js";
import type { KvmSettings } from "./settings.js";
import { createImageVerifier, identityOf, sumsFile } from "./sums.js";

/** A guest under KVM is ready in less than a second; a KVM that cannot boot one hangs. */
const limitsMs = {
  kvm: { initramfs: 5_000, disk: 60_000 },
  tcg: { initramfs: 60_000, disk: 300_000 },
} as const;
const probeMemoryMiB = { initramfs: 128, disk: 512 } as const;

/** An error says in words for the operator why no machine can run here. */
export async function probeKvm(
  settings: KvmSettings,
  dataDirectory: string,
): Promise<Result<Accelerator, string>> {
  const { qemu } = settings;
  const version = await qemuVersion(qemu);
  if (version === null) return no(qemuMissing(qemu));
  const image = probedImage(settings);
  if (!image.ok) return image;
  try {
    const verified = await createImageVerifier().verify(image.value);
    if (!verified.ok) return verified;
    const key = await probeKey(version, verified.value);
    const known = await readKnown(dataDirectory, key);
    if (known !== null) return { ok: true, value: known };
    const found = await tryAccelerators(qemu, image.value, dataDirectory);
    if (found.ok) await writeKnown(dataDirectory, key, found.value);
    return found;
  } catch (error) {
    return no(messageOf(error));
  }
}

/**
 * What the answer depends on, as far as it can be seen without starting or reading anything: while
 * it stays the same, so does the answer. An error is the answer itself.
 */
export async function probeBasis(settings: KvmSettings): Promise<Result<string, string>> {
  const qemu = await findProgram(settings.qemu);
  if (qemu === null) return no(qemuMissing(settings.qemu));
  const image = probedImage(settings);
  if (!image.ok) return image;
  const { name, directory } = image.value;
  try {
    const files = [...filesOf(image.value), sumsFile].map((one) => join(directory, one));
    const identities = await Promise.all([qemu, ...files].map(identityOf));
    return { ok: true, value: [String(hasKvm()), ...identities].join("\n") };
  } catch {
    return no(`image ${name}: it is being changed, or has no ${sumsFile}`);
  }
}

const qemuMissing = (qemu: string): string =>
  `${qemu} does not run: apt-get install qemu-system-x86`;

/** The default one, or the first that starts fast. */
function probedImage({ images: store }: KvmSettings): Result<MachineImage, string> {
  const found = listImages(store).flatMap((name) => {
    const image = findImage(store, name);
    return image.ok ? [image.value] : [];
  });
  const image =
    found.find(({ name }) => name === defaultImageName) ??
    found.find(({ kind }) => kind === "initramfs") ??
    found[0];
  if (image !== undefined) return { ok: true, value: image };
  return no(`no image in ${store}: deploy/guest/build-image.sh ${join(store, defaultImageName)}`);
}

async function findProgram(name: string): Promise<string | null> {
  const directories = name.includes("/") ? [""] : (process.env.PATH ?? "").split(":");
  for (const directory of directories) {
    const path = directory === "" ? name : join(directory, name);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return null;
}

async function tryAccelerators(
  qemu: string,
  image: MachineImage,
  dataDirectory: string,
): Promise<Result<Accelerator, string>> {
  if (hasKvm()) {
    const why = await boot(qemu, image, "kvm", dataDirectory);
    if (why === null) return { ok: true, value: "kvm" };
  }
  const why = await boot(qemu, image, "tcg", dataDirectory);
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
  dataDirectory: string,
): Promise<string | null> {
  const directory = join(dataDirectory, "probe");
  const limitMs = limitsMs[accelerator][image.kind];
  // Of a supervisor that was killed during its probe.
  await reapProcess(null, "", directory, null);
  mkdirSync(directory, { recursive: true });
  try {
    const bootFile = writeBootFiles(image, [], directory);
    const disks = openDisks(image, bootFile, null);
    if (!disks.ok) return disks.error;
    const memoryMiB = probeMemoryMiB[image.kind];
    const shape = { image, accelerator, cores: 1, memoryMiB, bootFile, disks: disks.value };
    const machine = await startMachine({
      qemu,
      arguments: machineArguments({ ...shape, network: "none", staged: false }),
      directory,
      disks: disks.value,
      environment: {
        PATH: process.env.PATH ?? "/usr/bin:/bin",
        TMPDIR: directory,
        [directoryVariable]: directory,
      },
      joinFiles: [],
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
async function probeKey(version: string, imageDigest: string): Promise<string> {
  const device = await stat("/dev/kvm").catch(() => null);
  return digest([release(), device?.rdev ?? "none", version, imageDigest].join("\n"));
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

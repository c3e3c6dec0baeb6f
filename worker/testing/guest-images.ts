/**
 * What tests of machines need: QEMU, and an image store with the guest of this tree. `.ci/run` sees
 * to both; by hand:
 *
 *   apt-get install qemu-system-x86 qemu-utils busybox-static cpio lz4 mmdebstrap
 *   deploy/guest/build-image.sh ~/.cache/almanac/test-images/default
 *   deploy/guest/build-disk.sh ~/.cache/almanac/test-images/debian
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const testQemu = "qemu-system-x86_64";

export const testImages = join(
  process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
  "almanac/test-images",
);

const guest = fileURLToPath(new URL("../../deploy/guest", import.meta.url));

/** Why machines cannot be tested here; null: they can. Where they must be, that is an error. */
export function machinesMissing(): string | null {
  const why = missing();
  if (why !== null && process.env.ALMANAC_TEST_KVM === "required") throw new Error(why);
  return why;
}

/** The same of machines that boot from the disk of build-disk.sh. */
export function diskMachinesMissing(): string | null {
  const why = machinesMissing() ?? missingDisk();
  if (why !== null && process.env.ALMANAC_TEST_KVM === "required") throw new Error(why);
  return why;
}

function missingDisk(): string | null {
  const directory = join(testImages, "debian");
  const built = existsSync(join(directory, "disk.qcow2"));
  return built ? null : `no image with a disk: ${join(guest, "build-disk.sh")} ${directory}`;
}

/** An image as its owner would make it, its sums with it. */
export function writeImage(
  store: string,
  name: string,
  files: Readonly<Record<string, Uint8Array>>,
): string {
  const directory = join(store, name);
  mkdirSync(directory, { recursive: true });
  const sums = Object.entries(files).map(([file, data]) => {
    writeFileSync(join(directory, file), data);
    return `${createHash("sha256").update(data).digest("hex")}  ${file}\n`;
  });
  writeFileSync(join(directory, "SHA256SUMS"), sums.join(""));
  return directory;
}

function missing(): string | null {
  try {
    execFileSync(testQemu, ["--version"], { stdio: "ignore" });
  } catch {
    return "no QEMU: apt-get install qemu-system-x86";
  }
  const build = `${join(guest, "build-image.sh")} ${join(testImages, "default")}`;
  try {
    // Not compressed, so it is found there as it is.
    const initramfs = readFileSync(join(testImages, "default/initramfs"));
    const fits = initramfs.includes(readFileSync(join(guest, "init")));
    const summed = existsSync(join(testImages, "default/SHA256SUMS"));
    return fits && summed ? null : `old image: ${build}`;
  } catch {
    return `no guest image: ${build}`;
  }
}

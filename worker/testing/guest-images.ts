/**
 * What tests of machines need: QEMU, and an image store with the guest of this tree. `.ci/run` sees
 * to both; by hand:
 *
 *   apt-get install qemu-system-x86 busybox-static cpio lz4
 *   deploy/guest/build-image.sh ~/.cache/almanac/test-images/default
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
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
    return initramfs.includes(readFileSync(join(guest, "init"))) ? null : `old image: ${build}`;
  } catch {
    return `no guest image: ${build}`;
  }
}

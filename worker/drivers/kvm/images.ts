/**
 * The worker's image store: a directory of images. One is a directory with a `kernel` and an
 * `initramfs` whose init speaks the guest's protocol (deploy/guest/init), or with a disk, `disk.raw`
 * or `disk.qcow2`, that boots by itself or by the `kernel` (`initramfs`, `cmdline`) beside it.
 */
import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import type { Result } from "../../../core/result.js";
import type { DiskFormat } from "./disks.js";

export const defaultImageName = "default";

export type MachineImage = InitramfsImage | DiskImage;

export interface InitramfsImage {
  readonly kind: "initramfs";
  readonly name: string;
  readonly directory: string;
  readonly kernel: string;
  readonly initramfs: string;
}

export interface DiskImage {
  readonly kind: "disk";
  readonly name: string;
  readonly directory: string;
  readonly disk: string;
  readonly format: DiskFormat;
  /** null: the disk's own boot loader. */
  readonly kernel: { readonly path: string; readonly initramfs: string | null } | null;
  /** What the image's owner adds to the kernel's command line. */
  readonly kernelOptions: string;
}

const diskFiles = [
  { file: "disk.qcow2", format: "qcow2" },
  { file: "disk.raw", format: "raw" },
] as const;
const kernelOptionsDefault = "root=/dev/vda rw";
const kernelOptionsMax = 1_024;

/** A task names the image: what is named must lie in the store, links followed. */
export function findImage(store: string, name: string): Result<MachineImage, string> {
  try {
    const root = realpathSync(store);
    const directory = realpathSync(join(root, name));
    if (!directory.startsWith(root + sep)) return no(`image ${name}: outside of the image store`);
    const image = imageIn(directory, name);
    if (image !== null) return { ok: true, value: image };
  } catch {
    // It is not there.
  }
  const known = listImages(store);
  const names = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`;
  return no(
    `image ${name}: no kernel and initramfs, and no disk, of that name in the image store; ${names}`,
  );
}

function imageIn(directory: string, name: string): MachineImage | null {
  const fileOf = (file: string): string | null =>
    isFile(join(directory, file)) ? join(directory, file) : null;
  const kernel = fileOf("kernel");
  const initramfs = fileOf("initramfs");
  const found = diskFiles.find(({ file }) => isFile(join(directory, file)));
  if (found !== undefined) {
    return {
      kind: "disk",
      name,
      directory,
      disk: join(directory, found.file),
      format: found.format,
      kernel: kernel === null ? null : { path: kernel, initramfs },
      kernelOptions: kernelOptionsIn(directory),
    };
  }
  if (kernel === null || initramfs === null) return null;
  return { kind: "initramfs", name, directory, kernel, initramfs };
}

function kernelOptionsIn(directory: string): string {
  const path = join(directory, "cmdline");
  if (!isFile(path)) return kernelOptionsDefault;
  return readFileSync(path, "utf8").slice(0, kernelOptionsMax).trim().replace(/\s+/g, " ");
}

/** At most the first ten. */
export function listImages(store: string): string[] {
  try {
    return readdirSync(store)
      .filter((name) => imageIn(join(store, name), name) !== null)
      .sort()
      .slice(0, 10);
  } catch {
    return [];
  }
}

/** The names of the files that a machine is made from. */
export function filesOf({ directory }: MachineImage): string[] {
  const names = ["kernel", "initramfs", "cmdline", ...diskFiles.map(({ file }) => file)];
  return names.filter((name) => isFile(join(directory, name)));
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

const no = (message: string): { readonly ok: false; readonly error: string } => ({
  ok: false,
  error: message,
});

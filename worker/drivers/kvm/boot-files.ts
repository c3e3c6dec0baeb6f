/** Writes what a guest boots with beside its image into the attempt's directory. */
import { appendFileSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { GuestFile } from "./attempt-files.js";
import { type ArchiveFile, archive } from "./cpio.js";
import { guestAgent, metaData, userData } from "./guest-agent.js";
import type { MachineImage } from "./images.js";
import { isoImage } from "./iso.js";

/** The file that was written: an initramfs, or a seed disk for a machine that is this `instance`. */
export function writeBootFiles(
  image: MachineImage,
  files: readonly GuestFile[],
  directory: string,
  instance: string = basename(directory),
): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = bootFileOf(directory);
  if (image.kind === "initramfs") {
    copyFileSync(image.initramfs, path);
    appendFileSync(path, archive(archived(files)), { mode: 0o600 });
  } else {
    writeFileSync(path, seedDisk(files, instance), { mode: 0o600 });
  }
  return path;
}

export const removeBootFiles = (directory: string): void =>
  rmSync(bootFileOf(directory), { force: true });

const bootFileOf = (directory: string): string => join(directory, "boot");

const archived = (files: readonly GuestFile[]): ArchiveFile[] => [
  { path: "attempt", mode: 0o040755, data: Buffer.alloc(0) },
  ...files.map(({ name, content, executable }) => ({
    path: `attempt/${name}`,
    mode: 0o100000 | (executable ? 0o755 : 0o644),
    data: content,
  })),
];

/** cloud-init does its work once for each instance, so each attempt is one. */
const seedDisk = (files: readonly GuestFile[], instance: string): Buffer =>
  isoImage("cidata", [
    { name: "meta-data", data: Buffer.from(metaData(instance)) },
    { name: "user-data", data: Buffer.from(userData) },
    { name: "agent", data: Buffer.from(guestAgent) },
    ...files.map(({ name, content }) => ({ name, data: content })),
  ]);

/** From what an attempt asks to a machine that can be started: checked against the worker's policy. */
import { basename, join } from "node:path";
import { machineMemoryBytesDefault } from "../../../core/charge.js";
import type { KvmOptions, MachineNetwork } from "../../../core/drivers.js";
import type { Result } from "../../../core/result.js";
import type { DriverStart } from "../../driver.js";
import { secretFilesIn } from "../../secrets/places.js";
import type { MachineDisks } from "./arguments.js";
import { attemptFiles } from "./attempt-files.js";
import { writeBootFiles } from "./boot-files.js";
import { type DiskUse, type OpenDisk, openImageDisk, openUserDisk } from "./disks.js";
import { defaultImageName, findImage, type MachineImage } from "./images.js";
import { closeDisks } from "./machine.js";
import type { KvmSettings } from "./settings.js";
import type { ImageVerifier } from "./sums.js";
import { tarOf, tarPortionsOf } from "./tar.js";

export const mebibyte = 1024 ** 2;
/** The kernel needs so much before it can start anything. */
const memoryMiBMin = 96;
const coresMax = 255;

export interface Prepared {
  readonly image: MachineImage;
  readonly bootFile: string;
  /** Open: whoever starts the machine gives them to it. */
  readonly disks: MachineDisks;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly network: MachineNetwork;
  readonly staged: boolean;
  /** When the machine has gone: the user's disk is free again. */
  readonly release: () => void;
}

export interface PrepareOptions {
  readonly settings: KvmSettings;
  readonly verifier: ImageVerifier;
  readonly diskUse: DiskUse;
}

export async function prepareMachine(
  options: PrepareOptions,
  start: DriverStart,
): Promise<Result<Prepared, string>> {
  const asked = askedOf(start);
  const size = sizeOf(options.settings, start, asked);
  if (!size.ok) return size;
  const image = findImage(options.settings.images, asked.image);
  if (!image.ok) return image;
  const portions = start.staged === true ? await tarPortionsOf(join(start.directory, "work")) : 0;
  const secrets = await secretsArchive(start);
  const archives = { inputPortions: portions, secrets };
  const files = attemptFiles(start, image.value.kind, asked, archives);
  if (!files.ok) return files;
  const verified = await options.verifier.verify(image.value);
  if (!verified.ok) return verified;
  const instance = basename(start.directory);
  const bootFile = writeBootFiles(image.value, files.value, bootDirectoryOf(start), instance);
  const user = userDisk(options, asked);
  if (!user.ok) return user;
  const { disk, release } = user.value;
  const disks = openDisks(image.value, bootFile, disk);
  if (!disks.ok) {
    release();
    return disks;
  }
  const { network } = asked;
  const machine = { image: image.value, bootFile, disks: disks.value, ...size.value, network };
  return { ok: true, value: { ...machine, staged: start.staged === true, release } };
}

/** What a machine boots with holds its environment: where that has secrets, it lies in memory. */
export const bootDirectoryOf = ({ directory, secrets }: DriverStart): string =>
  secrets?.directory ?? directory;

async function secretsArchive({ secrets }: DriverStart): Promise<Buffer | null> {
  if (secrets?.hasFiles !== true) return null;
  const parts: Buffer[] = [];
  for await (const part of tarOf(secretFilesIn(secrets.directory))) parts.push(part);
  return Buffer.concat(parts);
}

function sizeOf(
  settings: KvmSettings,
  { devices, resources }: DriverStart,
  { network }: KvmOptions,
): Result<{ readonly cores: number; readonly memoryMiB: number }, string> {
  if (devices.length > 0) return no("the kvm driver gives machines no devices");
  if (network === "user" && settings.network !== "user") {
    return no("kvm.network: user is not allowed on this worker (its worker.kvm.network is none)");
  }
  const cores = Math.max(1, Math.ceil(resources.cpuMillis / 1000));
  if (cores > coresMax) return no(`a machine has at most ${coresMax} cores, not ${cores}`);
  const memoryBytes = resources.memoryBytes || machineMemoryBytesDefault;
  const memoryMiB = Math.floor(memoryBytes / mebibyte);
  if (memoryMiB < memoryMiBMin) {
    return no(`resources.memory: a machine needs ${memoryMiBMin}Mi at least, not ${memoryMiB}Mi`);
  }
  return { ok: true, value: { cores, memoryMiB } };
}

function userDisk(
  { settings, diskUse }: PrepareOptions,
  { disk: asked }: KvmOptions,
): Result<{ readonly disk: OpenDisk | null; readonly release: () => void }, string> {
  if (asked === null) return { ok: true, value: { disk: null, release: () => undefined } };
  const disk = openUserDisk(settings, asked);
  if (!disk.ok) return disk;
  const taken = diskUse.take(disk.value, asked.name);
  if (taken.ok) return { ok: true, value: { disk: disk.value, release: taken.value } };
  closeDisks({ disk: disk.value });
  return taken;
}

/** With the user's, which is closed if the others cannot be opened. */
export function openDisks(
  image: MachineImage,
  bootFile: string,
  user: OpenDisk | null,
): Result<MachineDisks, string> {
  const disks: { root?: OpenDisk; seed?: OpenDisk; disk?: OpenDisk } = {};
  if (user !== null) disks.disk = user;
  if (image.kind === "initramfs") return { ok: true, value: disks };
  for (const [name, path, format] of [
    ["root", image.disk, image.format],
    ["seed", bootFile, "raw"],
  ] as const) {
    const opened = openImageDisk(path, format);
    if (!opened.ok) {
      closeDisks(disks);
      return no(`image ${image.name}: ${opened.error}`);
    }
    disks[name] = opened.value;
  }
  return { ok: true, value: disks };
}

function askedOf({ command }: DriverStart): KvmOptions {
  if (command.options?.kind === "kvm") return command.options;
  return { kind: "kvm", image: defaultImageName, network: "none", disk: null };
}

const no = (message: string): { readonly ok: false; readonly error: string } => ({
  ok: false,
  error: message,
});

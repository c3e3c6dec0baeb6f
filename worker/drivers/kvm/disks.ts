/**
 * Disks of machines, opened here and handed to QEMU as descriptors: it opens no path, and what was
 * checked is what it gets. The format is the file's name's, never guessed from its content, which a
 * guest may have written.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { MachineDisk } from "../../../core/drivers.js";
import type { Result } from "../../../core/result.js";

export type DiskFormat = "raw" | "qcow2";

export interface OpenDisk {
  readonly fd: number;
  readonly format: DiskFormat;
  readonly writable: boolean;
}

/** What a worker's owner lets tasks have. */
export interface DiskPolicy {
  /** null: no disks. */
  readonly disks: string | null;
  readonly writableDisks: boolean;
}

/** A name, no path: nothing above or below the directory can be meant. */
const diskName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,255}\.(qcow2|raw|img)$/;

/** An image's own disk is never written: QEMU puts what the guest writes into a file that goes. */
export const openImageDisk = (path: string, format: DiskFormat): Result<OpenDisk, string> =>
  open(path, path, format, false);

export function openUserDisk(policy: DiskPolicy, asked: MachineDisk): Result<OpenDisk, string> {
  const { name, writable } = asked;
  if (policy.disks === null) {
    return no("kvm.disk: this worker lets tasks have no disks (its worker.kvm.disks is not set)");
  }
  if (!diskName.test(name)) {
    return no(`kvm.disk: ${name} is no file name that ends in .qcow2, .raw or .img`);
  }
  if (writable && !policy.writableDisks) {
    return no("kvm.disk: writable is not allowed on this worker (worker.kvm.writableDisks is off)");
  }
  const format = name.endsWith(".qcow2") ? "qcow2" : "raw";
  return open(join(policy.disks, name), `kvm.disk: ${name}`, format, writable);
}

function open(
  path: string,
  what: string,
  format: DiskFormat,
  writable: boolean,
): Result<OpenDisk, string> {
  let fd: number;
  try {
    // No link leads out of the directory; a pipe does not hold the supervisor up.
    const flags = constants.O_NOFOLLOW | constants.O_NONBLOCK;
    fd = openSync(path, flags | (writable ? constants.O_RDWR : constants.O_RDONLY));
  } catch {
    return no(`${what}: not there, a link, or no permission`);
  }
  const fault = faultOf(fd, format);
  if (fault === null) return { ok: true, value: { fd, format, writable } };
  closeSync(fd);
  return no(`${what}: ${fault}`);
}

function faultOf(fd: number, format: DiskFormat): string | null {
  if (!fstatSync(fd).isFile()) return "is not a file";
  if (format === "raw") return null;
  const header = Buffer.alloc(104);
  const length = readSync(fd, header, 0, header.length, 0);
  return qcow2Fault(header.subarray(0, length));
}

/**
 * A qcow2 may name other files of the host as its base or as the place of its data: whoever made it
 * would read them through the worker. (qemu: interop/qcow2)
 */
function qcow2Fault(header: Buffer): string | null {
  if (header.length < 72 || header.readUInt32BE(0) !== 0x514649fb) return "is not a qcow2 image";
  const version = header.readUInt32BE(4);
  if (version !== 2 && version !== 3) return `is a qcow2 image of version ${version}`;
  if (header.readBigUInt64BE(8) !== 0n) return "has a backing file: qemu-img convert it";
  if (header.readUInt32BE(32) !== 0) return "is encrypted";
  const externalData = 1n << 2n;
  if (version === 3 && header.length >= 80 && (header.readBigUInt64BE(72) & externalData) !== 0n) {
    return "keeps its data in another file: qemu-img convert it";
  }
  return null;
}

export interface DiskUse {
  /** The error says who is in the way. The value gives the disk back. */
  take(disk: OpenDisk, name: string): Result<() => void, string>;
}

/**
 * Who writes has a disk for itself. QEMU's own locks keep other workers of the host out as well; this
 * is for words that a user understands, before a machine is started.
 */
export function createDiskUse(): DiskUse {
  const users = new Map<string, { readonly writable: boolean; count: number }>();
  return {
    take(disk, name) {
      const { dev, ino } = fstatSync(disk.fd);
      const key = `${dev}:${ino}`;
      const found = users.get(key);
      if (found !== undefined && (found.writable || disk.writable)) {
        return no(`kvm.disk: ${name} is ${found.writable ? "written to" : "read"} by another task`);
      }
      const user = found ?? { writable: disk.writable, count: 0 };
      user.count += 1;
      users.set(key, user);
      let given = true;
      const release = (): void => {
        if (!given) return;
        given = false;
        user.count -= 1;
        if (user.count === 0) users.delete(key);
      };
      return { ok: true, value: release };
    },
  };
}

const no = (message: string): { readonly ok: false; readonly error: string } => ({
  ok: false,
  error: message,
});

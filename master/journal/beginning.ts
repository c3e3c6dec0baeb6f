/**
 * Where a journal begins that has been trimmed: `journal.begins` names the first record that is
 * still there, and the hash of the frame before it. It is durable before the first segment goes, so
 * that one that is missing by damage is never taken for one that was trimmed, and one that a crash
 * left behind never for a part of the journal.
 *
 * `ALMANACB`, format u32, sequence u64, link (32 bytes), CRC of these u32.
 */
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { FileSystem } from "./file-system.js";
import { linkBytes, noLink } from "./frame.js";
import { corrupt, JournalError } from "./journal.js";

export interface Beginning {
  /** Of the first record. */
  readonly sequence: number;
  /** Hash of the frame before it. */
  readonly link: Buffer;
}

const formatVersion = 1;
const magic = Buffer.from("ALMANACB", "latin1");
const linkAt = 20;
const bytesMax = linkAt + linkBytes + 4;

export const beginningName = "journal.begins";
const temporaryName = "begins.unfinished";

const untrimmed: Beginning = { sequence: 1, link: noLink };

/** Throws a JournalError `corrupt` or `unsupported_version`. */
export async function readBeginning(fileSystem: FileSystem, directory: string): Promise<Beginning> {
  if (!(await fileSystem.list(directory)).includes(beginningName)) return untrimmed;
  const path = join(directory, beginningName);
  const file = await fileSystem.open(path, "read");
  let bytes: Buffer;
  try {
    bytes = await file.read(0, bytesMax + 1);
  } finally {
    await file.close();
  }
  const isWhole = bytes.length === bytesMax && bytes.subarray(0, 8).equals(magic);
  if (!isWhole || crc32(bytes.subarray(0, -4)) !== bytes.readUInt32LE(bytesMax - 4)) {
    const actual = `${bytes.length} bytes that are not as they were written`;
    throw corrupt({ file: path, offset: 0, expected: "where the journal begins", actual });
  }
  const version = bytes.readUInt32LE(8);
  if (version !== formatVersion) {
    throw new JournalError("unsupported_version", `${path} has format ${version}`);
  }
  const sequence = bytes.readUInt32LE(12) + bytes.readUInt32LE(16) * 2 ** 32;
  return { sequence, link: Buffer.from(bytes.subarray(linkAt, linkAt + linkBytes)) };
}

/** Durable when it returns. */
export async function writeBeginning(
  fileSystem: FileSystem,
  directory: string,
  { sequence, link }: Beginning,
): Promise<void> {
  const bytes = Buffer.alloc(bytesMax);
  magic.copy(bytes);
  bytes.writeUInt32LE(formatVersion, 8);
  bytes.writeUInt32LE(sequence % 2 ** 32, 12);
  bytes.writeUInt32LE(Math.floor(sequence / 2 ** 32), 16);
  link.copy(bytes, linkAt);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytesMax - 4);
  const temporary = join(directory, temporaryName);
  if ((await fileSystem.list(directory)).includes(temporaryName)) {
    await fileSystem.remove(temporary);
  }
  const file = await fileSystem.open(temporary, "create");
  try {
    await file.write([bytes], 0);
    await file.datasync();
  } finally {
    await file.close();
  }
  await fileSystem.rename(temporary, join(directory, beginningName));
  await fileSystem.syncDirectory(directory);
}

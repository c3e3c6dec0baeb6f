/**
 * Snapshots beside the segments: `SEQUENCE.snapshot` holds what folding the journal up to that
 * sequence gave, as texts. A snapshot is only ever believed if all of it is as it was written
 * (SHA-256 over the whole file) and it stands where it says in the chain of frames.
 *
 * `ALMANACS`, format u32, version of the texts u32, sequence u64, link of the journal at that place
 * (32 bytes); the texts, each length u32 and UTF-8; then length 2^32 - 1, number of texts u32, and
 * the SHA-256 of all before it.
 */
import { createHash, type Hash } from "node:crypto";
import { join } from "node:path";
import { assert } from "../../core/result.js";
import type { FileSystem, JournalFile } from "./file-system.js";
import { linkBytes } from "./frame.js";
import { corrupt, JournalError } from "./journal.js";

const formatVersion = 1;
const magic = Buffer.from("ALMANACS", "latin1");
const headerBytes = 24 + linkBytes;
const endMark = 0xffff_ffff;
const trailerBytes = 8 + 32;
/** Written at once. */
const chunkBytes = 4 * 1024 * 1024;
/** The newest and the one before it, should the newest turn out to be damaged. */
const kept = 2;

const namePattern = /^\d{20}\.snapshot$/;
const temporaryName = "snapshot.unfinished";

export interface SnapshotFile {
  readonly path: string;
  readonly sequence: number;
}

export interface Snapshot {
  readonly sequence: number;
  /** Hash of the frame that holds the last record that went in. */
  readonly link: Buffer;
  readonly textsVersion: number;
}

/** Newest first. */
export async function listSnapshots(
  fileSystem: FileSystem,
  directory: string,
): Promise<SnapshotFile[]> {
  const names = (await fileSystem.list(directory)).filter((name) => namePattern.test(name));
  return names
    .sort()
    .reverse()
    .map((name) => ({ path: join(directory, name), sequence: Number(name.slice(0, 20)) }));
}

/** Durable when it returns the bytes written; no reader ever sees a part of it. */
export async function writeSnapshot(
  fileSystem: FileSystem,
  directory: string,
  snapshot: Snapshot,
  texts: Iterable<string>,
): Promise<number> {
  const temporary = join(directory, temporaryName);
  if ((await fileSystem.list(directory)).includes(temporaryName)) {
    await fileSystem.remove(temporary);
  }
  const file = await fileSystem.open(temporary, "create");
  let bytes: number;
  try {
    bytes = await writeAll(file, snapshot, texts);
    await file.datasync();
  } finally {
    await file.close();
  }
  const name = `${String(snapshot.sequence).padStart(20, "0")}.snapshot`;
  await fileSystem.rename(temporary, join(directory, name));
  await fileSystem.syncDirectory(directory);
  for (const { path } of (await listSnapshots(fileSystem, directory)).slice(kept)) {
    await fileSystem.remove(path);
  }
  return bytes;
}

async function writeAll(
  file: JournalFile,
  snapshot: Snapshot,
  texts: Iterable<string>,
): Promise<number> {
  const hash = createHash("sha256");
  let position = 0;
  let waiting: Buffer[] = [encodeHeader(snapshot)];
  let waitingBytes = headerBytes;
  let count = 0;
  const flush = async (): Promise<void> => {
    const chunk = Buffer.concat(waiting);
    hash.update(chunk);
    await file.write([chunk], position);
    position += chunk.length;
    waiting = [];
    waitingBytes = 0;
  };
  for (const text of texts) {
    const encoded = Buffer.from(text);
    waiting.push(uint32(encoded.length), encoded);
    waitingBytes += 4 + encoded.length;
    count += 1;
    if (waitingBytes >= chunkBytes) await flush();
  }
  waiting.push(uint32(endMark), uint32(count));
  await flush();
  await file.write([hash.digest()], position);
  return position + 32;
}

/** Verified as a whole before anything of it is handed out; throws a JournalError. */
export async function readSnapshot(
  fileSystem: FileSystem,
  { path, sequence }: SnapshotFile,
): Promise<Snapshot & { readonly texts: Iterable<string>; readonly bytes: number }> {
  const file = await fileSystem.open(path, "read");
  let bytes: Buffer;
  try {
    bytes = await file.read(0, await file.size());
  } finally {
    await file.close();
  }
  const damaged = (offset: number, expected: string, actual: string): JournalError =>
    corrupt({ file: path, offset, expected, actual });
  if (bytes.length < headerBytes + trailerBytes || !bytes.subarray(0, 8).equals(magic)) {
    throw damaged(0, "a snapshot", `${bytes.length} bytes that are none`);
  }
  const hash: Hash = createHash("sha256").update(bytes.subarray(0, -32));
  const digest = hash.digest("hex");
  const stored = bytes.subarray(-32).toString("hex");
  if (digest !== stored) throw damaged(bytes.length - 32, `SHA-256 ${stored}`, digest);
  const version = bytes.readUInt32LE(8);
  if (version !== formatVersion) {
    throw new JournalError("unsupported_version", `${path} has format ${version}`);
  }
  const inside = bytes.readUInt32LE(16) + bytes.readUInt32LE(20) * 2 ** 32;
  if (inside !== sequence) {
    throw damaged(16, `sequence ${sequence}, as its name says`, `sequence ${inside}`);
  }
  const link = Buffer.from(bytes.subarray(24, headerBytes));
  const textsVersion = bytes.readUInt32LE(12);
  return { sequence, link, textsVersion, texts: textsOf(bytes), bytes: bytes.length };
}

function* textsOf(bytes: Buffer): Generator<string> {
  let position = headerBytes;
  for (;;) {
    const length = bytes.readUInt32LE(position);
    if (length === endMark) break;
    yield bytes.toString("utf8", position + 4, position + 4 + length);
    position += 4 + length;
  }
  assert(position === bytes.length - trailerBytes, "texts fill their snapshot");
}

function encodeHeader({ sequence, link, textsVersion }: Snapshot): Buffer {
  const header = Buffer.alloc(headerBytes);
  magic.copy(header, 0);
  header.writeUInt32LE(formatVersion, 8);
  header.writeUInt32LE(textsVersion, 12);
  header.writeUInt32LE(sequence % 2 ** 32, 16);
  header.writeUInt32LE(Math.floor(sequence / 2 ** 32), 20);
  link.copy(header, 24);
  return header;
}

function uint32(value: number): Buffer {
  const buffer = Buffer.allocUnsafe(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

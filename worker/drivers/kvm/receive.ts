/**
 * Unpacks what a machine sends of its task's outputs. The guest is the task's, so nothing of it is
 * believed: plain files alone are written, under names that stay below a directory that was not
 * there before, each once, and no more of them and no larger than the task's outputs may be.
 */
import { constants } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { dataLimits, relativePathProblem, type TaskOutput } from "../../../core/data.js";
import { matchesGlob } from "../../../core/glob.js";
import { quote } from "../../../core/violations.js";
import { type ByteSource, createByteSource } from "./byte-source.js";
import { blockBytes, paddingOf, readHeader, type TarHeader } from "./tar.js";

/** Fills the guest's last block (attempt-files.ts): all has been packed, and packing went well. */
export const endOfOutputs = "almanac: end of outputs";

interface ReceiveOptions {
  readonly stream: AsyncIterable<Buffer>;
  /** Made here. */
  readonly directory: string;
  readonly outputs: readonly TaskOutput[];
}

export type Received =
  /** And the stream has ended. */
  | { readonly kind: "whole" }
  /** In words for the user. There may be more to come: nobody reads it any more. */
  | { readonly kind: "refused"; readonly message: string }
  /** The stream has ended before its end. */
  | { readonly kind: "cut_off" };

/** What is not taken, in words for the user. */
class Refusal extends Error {}

/** Of files that the guest's patterns let through, which are wider than ours (attempt-files.ts). */
const skippedBytesMax = 1024 ** 3;
/** Headers, long names and empty blocks. */
const blocksMax = 4 * dataLimits.visitedEntries;

interface Unpacking extends ReceiveOptions {
  readonly source: ByteSource;
  /** By output: bytes taken so far. */
  readonly bytes: number[];
  files: number;
  skippedBytes: number;
  blocks: number;
}

export async function receiveOutputs(options: ReceiveOptions): Promise<Received> {
  const source = createByteSource(options.stream);
  const bytes = options.outputs.map(() => 0);
  const unpacking = { ...options, source, bytes, files: 0, skippedBytes: 0, blocks: 0 };
  try {
    await mkdir(options.directory, { mode: 0o700 });
    if (!(await unpack(unpacking))) return { kind: "cut_off" };
    // A guest that goes on would otherwise wait for a reader, and never come to its last word.
    await source.discard().catch(() => undefined);
    return { kind: "whole" };
  } catch (error) {
    return { kind: "refused", message: error instanceof Error ? error.message : String(error) };
  }
}

/** Whether it came to its end. */
async function unpack(unpacking: Unpacking): Promise<boolean> {
  const { source } = unpacking;
  let longName: Buffer | null = null;
  for (;;) {
    const block = await nextBlock(unpacking);
    if (block === null) return false;
    if (block.every((byte) => byte === 0)) continue;
    if (block.toString("latin1").trimEnd() === endOfOutputs) return true;
    const header = readHeader(block);
    if (header === null) throw new Refusal("the machine sent its outputs as no archive");
    if (header.type === "L") {
      const name = await readLongName(unpacking, header);
      if (name === null) return false;
      longName = name;
      continue;
    }
    const path = pathOf(longName ?? header.name);
    longName = null;
    if (!(await takeEntry(unpacking, header, path))) return false;
    if ((await source.exactly(paddingOf(header.size ?? 0))) === null) return false;
  }
}

function nextBlock(unpacking: Unpacking): Promise<Buffer | null> {
  unpacking.blocks += 1;
  if (unpacking.blocks > blocksMax) throw new Refusal("the machine's archive has no end");
  return unpacking.source.exactly(blockBytes);
}

async function readLongName({ source }: Unpacking, { size }: TarHeader): Promise<Buffer | null> {
  // Of characters with four bytes, with `./` before them and a zero behind.
  if (size === null || size > 4 * dataLimits.pathLength + 3) {
    throw new Refusal(`a name has more than ${dataLimits.pathLength} characters`);
  }
  const data = await source.exactly(size + paddingOf(size));
  if (data === null) return null;
  const name = data.subarray(0, size);
  const end = name.indexOf(0);
  return end < 0 ? name : name.subarray(0, end);
}

function pathOf(name: Buffer): string {
  const text = name.toString();
  if (!Buffer.from(text).equals(name)) throw new Refusal(`${quote(text)} is not UTF-8`);
  const path = text.replace(/^(\.\/)+/, "");
  // The directory itself.
  if (text !== "" && (path === "" || path === ".")) return ".";
  const problem = relativePathProblem(path);
  if (problem !== null) throw new Refusal(`${quote(text)} ${problem}`);
  return path;
}

/** What is no plain file, in the collector's words; tar's types of those are "0", "7" and "\0". */
const refusedTypes: Readonly<Record<string, string>> = {
  "1": "has another name as well: hard links are not taken",
  "2": "is a symbolic link",
  "3": "is a device",
  "4": "is a device",
  "6": "is a fifo",
};

/** false: the stream has ended in it. */
async function takeEntry(
  unpacking: Unpacking,
  { type, size, executable }: TarHeader,
  path: string,
): Promise<boolean> {
  if (size === null || size > dataLimits.fileBytes) {
    throw new Refusal(`${quote(path)} has more than ${dataLimits.fileBytes} bytes`);
  }
  if (type === "5") {
    if (size > 0) throw new Refusal(`${quote(path)} is a directory with content of its own`);
    return true;
  }
  const problem = refusedTypes[type];
  if (problem !== undefined) throw new Refusal(`${quote(path)} ${problem}`);
  if (!["0", "7", "\0"].includes(type) || path === "." || path.endsWith("/")) {
    throw new Refusal(`${quote(path)} is of a kind that is not taken`);
  }
  const index = unpacking.outputs.findIndex((output) => matchesGlob(output.path, path));
  if (index < 0) return skip(unpacking, size);
  account(unpacking, index, path, size);
  return writeOut(unpacking, path, size, executable);
}

async function skip(unpacking: Unpacking, size: number): Promise<boolean> {
  unpacking.skippedBytes += size;
  if (unpacking.skippedBytes > skippedBytesMax) {
    throw new Refusal(`the machine sent more than ${skippedBytesMax} bytes that are no outputs`);
  }
  let left = size;
  for await (const piece of unpacking.source.pieces(size)) left -= piece.length;
  return left === 0;
}

/** Before a byte of it is written. */
function account(unpacking: Unpacking, index: number, path: string, size: number): void {
  const { path: pattern, maxBytes } = unpacking.outputs[index] ?? { path: "", maxBytes: 0 };
  const before = unpacking.bytes[index] ?? 0;
  if (size > maxBytes - before) {
    throw new Refusal(
      `${quote(path)} has ${size} bytes, and ${quote(pattern)} may have ${maxBytes} in all (maxBytes)`,
    );
  }
  unpacking.bytes[index] = before + size;
  unpacking.files += 1;
  if (unpacking.files > dataLimits.outputFiles) {
    throw new Refusal(`more than ${dataLimits.outputFiles} files match the outputs`);
  }
}

const newFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

async function writeOut(
  { directory, source }: Unpacking,
  path: string,
  size: number,
  executable: boolean,
): Promise<boolean> {
  const target = join(directory, path);
  const file = await orRefuse(path, async () => {
    const above = await mkdir(dirname(target), { recursive: true, mode: 0o700 }).catch(() => false);
    if (above === false) throw new Refusal(`${quote(path)} lies below a file`);
    return open(target, newFile, executable ? 0o755 : 0o644);
  });
  try {
    let left = size;
    for await (const piece of source.pieces(size)) {
      left -= piece.length;
      await orRefuse(path, () => file.writeFile(piece));
    }
    return left === 0;
  } finally {
    await file.close();
  }
}

async function orRefuse<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    const why = code === "EEXIST" ? "was sent twice" : `cannot be written: ${code}`;
    throw new Refusal(`${quote(path)} ${why}`);
  }
}

/**
 * Archives of tar(5) as far as files of tasks need them: what a machine is sent, and the headers of
 * what it sends back. Names longer than a header holds go as GNU's do, which busybox knows as well.
 */
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

export const blockBytes = 512;
const nameBytesMax = 100;
/** Octal in eleven digits; larger ones are written in base 256. */
const octalMax = 8 ** 11;
/** Archives are padded to a multiple of this. */
export const portionBytes = 64 * 1024;
const longLink = "././@LongLink";

type Part = Buffer | { readonly path: string; readonly size: number };

/** Of a directory that holds plain files and directories alone, and that nobody writes to. */
export async function* tarOf(directory: string): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const part of partsOf(directory, "")) {
    bytes += bytesOf(part);
    if (Buffer.isBuffer(part)) yield part;
    else if (part.size > 0) yield* createReadStream(part.path, { end: part.size - 1 });
  }
  yield Buffer.alloc(portionsFor(bytes) * portionBytes - bytes);
}

/** How long the archive of it is going to be. */
export async function tarPortionsOf(directory: string): Promise<number> {
  let bytes = 0;
  for await (const part of partsOf(directory, "")) bytes += bytesOf(part);
  return portionsFor(bytes);
}

/** Two empty blocks are the end. */
const portionsFor = (bytes: number): number => Math.ceil((bytes + 2 * blockBytes) / portionBytes);

const bytesOf = (part: Part): number => (Buffer.isBuffer(part) ? part.length : part.size);

async function* partsOf(directory: string, prefix: string): AsyncGenerator<Part> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory()) {
      yield* headersOf(`${name}/`, "5", 0, 0o755);
      yield* partsOf(path, `${name}/`);
    } else if (entry.isFile()) {
      const { size, mode } = await stat(path);
      yield* headersOf(name, "0", size, (mode & 0o111) === 0 ? 0o644 : 0o755);
      yield { path, size };
      yield Buffer.alloc(paddingOf(size));
    }
  }
}

function* headersOf(name: string, type: string, size: number, mode: number): Generator<Buffer> {
  const bytes = Buffer.from(name);
  if (bytes.length > nameBytesMax) {
    yield header(Buffer.from(longLink), "L", bytes.length + 1, 0o644);
    yield Buffer.concat([bytes, Buffer.alloc(1 + paddingOf(bytes.length + 1))]);
  }
  yield header(bytes.subarray(0, nameBytesMax), type, size, mode);
}

/** What stands behind content up to the next block. */
export const paddingOf = (bytes: number): number =>
  (blockBytes - (bytes % blockBytes)) % blockBytes;

function header(name: Buffer, type: string, size: number, mode: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  name.copy(block, 0);
  const octal = (value: number, at: number, digits: number): void =>
    void block.write(value.toString(8).padStart(digits, "0"), at, "latin1");
  octal(mode, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  if (size < octalMax) octal(size, 124, 11);
  else {
    block[124] = 0x80;
    block.writeBigUInt64BE(BigInt(size), 128);
  }
  octal(0, 136, 11);
  block.write(type, 156, "latin1");
  block.write("ustar  ", 257, "latin1");
  octal(sumOf(block), 148, 6);
  block.write("\0 ", 154, "latin1");
  return block;
}

/** Its own field counts as spaces. */
const sumOf = (block: Buffer): number =>
  block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);

export interface TarHeader {
  /** As its bytes are: whose they are is not known. */
  readonly name: Buffer;
  /** One character; a file of old archives has "\0". */
  readonly type: string;
  /** null: more than a number here can hold. */
  readonly size: number | null;
  readonly executable: boolean;
}

/** null: not a header. */
export function readHeader(block: Buffer): TarHeader | null {
  if (octalAt(block, 148, 8) !== sumOf(block)) return null;
  const mode = octalAt(block, 100, 8);
  const size = sizeOf(block);
  if (mode === null || size === undefined) return null;
  const type = String.fromCharCode(block[156] ?? 0);
  // GNU's own kind keeps times where POSIX has the front of a long name.
  const isPosix = block.subarray(257, 263).equals(Buffer.from("ustar\0"));
  const prefix = isPosix ? textAt(block, 345, 155) : Buffer.alloc(0);
  const name = textAt(block, 0, nameBytesMax);
  const whole = prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from("/"), name]);
  return { name: whole, type, size, executable: (mode & 0o111) !== 0 };
}

/** undefined: no number. */
function sizeOf(block: Buffer): number | null | undefined {
  const first = block[124] ?? 0;
  if (first < 0x80) return octalAt(block, 124, 12) ?? undefined;
  const rest = block.subarray(125, 136);
  const value = BigInt(`0x${rest.toString("hex")}`);
  const fits = first === 0x80 && value <= BigInt(Number.MAX_SAFE_INTEGER);
  return fits ? Number(value) : null;
}

function octalAt(block: Buffer, at: number, length: number): number | null {
  const field = block.toString("latin1", at, at + length);
  const text = field.replaceAll("\0", " ").trim();
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : null;
}

function textAt(block: Buffer, at: number, length: number): Buffer {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end));
}

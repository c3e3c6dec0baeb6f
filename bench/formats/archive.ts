/**
 * Bytes of a file as they were before gzip or zip. Of a zip archive the one file in it is read, by
 * its central directory (PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16), stored or deflated.
 */
import { crc32, gunzipSync, inflateRawSync } from "node:zlib";
import { FormatError } from "./numbers.js";

const localHeader = 0x04034b50;
const centralHeader = 0x02014b50;
const endOfDirectory = 0x06054b50;
const endBytes = 22;
const commentBytesMax = 0xffff;
const stored = 0;
const deflated = 8;
const plainBytesMax = 512 * 1024 * 1024;

export function unpack(bytes: Buffer): Buffer {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    return gunzipSync(bytes, { maxOutputLength: plainBytesMax });
  }
  if (bytes.length >= endBytes && bytes.readUInt32LE(0) === localHeader) return unzip(bytes);
  return bytes;
}

function unzip(bytes: Buffer): Buffer {
  const end = findEnd(bytes);
  const files = bytes.readUInt16LE(end + 10);
  if (files !== 1) throw new FormatError(`a zip archive of ${files} files, where one is expected`);
  const entry = bytes.readUInt32LE(end + 16);
  if (bytes.readUInt32LE(entry) !== centralHeader) throw new FormatError("the zip is damaged");
  const method = bytes.readUInt16LE(entry + 10);
  const checksum = bytes.readUInt32LE(entry + 16);
  const packedBytes = bytes.readUInt32LE(entry + 20);
  const local = bytes.readUInt32LE(entry + 42);
  // The local header repeats the names, with extra fields of its own length.
  const data = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
  const packed = bytes.subarray(data, data + packedBytes);
  const plain = inflate(packed, method);
  if (crc32(plain) !== checksum) throw new FormatError("the zip is damaged: wrong checksum");
  return plain;
}

function inflate(packed: Buffer, method: number): Buffer {
  if (method === stored) return packed;
  if (method === deflated) return inflateRawSync(packed, { maxOutputLength: plainBytesMax });
  throw new FormatError(`zip method ${method}, where stored or deflated is expected`);
}

/** The end record stands last, behind it only a comment. */
function findEnd(bytes: Buffer): number {
  const first = Math.max(0, bytes.length - endBytes - commentBytesMax);
  for (let at = bytes.length - endBytes; at >= first; at--) {
    if (bytes.readUInt32LE(at) === endOfDirectory) return at;
  }
  throw new FormatError("the zip is truncated");
}

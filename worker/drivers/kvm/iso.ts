/**
 * A small ISO 9660 file system (ECMA-119), the kind of disk on which cloud-init looks for its seed:
 * one directory of files, which Linux shows as readable and executable for all.
 */
import { assert } from "../../../core/result.js";

export interface IsoFile {
  readonly name: string;
  readonly data: Uint8Array;
}

const sectorBytes = 2_048;
const volumeSector = 16;
const pathTableSector = 18;
const rootSector = 20;
const firstFileSector = 21;

export function isoImage(volume: string, files: readonly IsoFile[]): Buffer {
  let sector = firstFileSector;
  const placed = files.map((file) => {
    const at = sector;
    sector += Math.ceil(file.data.length / sectorBytes);
    return { ...file, at };
  });
  const image = Buffer.alloc(sector * sectorBytes);
  const put = (at: number, data: Uint8Array): void => image.set(data, at * sectorBytes);

  const root = Buffer.concat([
    record("\0", rootSector, sectorBytes, true),
    record("\x01", rootSector, sectorBytes, true),
    ...placed.map(({ name, at, data }) => record(`${name};1`, at, data.length, false)),
  ]);
  assert(root.length <= sectorBytes, "more files than fit into one directory sector");
  put(volumeSector, descriptor(volume, sector));
  // The end of the descriptors.
  put(volumeSector + 1, Buffer.from("\xffCD001\x01", "latin1"));
  put(pathTableSector, pathTable("LE"));
  put(pathTableSector + 1, pathTable("BE"));
  put(rootSector, root);
  for (const { at, data } of placed) put(at, data);
  return image;
}

function descriptor(volume: string, sectors: number): Buffer {
  const data = Buffer.alloc(sectorBytes);
  data.write("\x01CD001\x01", 0, "latin1");
  data.fill(" ", 8, 72);
  data.write(volume.slice(0, 32), 40, "latin1");
  both32(sectors).copy(data, 80);
  both16(1).copy(data, 120);
  both16(1).copy(data, 124);
  both16(sectorBytes).copy(data, 128);
  both32(pathTable("LE").length).copy(data, 132);
  data.writeUInt32LE(pathTableSector, 140);
  data.writeUInt32BE(pathTableSector + 1, 148);
  record("\0", rootSector, sectorBytes, true).copy(data, 156);
  data.fill(" ", 190, 813);
  // No dates: the same files make the same image.
  for (const at of [813, 830, 847, 864]) data.fill("0", at, at + 16);
  data[881] = 1;
  return data;
}

/** The root alone. */
function pathTable(order: "LE" | "BE"): Buffer {
  const data = Buffer.alloc(10);
  data[0] = 1;
  if (order === "LE") {
    data.writeUInt32LE(rootSector, 2);
    data.writeUInt16LE(1, 6);
  } else {
    data.writeUInt32BE(rootSector, 2);
    data.writeUInt16BE(1, 6);
  }
  return data;
}

function record(name: string, sector: number, bytes: number, isDirectory: boolean): Buffer {
  const length = 33 + name.length + ((name.length + 1) % 2);
  const data = Buffer.alloc(length);
  data[0] = length;
  both32(sector).copy(data, 2);
  both32(bytes).copy(data, 10);
  data[25] = isDirectory ? 2 : 0;
  both16(1).copy(data, 28);
  data[32] = name.length;
  data.write(name, 33, "latin1");
  return data;
}

/** Numbers stand there in both byte orders. */
function both32(value: number): Buffer {
  const data = Buffer.alloc(8);
  data.writeUInt32LE(value, 0);
  data.writeUInt32BE(value, 4);
  return data;
}

function both16(value: number): Buffer {
  const data = Buffer.alloc(4);
  data.writeUInt16LE(value, 0);
  data.writeUInt16BE(value, 2);
  return data;
}

/**
 * Archives of the kind that the kernel unpacks into its first file system (kernel:
 * driver-api/early-userspace/buffer-format, "newc"). Several may follow one another in one file.
 */
export interface ArchiveFile {
  /** Without a leading slash. */
  readonly path: string;
  /** With the file's type: 0o100755, 0o040755. */
  readonly mode: number;
  readonly data: Uint8Array;
}

/** Directories come before what is in them; the caller sees to it. */
export function archive(files: readonly ArchiveFile[]): Buffer {
  const entries = files.flatMap((file, index) => entry(file, index + 1));
  const trailer = entry({ path: "TRAILER!!!", mode: 0, data: new Uint8Array() }, 0);
  return Buffer.concat([...entries, ...trailer]);
}

function entry({ path, mode, data }: ArchiveFile, inode: number): Buffer[] {
  const name = Buffer.from(`${path}\0`);
  const links = 1;
  const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, 0, 0, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  return [padded(Buffer.concat([Buffer.from(header), name])), padded(Buffer.from(data))];
}

/** Everything stands at multiples of four bytes. */
const padded = (data: Buffer): Buffer =>
  Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)]);

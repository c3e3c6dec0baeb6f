/** The real disk, counting what a journal asks of it. */
import type { FileSystem, JournalFile } from "../../master/journal/file-system.js";

export interface CountingFileSystem extends FileSystem {
  readonly syncs: () => number;
  readonly bytes: () => number;
}

export function countingFileSystem(disk: FileSystem): CountingFileSystem {
  let syncs = 0;
  let bytes = 0;
  const counting = (file: JournalFile): JournalFile => ({
    ...file,
    async write(buffers, position) {
      for (const buffer of buffers) bytes += buffer.length;
      await file.write(buffers, position);
    },
    async datasync() {
      syncs += 1;
      await file.datasync();
    },
  });
  return {
    ...disk,
    open: async (path, mode) => counting(await disk.open(path, mode)),
    syncs: () => syncs,
    bytes: () => bytes,
  };
}

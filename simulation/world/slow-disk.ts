/** A disk whose calls take time, so that a process can die between one and the next. */
import type { Clock } from "../../core/clock.js";
import type { FileSystem, JournalFile } from "../../master/journal/file-system.js";
import { sleepOn } from "../../worker/clock.js";

export function slowDisk(disk: FileSystem, clock: Clock, syncMs: () => number): FileSystem {
  return {
    ...disk,
    makeDirectory: (path) => disk.makeDirectory(path),
    list: (directory) => disk.list(directory),
    remove: (path) => disk.remove(path),
    async open(path, mode) {
      return slowFile(await disk.open(path, mode), clock, syncMs);
    },
    async syncDirectory(path) {
      await sleepOn(clock, syncMs());
      await disk.syncDirectory(path);
    },
  };
}

function slowFile(file: JournalFile, clock: Clock, syncMs: () => number): JournalFile {
  return {
    async write(buffers, position) {
      await file.write(buffers, position);
    },
    read: (position, length) => file.read(position, length),
    size: () => file.size(),
    truncate: (size) => file.truncate(size),
    async datasync() {
      await sleepOn(clock, syncMs());
      await file.datasync();
    },
    close: () => file.close(),
  };
}

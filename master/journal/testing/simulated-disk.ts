/**
 * A disk in memory that keeps what was synced and may lose the rest. `kill -9` never tests fsync,
 * because the kernel's memory survives it; `crash` does: every unsynced sector is kept or lost by
 * chance, and so is the length of a file and every name that no directory sync made durable.
 */
import { basename, dirname, join } from "node:path";
import type { FileSystem, JournalFile } from "../file-system.js";

export type DiskOperation = "write" | "datasync" | "syncDirectory" | "create";
export type DiskChange = DiskOperation | "truncate" | "remove" | "rename";

export interface SimulatedDisk extends FileSystem {
  /** Calls so far. */
  readonly counts: Readonly<Record<DiskOperation, number>>;
  /** Makes the n-th call from now (1: the next) of this operation fail with this errno code. */
  failAt(operation: DiskOperation, nth: number, code: string): void;
  /** Called before and after each change: where a crash may come. */
  onOperation(listener: (operation: DiskChange, moment: "before" | "after") => void): void;
  /**
   * The disk that the next life finds: what was not synced is kept or lost sector by sector, as
   * `random` in [0, 1) decides. The old disk goes on serving the old life, which does not matter.
   */
  crash(random: () => number): SimulatedDisk;
  /** Contents as a reader sees them now; the buffer is the disk's own and may be damaged. */
  contents(path: string): Buffer;
  paths(): string[];
}

interface Inode {
  current: Buffer;
  durable: Buffer;
}

const sectorBytes = 512;

export function createSimulatedDisk(found: ReadonlyMap<string, Inode> = new Map()): SimulatedDisk {
  const names = new Map(found);
  const durableNames = new Map(found);
  const counts = { write: 0, datasync: 0, syncDirectory: 0, create: 0 };
  const faults: { operation: DiskOperation; at: number; code: string }[] = [];

  function count(operation: DiskOperation): void {
    counts[operation] += 1;
    const fault = faults.find(
      (each) => each.operation === operation && each.at === counts[operation],
    );
    if (fault !== undefined) throw errno(fault.code);
  }

  let listener: (operation: DiskChange, moment: "before" | "after") => void = () => {};

  /** Tells the listener of both sides of a change. */
  function around<T>(operation: DiskChange, change: () => T): T {
    listener(operation, "before");
    const result = change();
    listener(operation, "after");
    return result;
  }

  function inodeOf(path: string): Inode {
    const inode = names.get(path);
    if (inode === undefined) throw errno("ENOENT");
    return inode;
  }

  return {
    counts,
    failAt(operation, nth, code) {
      faults.push({ operation, at: counts[operation] + nth, code });
    },
    onOperation(given) {
      listener = given;
    },
    crash(random) {
      const survivors = new Map<string, Inode>();
      for (const path of new Set([...names.keys(), ...durableNames.keys()])) {
        // A name that was made, removed or given to another file since the last sync: either way.
        const certain = names.get(path) === durableNames.get(path);
        const found = certain || random() < 0.5 ? names : durableNames;
        const inode = found.get(path);
        if (inode === undefined) continue;
        const contents = survivorOf(inode, random);
        survivors.set(path, { current: contents, durable: Buffer.from(contents) });
      }
      return createSimulatedDisk(survivors);
    },
    contents: (path) => inodeOf(path).current,
    paths: () => [...names.keys()].sort(),
    async makeDirectory() {},
    async list(directory) {
      return [...names.keys()]
        .filter((path) => dirname(path) === directory)
        .map((p) => basename(p));
    },
    async open(path, mode) {
      if (mode === "create") {
        count("create");
        if (names.has(path)) throw errno("EEXIST");
        const inode = { current: Buffer.alloc(0), durable: Buffer.alloc(0) };
        around("create", () => names.set(path, inode));
      }
      return simulatedFile(inodeOf(path), count, around);
    },
    async remove(path) {
      around("remove", () => names.delete(path));
    },
    async rename(from, to) {
      const inode = inodeOf(from);
      around("rename", () => {
        names.set(to, inode);
        names.delete(from);
      });
    },
    async syncDirectory(path) {
      await Promise.resolve();
      count("syncDirectory");
      around("syncDirectory", () => {
        for (const [name, inode] of names) {
          if (dirname(name) === join(path)) durableNames.set(name, inode);
        }
        for (const name of [...durableNames.keys()]) {
          if (!names.has(name)) durableNames.delete(name);
        }
      });
    },
  };
}

function simulatedFile(
  inode: Inode,
  count: (operation: DiskOperation) => void,
  around: <T>(operation: DiskChange, change: () => T) => T,
): JournalFile {
  return {
    async write(buffers, position) {
      await Promise.resolve();
      const bytes = Buffer.concat(buffers);
      const grown = Buffer.alloc(Math.max(inode.current.length, position + bytes.length));
      inode.current.copy(grown);
      bytes.copy(grown, position);
      around("write", () => {
        inode.current = grown;
      });
      count("write"); // a failed write may have written
    },
    async read(position, length) {
      return Buffer.from(inode.current.subarray(position, position + length));
    },
    async size() {
      return inode.current.length;
    },
    async truncate(size) {
      around("truncate", () => {
        inode.current = Buffer.from(inode.current.subarray(0, size));
      });
    },
    async datasync() {
      await Promise.resolve();
      count("datasync");
      around("datasync", () => {
        inode.durable = Buffer.from(inode.current);
      });
    },
    async close() {},
  };
}

function survivorOf({ current, durable }: Inode, random: () => number): Buffer {
  const spread = current.length - durable.length;
  const size = durable.length + Math.round(random() * spread);
  const survivor = Buffer.alloc(size);
  durable.copy(survivor);
  for (let at = 0; at < size; at += sectorBytes) {
    if (at >= current.length || random() < 0.5) continue;
    current.copy(survivor, at, at, Math.min(at + sectorBytes, size));
  }
  return survivor;
}

function errno(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated`), { code });
}

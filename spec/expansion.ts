/** The types that the steps of an expansion share. */
import type { Result } from "../core/result.js";
import type { TaskFile } from "./job-file.js";
import type { Path } from "./path.js";

export interface ParseOptions {
  /** The file's name, for messages. */
  readonly source: string;
  /** Origin of relative deadlines and start times, ms since 1970. */
  readonly now: number;
  /** Values that override the file's `variables`. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Reads a file named by `envFiles`; the path is as written. Absent: env files are refused. */
  readonly readFile?: (path: string) => Result<string>;
  /** The files at a path as written: one, or all below a directory. Absent: those are refused. */
  readonly readInput?: (path: string) => Result<readonly LocalFile[]>;
}

/** A file of the user's machine. */
export interface LocalFile {
  /** Below the directory that was named; empty: it was named itself. */
  readonly below: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly executable: boolean;
}

export interface Problem {
  readonly path: Path;
  readonly message: string;
  readonly limit?: number;
}

/** Where in the file each part of the expanded job comes from. */
export interface Origins {
  readonly templates: readonly Path[];
  readonly tasks: readonly Path[];
  readonly taskNames: readonly string[];
  /** Per edge: the dependent task, and the index in its `after`; -1 - i: in its `inputs`. */
  readonly edgeTo: readonly number[];
  readonly edgeEntry: readonly number[];
}

/** One task of the file, before expansion. */
export interface SourceTask {
  readonly name: string;
  readonly path: Path;
  readonly file: TaskFile;
}

export interface Element {
  /** `[7]`, `[lr=0.1,seed=2]`, or nothing. */
  readonly suffix: string;
  readonly env: Readonly<Record<string, string>>;
  readonly values: ReadonlyMap<string, string>;
}

/** The elements of a source task stand in one row: [first, first + count). */
export interface Row {
  readonly source: SourceTask;
  readonly first: number;
  readonly elements: readonly Element[];
  /** Of placeholders that mean the same for all elements. */
  readonly values: ReadonlyMap<string, string>;
}

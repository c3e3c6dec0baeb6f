/**
 * Files that travel with tasks: known by the SHA-256 of their content, so that the same bytes are
 * kept and sent once, and nobody can pass other bytes for them.
 */

/** A file of an attempt: where it lies below the working directory, and what is in it. */
export interface DataFile {
  /** Relative, with `/` between its steps and none of them `.` or `..`. */
  readonly path: string;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly executable: boolean;
}

/** What another task of the job leaves behind. */
export interface OutputsInput {
  readonly kind: "outputs";
  /** Where it is put: a file's path, or a directory's, which ends with `/` (`./`: the top). */
  readonly path: string;
  /** A task's name, a template's (all its tasks), or `NAME[*]`: the element like one's own. */
  readonly task: string;
  /** Which of its outputs: a pattern (core/glob.ts). */
  readonly output: string;
}

export type TaskInput = { readonly kind: "file"; readonly file: DataFile } | OutputsInput;

export interface TaskOutput {
  /** A pattern (core/glob.ts), relative to the working directory. */
  readonly path: string;
  /** Of all the files that it matches together; more fails the attempt. */
  readonly maxBytes: number;
  /** An attempt that leaves nothing here has failed. */
  readonly required: boolean;
  /** What the user expects, for planning; null: not known. */
  readonly sizeBytes: number | null;
}

export interface TaskData {
  readonly inputs: readonly TaskInput[];
  readonly outputs: readonly TaskOutput[];
}

/** What an attempt is launched with: every input resolved to content. */
export interface LaunchData {
  readonly inputs: readonly DataFile[];
  readonly outputs: readonly TaskOutput[];
  /** Why the inputs cannot be had; empty: they can. */
  readonly unavailable: string;
}

export interface OutputSummary {
  readonly files: number;
  readonly bytes: number;
}

/** Each is named in the error of what passes it. */
export const dataLimits = {
  /** Entries of `inputs`, and files that they come to. */
  inputs: 1_000,
  inputFiles: 10_000,
  outputs: 64,
  /** Files that one attempt may leave. */
  outputFiles: 1_000,
  /** Entries of a working directory that are looked at for outputs. */
  visitedEntries: 100_000,
  pathLength: 1_024,
  pathDepth: 32,
  fileBytes: 2 ** 42,
} as const;

export const outputBytesDefault = 1024 ** 3;

const hashPattern = /^[0-9a-f]{64}$/;
export const isHash = (text: string): boolean => hashPattern.test(text);

/** What is wrong with a path below a working directory; null: nothing. Directories end with `/`. */
export function relativePathProblem(path: string): string | null {
  if (path === "") return "must not be empty";
  if (path.length > dataLimits.pathLength) {
    return `has more than ${dataLimits.pathLength} characters`;
  }
  if (path.includes("\0")) return "must not hold a NUL character";
  if (path.startsWith("/")) return "must be relative to the attempt's working directory";
  const steps = path.replace(/\/$/, "").split("/");
  if (steps.length > dataLimits.pathDepth) return `has more than ${dataLimits.pathDepth} steps`;
  if (steps.includes("..")) return "must not climb with `..`";
  const odd = steps.some((step) => step === "" || step === ".");
  return odd ? "must have no empty or `.` steps" : null;
}

export const sumBytes = (files: readonly DataFile[]): number =>
  files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

export const summaryOf = (files: readonly DataFile[]): OutputSummary => ({
  files: files.length,
  bytes: sumBytes(files),
});

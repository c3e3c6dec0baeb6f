/**
 * Rows to train on and to measure by: examples, and beside each the groups of its task and when its
 * run had ended. The newest are kept; a row is named by how many were taken in before it.
 */
import { addExample, createExamples, type Examples, newestRows } from "./examples.js";
import { featureCount } from "./features.js";

export interface Rows {
  readonly examples: Examples;
  readonly groups: (readonly string[])[];
  readonly sequences: Float64Array;
  readonly endedAtMs: Float64Array;
}

export interface Slice {
  readonly rows: number;
  /** Row by row, `featureCount` numbers each. */
  readonly matrix: Float32Array;
  /** Logarithms of milliseconds at speed 1. */
  readonly logMs: Float32Array;
  readonly groups: readonly (readonly string[])[];
}

/** Of which rows a model was made: sequences of the first and the last, and when that ended. */
export interface Window {
  readonly first: number;
  readonly last: number;
  readonly endedAtMs: number;
}

export const createRows = (rowsMax: number): Rows => ({
  examples: createExamples(rowsMax),
  groups: [],
  sequences: new Float64Array(rowsMax),
  endedAtMs: new Float64Array(rowsMax),
});

export function addRow(
  { examples, groups, sequences, endedAtMs }: Rows,
  row: {
    readonly features: Float32Array;
    readonly groups: readonly string[];
    readonly durationMs: number;
    readonly sequence: number;
    readonly atMs: number;
  },
): void {
  const place = examples.total % examples.rowsMax;
  groups[place] = row.groups;
  sequences[place] = row.sequence;
  endedAtMs[place] = row.atMs;
  addExample(examples, row.features, row.durationMs);
}

export const totalOf = ({ examples }: Rows): number => examples.total;

/** Rows remembered of those from number `from` to before number `to`. */
export function sliceOf(rows: Rows, from: number, to: number): Slice {
  const { examples } = rows;
  const first = Math.max(from, examples.total - examples.rowsMax);
  const newest = newestRows(examples, examples.total - first);
  const count = Math.max(0, Math.min(to, examples.total) - first);
  return {
    rows: count,
    matrix: newest.matrix.subarray(0, count * featureCount),
    logMs: newest.logMs.subarray(0, count),
    groups: Array.from(
      { length: count },
      (_, row) => rows.groups[(first + row) % examples.rowsMax] ?? [],
    ),
  };
}

export function windowOf(
  { examples, sequences, endedAtMs }: Rows,
  from: number,
  to: number,
): Window {
  const { rowsMax, total } = examples;
  const first = Math.max(from, total - rowsMax);
  const at = (row: number): number => Math.max(first, row) % rowsMax;
  return {
    first: sequences[at(first)] ?? 0,
    last: sequences[at(to - 1)] ?? 0,
    endedAtMs: endedAtMs[at(to - 1)] ?? 0,
  };
}

/** Number of the first row that ended behind `sequence`. */
export function firstBehind({ examples, sequences }: Rows, sequence: number): number {
  const { rowsMax, total } = examples;
  for (let row = Math.max(0, total - rowsMax); row < total; row++) {
    if ((sequences[row % rowsMax] ?? 0) > sequence) return row;
  }
  return total;
}

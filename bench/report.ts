/** Every bench prints a table for people, and writes the same figures for programs. */
import { writeFileSync } from "node:fs";
import { coloursFor } from "../cli/render/screen.js";
import { renderTable } from "../cli/render/table.js";

export type Row = Readonly<Record<string, string | number>>;

/** Columns are the keys of the first row. */
export function printTable(title: string, rows: readonly Row[]): void {
  const first = rows[0];
  if (first === undefined) return;
  const columns = Object.entries(first).map(([name, value]) => ({
    title: name,
    align: typeof value === "number" ? ("right" as const) : ("left" as const),
  }));
  const cells = rows.map((row) => Object.keys(first).map((key) => String(row[key] ?? "")));
  const colour = coloursFor(process.env, process.stdout.isTTY);
  const lines = renderTable(columns, cells, { width: 200, colour });
  process.stdout.write(`\n${title}\n${lines.map((line) => line.trimEnd()).join("\n")}\n`);
}

export function writeJson(file: string | undefined, value: unknown): void {
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** Nearest-rank quantile of unsorted values, q in [0, 1]. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

export const round = (value: number, digits = 1): number => Number(value.toFixed(digits));

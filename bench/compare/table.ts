/** A comparison as tables for people. */
import { printTable } from "../report.js";
import type { Comparison, FamilyResult } from "./compare.js";

export function printComparison({ results, errors }: Comparison): void {
  printTable("gaps to best known values, %", results.map(rowOf));
  if (errors.length > 0) {
    printTable(
      `ERRORS: ${errors.length} results that cannot be`,
      errors.map(({ instance, column, message }) => ({ instance, solver: column, error: message })),
    );
  }
}

const rowOf = (result: FamilyResult) => ({
  family: result.family,
  solver: result.column,
  n: result.instances,
  unsolved: result.unsolved,
  mean: percent(result.meanGap, 3),
  worst: percent(result.worstGap, 2),
  "worst instance": (result.worstInstance ?? "-").replace(`${result.family}/`, ""),
  "proved %": percent(result.provedShare, 1),
  "own gap %": percent(result.provenGap, 2),
  "tail %": percent(result.tailShare, 1),
  "tail mean": percent(result.tailGap, 2),
  "first ms": result.meanFirstMs === null ? "-" : result.meanFirstMs.toFixed(1),
});

const percent = (share: number | null, digits: number): string =>
  share === null ? "-" : (share * 100).toFixed(digits);

/**
 * Results against best known values, by family. Gaps are of the value to the best known one, means
 * are over instances that have a plan and a best known value; what has none counts as unsolved.
 */
import { type BestKnown, bestKnown, type Optima } from "../formats/optima.js";
import type { BenchRecord } from "../record.js";

/** The results of one solver. */
export interface ResultColumn {
  readonly name: string;
  readonly records: readonly BenchRecord[];
}

export interface FamilyResult {
  readonly column: string;
  readonly family: string;
  readonly instances: number;
  /** Without a valid plan. */
  readonly unsolved: number;
  /** Mean and worst (value - best known) / best known; null where nothing is known. */
  readonly meanGap: number | null;
  readonly worstGap: number | null;
  readonly worstInstance: string | null;
  /** Share of instances proven optimal by the solver itself. */
  readonly provedShare: number;
  /** Mean (value - own bound) / value: what the solver itself can say. */
  readonly provenGap: number | null;
  /** Share of instances whose first plan was more than 5 % off, and the mean gap on these. */
  readonly tailShare: number | null;
  readonly tailGap: number | null;
  readonly meanFirstMs: number | null;
}

/** What cannot be: a bug of a solver, a reader or a list of best known values. */
export interface ComparisonError {
  readonly column: string;
  readonly instance: string;
  readonly message: string;
}

export interface Comparison {
  readonly results: readonly FamilyResult[];
  readonly errors: readonly ComparisonError[];
}

const tailGapMin = 0.05;
/** Published values may be rounded; ours are sums of whole ticks. */
const slack = (value: number): number => 1e-6 * Math.max(1, Math.abs(value));

export function compareColumns(columns: readonly ResultColumn[], optima: Optima): Comparison {
  const families = [...new Set(columns.flatMap(({ records }) => records.map((r) => r.family)))];
  const firstValues = firstValuesOf(columns);
  const results = families.sort().flatMap((family) =>
    columns.flatMap(({ name, records }) => {
      const mine = records.filter((record) => record.family === family);
      return mine.length === 0 ? [] : [resultOf(name, family, mine, optima, firstValues)];
    }),
  );
  const errors = columns.flatMap(({ name, records }) =>
    records.flatMap((record) =>
      faultsOf(record, bestKnown(optima, record.instance)).map((message) => ({
        column: name,
        instance: record.instance,
        message,
      })),
    ),
  );
  return { results, errors };
}

/** One pass is the first column's that has one, so that all columns have the same tail. */
function firstValuesOf(columns: readonly ResultColumn[]): Map<string, number> {
  const first = new Map<string, number>();
  for (const { records } of columns) {
    for (const { instance, firstValue } of records) {
      if (firstValue !== null && !first.has(instance)) first.set(instance, firstValue);
    }
  }
  return first;
}

function resultOf(
  column: string,
  family: string,
  records: readonly BenchRecord[],
  optima: Optima,
  firstValues: ReadonlyMap<string, number>,
): FamilyResult {
  const known = records.flatMap((record) => {
    const { upper } = bestKnown(optima, record.instance);
    const first = firstValues.get(record.instance);
    if (upper === null || upper <= 0) return [];
    const gap = record.valid && record.value !== null ? record.value / upper - 1 : null;
    // What nobody had a first plan for is not easy either.
    return [{ record, gap, isTail: first === undefined || first / upper - 1 > tailGapMin }];
  });
  const gaps = known.flatMap(({ gap }) => (gap === null ? [] : [gap]));
  const tail = known.filter(({ isTail }) => isTail);
  const worstGap = gaps.length === 0 ? null : Math.max(...gaps);
  const solved = records.filter(({ valid, value }) => valid && value !== null);
  return {
    column,
    family,
    instances: records.length,
    unsolved: records.length - solved.length,
    meanGap: mean(gaps),
    worstGap,
    worstInstance: known.find(({ gap }) => gap === worstGap)?.record.instance ?? null,
    provedShare: records.filter(({ status }) => status === "optimal").length / records.length,
    provenGap: mean(
      solved.map(({ value, bound }) =>
        value === null || value <= 0 ? 0 : Math.max(0, 1 - bound / value),
      ),
    ),
    tailShare: known.length === 0 ? null : tail.length / known.length,
    tailGap: mean(tail.flatMap(({ gap }) => (gap === null ? [] : [gap]))),
    meanFirstMs: mean(records.flatMap(({ firstMs }) => (firstMs === null ? [] : [firstMs]))),
  };
}

/** A wrong solver is louder than a good one: each of these fails the comparison. */
function faultsOf(record: BenchRecord, { upper, lower }: BestKnown): string[] {
  const { value, bound, valid, status, note } = record;
  const faults: string[] = [];
  if (value !== null && !valid) faults.push(`the plan is not valid: ${note ?? ""}`);
  if (status === "failed") faults.push(`failed: ${note ?? ""}`);
  if (status === "infeasible") faults.push("said to be infeasible");
  if (upper !== null && bound > upper + slack(upper)) {
    faults.push(`the bound ${bound} is above the best known value ${upper}`);
  }
  if (value !== null && valid && lower !== null && value < lower - slack(lower)) {
    faults.push(`the value ${value} is below the known lower bound ${lower}`);
  }
  if (value !== null && bound > value + slack(value)) {
    faults.push(`the bound ${bound} is above the own value ${value}`);
  }
  if (status === "optimal" && value !== null && upper !== null && value > upper + slack(upper)) {
    faults.push(`${value} is said to be optimal, but ${upper} is known`);
  }
  return faults;
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

/** Instances of which not all columns have the same plan, or not all have one. */
export function differences(columns: readonly ResultColumn[]): ComparisonError[] {
  const [first, ...others] = columns;
  const plansOf = ({ records }: ResultColumn): Map<string, string> =>
    new Map(records.map((record) => [record.instance, planOf(record)]));
  const known = first === undefined ? new Map<string, string>() : plansOf(first);
  return others.flatMap((column) => {
    const plans = plansOf(column);
    return [...new Set([...known.keys(), ...plans.keys()])]
      .filter((instance) => known.get(instance) !== plans.get(instance))
      .map((instance) => ({
        column: column.name,
        instance,
        message: `not the plan of ${first?.name ?? ""}`,
      }));
  });
}

const planOf = ({ value, digest }: BenchRecord): string =>
  value === null ? "no plan" : (digest ?? `of value ${value}`);

/** Linear and mixed-integer models, the one port behind which engines stand, and the check of answers. */

/** Minimise cost · x with rowLower <= A x <= rowUpper and lower <= x <= upper. */
export interface LinearModel {
  readonly columns: number;
  readonly cost: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** 1: the column takes whole numbers only. */
  readonly integer: Uint8Array;
  readonly rows: number;
  readonly rowLower: Float64Array;
  readonly rowUpper: Float64Array;
  /** A in compressed rows: [rows + 1] offsets, columns, coefficients. */
  readonly starts: Int32Array;
  readonly indices: Int32Array;
  readonly values: Float64Array;
}

export interface LpLimits {
  /** Backstop; a solve that it cuts off need not repeat. */
  readonly wallMs: number;
  /** Of the search tree; only engines that can count them keep to it. */
  readonly nodesMax: number;
  /** Polled by engines that can be stopped in the middle. */
  readonly interrupted?: () => boolean;
}

export interface LpAnswer {
  readonly status: "optimal" | "feasible" | "infeasible" | "unknown";
  /** [columns] of a solution that has been checked; null without one. */
  readonly solution: Float64Array | null;
  readonly value: number;
  /** No solution has a lower value, says the engine; -Infinity where it says nothing. */
  readonly bound: number;
  /** [rows] of a linear model solved to the end; null where the engine has none. */
  readonly duals: Float64Array | null;
}

export interface LpEngine {
  readonly name: "highs" | "glpk" | "javascript-lp-solver";
  solve(model: LinearModel, limits: LpLimits): LpAnswer;
}

export const nothing: LpAnswer = {
  status: "unknown",
  solution: null,
  value: Number.POSITIVE_INFINITY,
  bound: Number.NEGATIVE_INFINITY,
  duals: null,
};

const tolerance = 1e-6;

/** What is wrong with a solution, in words; null if it holds within 1e-6. */
export function faultOf(model: LinearModel, solution: Float64Array): string | null {
  if (solution.length !== model.columns) return `has ${solution.length} columns`;
  for (let column = 0; column < model.columns; column += 1) {
    const value = solution[column] as number;
    const slack = tolerance * Math.max(1, Math.abs(value));
    if (!Number.isFinite(value)) return `column ${column} is no number`;
    if (value < (model.lower[column] as number) - slack) return `column ${column} is too low`;
    if (value > (model.upper[column] as number) + slack) return `column ${column} is too high`;
    if (model.integer[column] === 1 && Math.abs(value - Math.round(value)) > tolerance) {
      return `column ${column} is not whole`;
    }
  }
  for (let row = 0; row < model.rows; row += 1) {
    const { sum, size } = rowSum(model, row, solution);
    const slack = tolerance * Math.max(1, size);
    if (sum < (model.rowLower[row] as number) - slack) return `row ${row} is too low`;
    if (sum > (model.rowUpper[row] as number) + slack) return `row ${row} is too high`;
  }
  return null;
}

function rowSum(
  { starts, indices, values }: LinearModel,
  row: number,
  solution: Float64Array,
): { readonly sum: number; readonly size: number } {
  let sum = 0;
  let size = 0;
  for (let at = starts[row] as number; at < (starts[row + 1] as number); at += 1) {
    const term = (values[at] as number) * (solution[indices[at] as number] as number);
    sum += term;
    size = Math.max(size, Math.abs(term));
  }
  return { sum, size };
}

export function objectiveOf({ cost }: LinearModel, solution: Float64Array): number {
  return cost.reduce((sum, each, column) => sum + each * (solution[column] as number), 0);
}

/** An engine's word and solution, after the check: a solution that does not hold is thrown away. */
export function checked(
  model: LinearModel,
  said: LpAnswer["status"],
  solution: Float64Array | null,
  bound: number,
  duals: Float64Array | null = null,
): LpAnswer {
  if (said === "infeasible") return { ...nothing, status: said };
  if (solution === null || faultOf(model, solution) !== null) return { ...nothing, bound };
  const value = objectiveOf(model, solution);
  return { status: said, solution, value, bound, duals };
}

/** Collects a model row by row. */
export class LinearModelBuilder {
  readonly #cost: number[] = [];
  readonly #lower: number[] = [];
  readonly #upper: number[] = [];
  readonly #integer: number[] = [];
  readonly #rowLower: number[] = [];
  readonly #rowUpper: number[] = [];
  readonly #starts: number[] = [0];
  readonly #indices: number[] = [];
  readonly #values: number[] = [];

  addColumn(cost: number, lower: number, upper: number, integer = false): number {
    this.#cost.push(cost);
    this.#lower.push(lower);
    this.#upper.push(upper);
    return this.#integer.push(integer ? 1 : 0) - 1;
  }

  addRow(lower: number, upper: number, terms: readonly (readonly [number, number])[]): number {
    for (const [column, value] of terms) {
      this.#indices.push(column);
      this.#values.push(value);
    }
    this.#starts.push(this.#indices.length);
    this.#rowLower.push(lower);
    return this.#rowUpper.push(upper) - 1;
  }

  build(): LinearModel {
    return {
      columns: this.#cost.length,
      cost: Float64Array.from(this.#cost),
      lower: Float64Array.from(this.#lower),
      upper: Float64Array.from(this.#upper),
      integer: Uint8Array.from(this.#integer),
      rows: this.#rowLower.length,
      rowLower: Float64Array.from(this.#rowLower),
      rowUpper: Float64Array.from(this.#rowUpper),
      starts: Int32Array.from(this.#starts),
      indices: Int32Array.from(this.#indices),
      values: Float64Array.from(this.#values),
    };
  }
}

/**
 * Dual simplex with bounded variables on a full tableau (Lemke 1954; Maros 2003): for small linear
 * programmes that are solved again and again while bounds change, which leaves a basis dual feasible.
 * Each row is a variable of its own, so there are no right-hand sides: what is basic is a sum of what
 * is not.
 *
 * Nothing here is exact. What is concluded from it is derived anew from multipliers of the rows, in
 * whole numbers (`multipliers`).
 */

export interface LinearRow {
  /** Structural variables, each once. */
  readonly columns: readonly number[];
  readonly coefficients: readonly number[];
  /** The sum is at most so much; null: its bounds are the caller's, like those of a variable. */
  readonly limit: number | null;
}

export interface Tableau {
  /** Rows, and structural variables. Variable `columns + k` is the sum of row k. */
  readonly rows: number;
  readonly columns: number;
  /** [rows × columns] basic = sum of cell × nonbasic */
  readonly cells: Float64Array;
  /** [columns] What the objective, to be least, gains by each nonbasic variable. */
  readonly cost: Float64Array;
  readonly basic: Int32Array;
  readonly nonbasic: Int32Array;
  /** [columns] The nonbasic variable is at its upper bound. */
  readonly atUpper: Uint8Array;
  /** [columns + rows] By variable; the caller's to change, but for rows with a limit. */
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** [rows] Of the basic variables. */
  readonly value: Float64Array;
  /** Scratch: columns of the pivot row that are not 0. */
  readonly used: Int32Array;
  /** Cells looked at: the measure of work. */
  work: number;
  pivots: number;
}

export const optimal = -1;
export const unfinished = -2;

const tolerance = 1e-7;
const pivotMin = 1e-6;
const zero = 1e-11;
/**
 * Nearly all costs are 0, so nearly every step would be degenerate and the method could go round in
 * circles: each variable gets a little cost of its own.
 */
const perturbation = 2e-6;

/** The objective is one of the structural variables. */
export function createTableau(
  rows: readonly LinearRow[],
  columns: number,
  objective: number,
): Tableau {
  const tableau: Tableau = {
    rows: rows.length,
    columns,
    cells: new Float64Array(rows.length * columns),
    cost: new Float64Array(columns),
    basic: new Int32Array(rows.length),
    nonbasic: new Int32Array(columns),
    atUpper: new Uint8Array(columns),
    lower: new Float64Array(columns + rows.length),
    upper: new Float64Array(columns + rows.length),
    value: new Float64Array(rows.length),
    used: new Int32Array(columns),
    work: 0,
    pivots: 0,
  };
  rows.forEach(({ limit }, k) => {
    tableau.lower[columns + k] = limit === null ? 0 : Number.NEGATIVE_INFINITY;
    tableau.upper[columns + k] = limit ?? 0;
  });
  resetBasis(tableau, rows, objective);
  return tableau;
}

/** The basis of all rows: dual feasible, and free of rounding. */
export function resetBasis(tableau: Tableau, rows: readonly LinearRow[], objective: number): void {
  const { cells, columns, cost, basic, nonbasic } = tableau;
  cells.fill(0);
  for (let column = 0; column < columns; column += 1) {
    nonbasic[column] = column;
    cost[column] = perturbation * (1 + ((column * 7_919) % 1_009) / 1_009);
  }
  cost[objective] = 1;
  rows.forEach((row, k) => {
    basic[k] = columns + k;
    row.columns.forEach((column, at) => {
      cells[k * columns + column] = row.coefficients[at] as number;
    });
  });
}

/**
 * From the basis as it is, under the bounds as they are: `optimal`, `unfinished` after so many pivots,
 * or the row whose basic variable cannot keep its bounds.
 */
export function solve(tableau: Tableau, pivotsMax: number): number {
  settleNonbasic(tableau);
  computeValues(tableau);
  for (let pivots = 0; pivots < pivotsMax; pivots += 1) {
    const row = leavingRow(tableau);
    if (row < 0) return optimal;
    const column = enteringColumn(tableau, row);
    if (column < 0) return row;
    pivot(tableau, row, column);
  }
  return unfinished;
}

function settleNonbasic({ columns, cost, nonbasic, atUpper, lower }: Tableau): void {
  for (let column = 0; column < columns; column += 1) {
    const rate = cost[column] as number;
    if (rate > 0) atUpper[column] = 0;
    else if (rate < 0) atUpper[column] = 1;
    if (lower[nonbasic[column] as number] === Number.NEGATIVE_INFINITY) atUpper[column] = 1;
  }
}

const boundOf = ({ nonbasic, atUpper, lower, upper }: Tableau, column: number): number => {
  const variable = nonbasic[column] as number;
  return (atUpper[column] === 1 ? upper[variable] : lower[variable]) as number;
};

function computeValues(tableau: Tableau): void {
  const { rows, columns, cells, value } = tableau;
  value.fill(0);
  for (let column = 0; column < columns; column += 1) {
    const at = boundOf(tableau, column);
    if (at === 0) continue;
    for (let row = 0, cell = column; row < rows; row += 1, cell += columns) {
      value[row] = (value[row] as number) + (cells[cell] as number) * at;
    }
  }
  tableau.work += rows * columns;
}

function leavingRow({ rows, basic, value, lower, upper }: Tableau): number {
  let leaving = -1;
  let worst = tolerance;
  for (let row = 0; row < rows; row += 1) {
    const variable = basic[row] as number;
    const at = value[row] as number;
    const excess = Math.max(at - (upper[variable] as number), (lower[variable] as number) - at);
    if (excess <= worst) continue;
    worst = excess;
    leaving = row;
  }
  return leaving;
}

/** By the ratio test; of columns that are about equal there, the one of the largest cell. */
function enteringColumn(tableau: Tableau, row: number): number {
  const { columns, cells, cost, basic, nonbasic, atUpper, lower, upper, value } = tableau;
  const isRising = (value[row] as number) < (lower[basic[row] as number] as number);
  let entering = -1;
  let least = Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let column = 0; column < columns; column += 1) {
    const cell = cells[row * columns + column] as number;
    const size = Math.abs(cell);
    if (size < pivotMin) continue;
    // What is at its lower bound can only grow.
    if (cell > 0 === isRising ? atUpper[column] === 1 : atUpper[column] === 0) continue;
    const variable = nonbasic[column] as number;
    if (lower[variable] === upper[variable]) continue;
    const ratio = Math.abs(cost[column] as number) / size;
    if (ratio > least + 1e-10 || (ratio > least - 1e-10 && size <= largest)) continue;
    if (ratio < least) least = ratio;
    largest = size;
    entering = column;
  }
  return entering;
}

function pivot(tableau: Tableau, row: number, column: number): void {
  const { rows, columns, cells, cost, basic, nonbasic, atUpper, value, lower, upper } = tableau;
  const { used } = tableau;
  const leaving = basic[row] as number;
  const entering = nonbasic[column] as number;
  const base = row * columns;
  const inverse = 1 / (cells[base + column] as number);
  const isRising = (value[row] as number) < (lower[leaving] as number);
  const target = (isRising ? lower[leaving] : upper[leaving]) as number;
  const change = (target - (value[row] as number)) * inverse;
  const enteringValue = boundOf(tableau, column) + change;
  let count = 0;
  for (let c = 0; c < columns; c += 1) {
    const cell = cells[base + c] as number;
    if (c === column || cell === 0) continue;
    cells[base + c] = -cell * inverse;
    used[count++] = c;
  }
  cells[base + column] = inverse;
  tableau.work += rows + columns;
  for (let other = 0; other < rows; other += 1) {
    if (other === row) continue;
    const factor = cells[other * columns + column] as number;
    if (factor === 0) continue;
    value[other] = (value[other] as number) + factor * change;
    addRow(cells, other * columns, cells, base, factor, used, count);
    cells[other * columns + column] = factor * inverse;
    tableau.work += count;
  }
  const rate = cost[column] as number;
  if (rate !== 0) {
    addRow(cost, 0, cells, base, rate, used, count);
    cost[column] = rate * inverse;
  }
  value[row] = enteringValue;
  basic[row] = entering;
  nonbasic[column] = leaving;
  atUpper[column] = isRising ? 0 : 1;
  tableau.pivots += 1;
}

function addRow(
  to: Float64Array,
  at: number,
  from: Float64Array,
  base: number,
  factor: number,
  used: Int32Array,
  count: number,
): void {
  for (let k = 0; k < count; k += 1) {
    const c = used[k] as number;
    const sum = (to[at + c] as number) + factor * (from[base + c] as number);
    to[at + c] = sum < zero && sum > -zero ? 0 : sum;
  }
}

/**
 * Multipliers of the rows, at most 0 where a row has a limit: their sum of multiplier × row says why
 * the objective is as high as it is (`row` optimal or unfinished), or why the basic variable of `row`
 * cannot keep its bounds.
 */
export function multipliers(tableau: Tableau, row: number, into: Float64Array): void {
  const { columns, cells, cost, basic, nonbasic, value, lower, atUpper } = tableau;
  into.fill(0);
  let sign = 1;
  if (row >= 0) {
    const variable = basic[row] as number;
    sign = (value[row] as number) < (lower[variable] as number) ? -1 : 1;
    if (variable >= columns) into[variable - columns] = -sign;
  }
  for (let column = 0; column < columns; column += 1) {
    const variable = nonbasic[column] as number;
    if (variable < columns) continue;
    const rate = row >= 0 ? sign * (cells[row * columns + column] as number) : cost[column];
    const hasLimit = lower[variable] === Number.NEGATIVE_INFINITY;
    if (!hasLimit || (atUpper[column] === 1 && (rate as number) < 0)) {
      into[variable - columns] = rate as number;
    }
  }
}

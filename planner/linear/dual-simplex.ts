/**
 * Dual simplex with bounded variables on a full tableau (Lemke 1954; Maros 2003), with rows that come
 * and go: for small linear programmes that are solved again and again while bounds change and cuts
 * are added, both of which leave a basis dual feasible. Each row is a variable of its own, so there
 * are no right-hand sides: what is basic is a sum of what is not.
 *
 * Nothing here is exact. What is concluded from it is derived anew from multipliers of the rows, in
 * whole numbers (`multipliers`).
 */

/** Variables: the structural ones, then one for each slot of a row, which is the row's sum. */
export interface Tableau {
  readonly columns: number;
  readonly slots: number;
  /** One of the structural variables, to be least. */
  readonly objective: number;
  /** [slots × columns] Coefficients of the rows as they were given. */
  readonly given: Float64Array;
  /** [slots] 1: holds a row. */
  readonly isUsed: Uint8Array;
  /** Rows in use; their places in the tableau are not their slots. */
  rows: number;
  /** [rows × columns] basic = sum of cell × nonbasic */
  readonly cells: Float64Array;
  /** [columns] What the objective gains by each nonbasic variable. */
  readonly cost: Float64Array;
  readonly basic: Int32Array;
  readonly nonbasic: Int32Array;
  /** By variable: its place in the tableau where it is basic, else -1 - column. */
  readonly placeOf: Int32Array;
  /** [columns] The nonbasic variable is at its upper bound. */
  readonly atUpper: Uint8Array;
  /** By variable; the caller's. A row may have no lower bound. */
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

export function createTableau(columns: number, slots: number, objective: number): Tableau {
  const tableau: Tableau = {
    columns,
    slots,
    objective,
    given: new Float64Array(slots * columns),
    isUsed: new Uint8Array(slots),
    rows: 0,
    cells: new Float64Array(slots * columns),
    cost: new Float64Array(columns),
    basic: new Int32Array(slots),
    nonbasic: new Int32Array(columns),
    placeOf: new Int32Array(columns + slots),
    atUpper: new Uint8Array(columns),
    lower: new Float64Array(columns + slots),
    upper: new Float64Array(columns + slots),
    value: new Float64Array(slots),
    used: new Int32Array(columns),
    work: 0,
    pivots: 0,
  };
  resetBasis(tableau);
  return tableau;
}

/** The basis of all rows: dual feasible, and free of rounding. */
export function resetBasis(tableau: Tableau): void {
  const { columns, slots, cost, nonbasic, placeOf, isUsed } = tableau;
  for (let column = 0; column < columns; column += 1) {
    nonbasic[column] = column;
    placeOf[column] = -1 - column;
    cost[column] = perturbation * (1 + ((column * 7_919) % 1_009) / 1_009);
  }
  cost[tableau.objective] = 1;
  tableau.rows = 0;
  for (let slot = 0; slot < slots; slot += 1) if (isUsed[slot] === 1) enterRow(tableau, slot);
}

/**
 * Takes up the row that the caller wrote to the slot's part of `given`; its bounds are the caller's
 * to set.
 */
export function addRow(tableau: Tableau, slot: number): void {
  tableau.isUsed[slot] = 1;
  enterRow(tableau, slot);
}

function enterRow(tableau: Tableau, slot: number): void {
  const { columns, given, cells, basic, placeOf } = tableau;
  const row = tableau.rows;
  const to = row * columns;
  tableau.rows = row + 1;
  cells.fill(0, to, to + columns);
  for (let column = 0; column < columns; column += 1) {
    const coefficient = given[slot * columns + column] as number;
    if (coefficient === 0) continue;
    const place = placeOf[column] as number;
    if (place < 0) {
      const at = to - 1 - place;
      cells[at] = (cells[at] as number) + coefficient;
      continue;
    }
    const from = place * columns;
    for (let c = 0; c < columns; c += 1) {
      cells[to + c] = (cells[to + c] as number) + coefficient * (cells[from + c] as number);
    }
    tableau.work += columns;
  }
  basic[row] = columns + slot;
  placeOf[columns + slot] = row;
}

/** Whether the row could be dropped: it holds nothing back. */
export const isSlack = ({ columns, placeOf }: Tableau, slot: number): boolean =>
  (placeOf[columns + slot] as number) >= 0;

/** The row of a slot, which must be slack, gives way. */
export function dropRow(tableau: Tableau, slot: number): void {
  const { columns, cells, basic, placeOf, value } = tableau;
  const row = placeOf[columns + slot] as number;
  const last = tableau.rows - 1;
  cells.copyWithin(row * columns, last * columns, (last + 1) * columns);
  basic[row] = basic[last] as number;
  value[row] = value[last] as number;
  placeOf[basic[row] as number] = row;
  tableau.rows = last;
  tableau.isUsed[slot] = 0;
}

/** Of a variable, after `solve`. */
export function levelOf(tableau: Tableau, variable: number): number {
  const place = tableau.placeOf[variable] as number;
  return place >= 0 ? (tableau.value[place] as number) : boundOf(tableau, -1 - place);
}

/**
 * From the basis as it is, under the bounds as they are: `optimal`, `unfinished` after so many pivots,
 * or the row of the tableau whose basic variable cannot keep its bounds.
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

function boundOf({ nonbasic, atUpper, lower, upper }: Tableau, column: number): number {
  const variable = nonbasic[column] as number;
  return (atUpper[column] === 1 ? upper[variable] : lower[variable]) as number;
}

function computeValues(tableau: Tableau): void {
  const { rows, columns, cells, value } = tableau;
  value.fill(0);
  for (let column = 0; column < columns; column += 1) {
    const at = boundOf(tableau, column);
    if (at === 0) continue;
    for (let row = 0, cell = column; row < rows; row += 1, cell += columns) {
      value[row] = (value[row] as number) + (cells[cell] as number) * at;
    }
    tableau.work += rows;
  }
}

/** The one that is farthest from its bounds. */
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
  tableau.work += columns;
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
  const { used, placeOf } = tableau;
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
    addMultiple(tableau, cells, other * columns, base, factor, count);
    cells[other * columns + column] = factor * inverse;
    tableau.work += count;
  }
  const rate = cost[column] as number;
  if (rate !== 0) {
    addMultiple(tableau, cost, 0, base, rate, count);
    cost[column] = rate * inverse;
  }
  value[row] = enteringValue;
  basic[row] = entering;
  nonbasic[column] = leaving;
  placeOf[entering] = row;
  placeOf[leaving] = -1 - column;
  atUpper[column] = isRising ? 0 : 1;
  tableau.pivots += 1;
}

function addMultiple(
  { cells, used }: Tableau,
  to: Float64Array,
  at: number,
  base: number,
  factor: number,
  count: number,
): void {
  for (let k = 0; k < count; k += 1) {
    const c = used[k] as number;
    const sum = (to[at + c] as number) + factor * (cells[base + c] as number);
    to[at + c] = sum < zero && sum > -zero ? 0 : sum;
  }
}

/**
 * Multipliers of the rows by slot, at most 0 for those without a lower bound: their sum of multiplier
 * × row says why the objective is as high as it is (`row` optimal or unfinished), or why the basic
 * variable of `row` cannot keep its bounds.
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
    const cell = row >= 0 ? sign * (cells[row * columns + column] as number) : 0;
    const rate = row >= 0 ? cell : (cost[column] as number);
    const isFree = lower[variable] !== Number.NEGATIVE_INFINITY;
    if (isFree || (atUpper[column] === 1 && rate < 0)) into[variable - columns] = rate;
  }
}

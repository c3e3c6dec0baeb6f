/**
 * A linear relaxation as a propagator: starts, modes and the makespan, tied by precedence, consumable
 * pools and the energy of the worker. Where pools are scarce, short modes for all tasks are not to be
 * had, and no other propagator sees what that does to the longest path (the relaxation of the
 * discrete time-cost trade-off; Kelley 1961; Akkan, Drexl & Kimms 2005).
 *
 * The linear programme is solved in floating numbers; its multipliers, rounded to whole ones, combine
 * the rows to one inequality that is exact, which is then propagated and explained like any other
 * (Achterberg 2007; as CP-SAT does). Noise can only make it weaker.
 */
import { none, taskRunning } from "../../../core/problem.js";
import {
  createTableau,
  type LinearRow,
  multipliers,
  resetBasis,
  solve,
  type Tableau,
} from "../../linear/dual-simplex.js";
import type { Engine, Propagator } from "./engine.js";
import type { Objective } from "./objective.js";
import { capacityOf, demandOf, poolUse } from "./places.js";
import { beginList, failList, listAtom, listReason, post } from "./trail.js";
import type { Draft, PlacedTask } from "./variables.js";

interface Relaxation {
  /** Choices first: the row of a choice is 1 less its first literal, which has no column. */
  readonly rows: readonly LinearRow[];
  readonly choices: number;
  readonly tableau: Tableau;
  readonly columns: number;
  /** Sides of the variables: of each column, then the first literal of each choice. */
  readonly sides: Int32Array;
  readonly objective: number;
  readonly multiplier: Float64Array;
  /** The inequality: sum of weight × variable at most `limit`. */
  readonly weight: Float64Array;
  limit: number;
  refreshAt: number;
}

const cellsMax = 250_000;
const pivotsPerCall = 60;
const pivotsAtRoot = 4_000;
/** After so many pivots the tableau is set up anew, against drift. */
const pivotsPerBasis = 3_000;
/** Multipliers are rounded to parts of this. */
const scale = 2 ** 18;
/** Cells of a tableau that cost as much as a bound looked at. */
const cellsPerWork = 24;

/** null where it would say no more than other propagators do, or be too large. */
export function relaxationOf(draft: Draft, objective: Objective): Propagator | null {
  if (objective.makespan === -1 || objective.side !== objective.makespan) return null;
  const columnOf = new Map<number, number>();
  const columnAt = (side: number): number => {
    const column = columnOf.get(side) ?? columnOf.size;
    columnOf.set(side, column);
    return column;
  };
  const makespan = columnAt(objective.makespan);
  const pools = poolRows(draft, columnAt);
  if (pools.length === 0) return null;
  const { rows: choices, firsts } = choiceRows(draft, columnAt);
  const rows = [
    ...choices,
    ...pools,
    ...timeRows(draft, makespan, columnAt),
    ...energyRows(draft, makespan, columnAt),
  ];
  const columns = columnOf.size;
  if (rows.length * columns > cellsMax) return null;
  const relaxation: Relaxation = {
    rows,
    choices: choices.length,
    tableau: createTableau(rows, columns, makespan),
    columns,
    sides: Int32Array.from([...columnOf.keys(), ...firsts]),
    objective: makespan,
    multiplier: new Float64Array(rows.length),
    weight: new Float64Array(columns + choices.length),
    limit: 0,
    refreshAt: pivotsPerBasis,
  };
  return { propagate: (engine) => propagateRelaxation(engine, relaxation) };
}

type ColumnAt = (side: number) => number;

/** Sums that are built term by term. */
interface Sum {
  readonly columns: number[];
  readonly coefficients: number[];
}

function term({ columns, coefficients }: Sum, column: number, coefficient: number): void {
  if (coefficient === 0) return;
  const at = columns.indexOf(column);
  if (at >= 0) coefficients[at] = (coefficients[at] as number) + coefficient;
  else {
    columns.push(column);
    coefficients.push(coefficient);
  }
}

const rowOf = ({ columns, coefficients }: Sum, limit: number | null): LinearRow => ({
  columns,
  coefficients,
  limit,
});

const emptySum = (): Sum => ({ columns: [], coefficients: [] });

/** Adds what places take more than the first one does; returns what that one takes. */
function addByPlace(
  sum: Sum,
  { places, literals }: PlacedTask,
  columnAt: ColumnAt,
  amount: (k: number) => number,
): number {
  for (let k = 1; k < places.length; k += 1) {
    term(sum, columnAt(literals[k] as number), amount(k) - amount(0));
  }
  return amount(0);
}

function choiceRows(draft: Draft, columnAt: ColumnAt): { rows: LinearRow[]; firsts: number[] } {
  const rows: LinearRow[] = [];
  const firsts: number[] = [];
  for (const placed of draft.tasks) {
    if (placed === null || placed.places.length < 2) continue;
    const sum = emptySum();
    placed.literals.subarray(1).forEach((literal) => {
      term(sum, columnAt(literal), 1);
    });
    rows.push(rowOf(sum, null));
    firsts.push(placed.literals[0] as number);
  }
  return { rows, firsts };
}

function poolRows(draft: Draft, columnAt: ColumnAt): LinearRow[] {
  const { problem } = draft;
  const { pools, tasks, options } = problem;
  const rows: LinearRow[] = [];
  for (let pool = 0; pool < pools.count; pool += 1) {
    if (pools.consumable[pool] !== 1) continue;
    const sum = emptySum();
    let left = pools.capacity[pool] as number;
    draft.tasks.forEach((placed, task) => {
      const own = poolUse(tasks, task, pool);
      if (placed === null) {
        const option = tasks.fixedOption[task] as number;
        left -= own + (option === none ? 0 : poolUse(options, option, pool));
      } else if (placed.places.length === 0) left -= own;
      else {
        left -= addByPlace(
          sum,
          placed,
          columnAt,
          (k) => own + poolUse(options, placed.places[k]?.option as number, pool),
        );
      }
    });
    if (sum.columns.length > 0) rows.push(rowOf(sum, left));
  }
  return rows;
}

function timeRows(draft: Draft, makespan: number, columnAt: ColumnAt): LinearRow[] {
  const { edges } = draft.problem;
  const rows: LinearRow[] = [];
  const endOf = (placed: PlacedTask): { sum: Sum; ahead: number } => {
    const sum = emptySum();
    term(sum, columnAt(placed.start), 1);
    if (placed.places.length === 0) return { sum, ahead: placed.ticks };
    return {
      sum,
      ahead: addByPlace(sum, placed, columnAt, (k) => placed.places[k]?.duration ?? 0),
    };
  };
  const isLast = new Uint8Array(draft.problem.tasks.count).fill(1);
  for (let edge = 0; edge < edges.count; edge += 1) {
    if (draft.tasks[edges.to[edge] as number] !== null) isLast[edges.from[edge] as number] = 0;
  }
  for (const placed of draft.tasks) {
    if (placed === null || isLast[placed.task] === 0) continue;
    const { sum, ahead } = endOf(placed);
    term(sum, makespan, -1);
    rows.push(rowOf(sum, -ahead));
  }
  for (let edge = 0; edge < edges.count; edge += 1) {
    const before = draft.tasks[edges.from[edge] as number];
    const after = draft.tasks[edges.to[edge] as number];
    if (before === null || before === undefined || after === null || after === undefined) continue;
    const { sum, ahead } = endOf(before);
    term(sum, columnAt(after.start), -1);
    rows.push(rowOf(sum, -ahead - (edges.lag[edge] as number)));
  }
  return rows;
}

/** What all tasks take of a dimension fits under its capacity until the end. */
function energyRows(draft: Draft, makespan: number, columnAt: ColumnAt): LinearRow[] {
  const { problem, places } = draft;
  // Slots of like workers, and choices between workers, would need sums over all of them.
  if (places.groups.length !== 1 || places.groups[0]?.isSlots === true) return [];
  if (problem.tasks.state.some((state) => state === taskRunning)) return [];
  const worker = places.groups[0]?.workers[0] as number;
  return problem.dimensions.flatMap((_, d): LinearRow[] => {
    const sum = emptySum();
    let fixed = 0;
    for (const placed of draft.tasks) {
      if (placed === null || placed.places.length === 0) continue;
      fixed += addByPlace(sum, placed, columnAt, (k) => {
        const place = placed.places[k];
        return place === undefined ? 0 : place.duration * demandOf(problem, place.option, d);
      });
    }
    if (sum.columns.length === 0) return [];
    term(sum, makespan, -capacityOf(problem, worker, d));
    return [rowOf(sum, -fixed)];
  });
}

function propagateRelaxation(engine: Engine, relaxation: Relaxation): boolean {
  const { tableau, sides, rows, objective } = relaxation;
  const { lower, upper } = tableau;
  if (tableau.pivots >= relaxation.refreshAt) {
    resetBasis(tableau, rows, objective);
    relaxation.refreshAt = tableau.pivots + pivotsPerBasis;
  }
  const { columns, choices } = relaxation;
  for (let column = 0; column < columns; column += 1) {
    const side = sides[column] as number;
    lower[column] = engine.low[side] as number;
    upper[column] = -(engine.low[side ^ 1] as number);
  }
  for (let k = 0; k < choices; k += 1) {
    const first = sides[columns + k] as number;
    lower[columns + k] = 1 + (engine.low[first ^ 1] as number);
    upper[columns + k] = 1 - (engine.low[first] as number);
  }
  const before = tableau.work;
  const outcome = solve(tableau, engine.level === 0 ? pivotsAtRoot : pivotsPerCall);
  multipliers(tableau, outcome, relaxation.multiplier);
  combine(relaxation);
  engine.work += Math.ceil((tableau.work - before) / cellsPerWork);
  return propagateInequality(engine, relaxation);
}

/** The rows times their multipliers, rounded to whole numbers, as one inequality. */
function combine(relaxation: Relaxation): void {
  const { rows, columns, multiplier, weight } = relaxation;
  let largest = 0;
  for (let k = 0; k < rows.length; k += 1) {
    largest = Math.max(largest, Math.abs(multiplier[k] as number));
  }
  weight.fill(0);
  let limit = 0;
  const unit = largest > 0 ? scale / largest : 0;
  for (let k = 0; k < rows.length; k += 1) {
    const times = Math.round((multiplier[k] as number) * unit);
    if (times === 0) continue;
    const row = rows[k] as LinearRow;
    // Multipliers of limits are negative, and the inequality is written with its sign turned.
    for (let at = 0; at < row.columns.length; at += 1) {
      const column = row.columns[at] as number;
      weight[column] = (weight[column] as number) - times * (row.coefficients[at] as number);
    }
    if (row.limit !== null) limit -= times * row.limit;
    else {
      // The row and the first literal are 1 together, always.
      weight[columns + k] = -times;
      limit -= times;
    }
  }
  relaxation.limit = limit;
}

/** Draws what follows from the inequality, with reasons as weak as they may be. */
function propagateInequality(engine: Engine, relaxation: Relaxation): boolean {
  const { sides, weight, limit } = relaxation;
  const { low } = engine;
  let slack = limit;
  for (let column = 0; column < sides.length; column += 1) {
    const of = weight[column] as number;
    if (of === 0) continue;
    const side = (sides[column] as number) ^ (of < 0 ? 1 : 0);
    slack -= Math.abs(of) * (low[side] as number);
  }
  engine.work += sides.length >> 2;
  if (slack < 0) return failList(engine, reasons(engine, relaxation, -1, -slack - 1));
  for (let column = 0; column < sides.length; column += 1) {
    const of = weight[column] as number;
    if (of === 0) continue;
    const side = (sides[column] as number) ^ (of < 0 ? 1 : 0);
    const size = Math.abs(of);
    const least = low[side] as number;
    const range = -(low[side ^ 1] as number) - least;
    if (range * size <= slack) continue;
    const step = Math.floor(slack / size);
    const list = reasons(engine, relaxation, column, (step + 1) * size - slack - 1);
    if (!post(engine, side ^ 1, -(least + step), listReason(list))) return false;
  }
  return true;
}

/** Bounds that make the inequality tight but for `spare`, which lets some of them be left out. */
function reasons(engine: Engine, relaxation: Relaxation, except: number, spare: number): number {
  const { sides, weight } = relaxation;
  const { low } = engine;
  const list = beginList(engine);
  let left = spare;
  for (let column = 0; column < sides.length; column += 1) {
    const of = weight[column] as number;
    if (of === 0 || column === except) continue;
    const side = (sides[column] as number) ^ (of < 0 ? 1 : 0);
    // What holds at the root needs no reason.
    if (engine.top[side] === -1) continue;
    const size = Math.abs(of);
    const root = rootLow(engine, side);
    const loss = size * ((low[side] as number) - root);
    if (loss <= left) {
      left -= loss;
      continue;
    }
    const weaker = Math.floor(left / size);
    left -= weaker * size;
    listAtom(engine, list, side, (low[side] as number) - weaker);
  }
  return list;
}

/** What the side was before the trail began. */
function rootLow(engine: Engine, side: number): number {
  let at = engine.top[side] as number;
  for (;;) {
    const previous = engine.trailPrevious[at] as number;
    if (previous < 0) return engine.trailOld[at] as number;
    at = previous;
  }
}

/**
 * The columns and first rows of the linear relaxation: a column for each place of a task but its
 * first, which is what the others leave of 1, and one for the makespan. Rows: choices (the sum of the
 * columns of a task), consumable pools, and the energy of the worker. Paths come as cuts.
 */
import { graphOf } from "../../../core/graph.js";
import { none, taskRunning } from "../../../core/problem.js";
import { addRow, createTableau, type Tableau } from "../../linear/dual-simplex.js";
import type { Objective } from "./objective.js";
import { capacityOf, demandOf, poolUse } from "./places.js";
import type { Draft, PlacedTask } from "./variables.js";

/** Tasks are numbered by the topological order, without those that run already. */
export interface RelaxationModel {
  readonly tableau: Tableau;
  readonly columns: number;
  /** Tasks with several places; their rows have the first slots. */
  readonly choices: number;
  /** First slot of a path. */
  readonly firstPath: number;
  /**
   * Sides of the variables that an inequality may name: of the columns, of the first place of each
   * choice, of the starts of tasks.
   */
  readonly sides: Int32Array;
  /** [slots] The row is at most so much, beside what starts add. */
  readonly limit: Float64Array;

  readonly tasks: number;
  /** Column of the second place of the task; its other places follow. */
  readonly columnOf: Int32Array;
  readonly columnsOf: Int32Array;
  /** Duration at the first place. */
  readonly duration: Int32Array;
  /** [columns] How much longer the task is at this place. */
  readonly longer: Int32Array;
  /** [tasks] Nothing waits for it. */
  readonly isLast: Uint8Array;
  readonly predecessorFirst: Int32Array;
  readonly predecessor: Int32Array;
  readonly predecessorLag: Int32Array;
}

const cellsMax = 60_000;
const pathsMax = 72;

/** null where it would say no more than other propagators do, or be too large. */
export function relaxationModelOf(draft: Draft, objective: Objective): RelaxationModel | null {
  const { problem } = draft;
  if (objective.makespan === -1 || objective.side !== objective.makespan) return null;
  if (!problem.pools.consumable.some((flag) => flag === 1)) return null;
  const { topological } = graphOf(problem);
  const placed = Array.from(topological, (task) => draft.tasks[task] ?? null).filter(
    (one): one is PlacedTask => one !== null,
  );
  const sides = [objective.makespan];
  const firsts: number[] = [];
  const columnOf = new Int32Array(placed.length);
  placed.forEach(({ literals, places }, task) => {
    columnOf[task] = sides.length;
    if (places.length < 2) return;
    firsts.push(literals[0] as number);
    sides.push(...literals.subarray(1));
  });
  const columns = sides.length;
  const rows = [...poolRows(draft, placed, columnOf), ...energyRows(draft, placed, columnOf)];
  const firstPath = firsts.length + rows.length;
  const slots = firstPath + pathsMax;
  if (rows.length === 0 || slots * columns > cellsMax) return null;
  const model: RelaxationModel = {
    tableau: createTableau(columns, slots, 0),
    columns,
    choices: firsts.length,
    firstPath,
    sides: Int32Array.from([...sides, ...firsts, ...placed.map(({ start }) => start)]),
    limit: new Float64Array(slots),
    tasks: placed.length,
    columnOf,
    columnsOf: Int32Array.from(placed, ({ places }) => Math.max(0, places.length - 1)),
    duration: Int32Array.from(placed, ({ places, ticks }) => places[0]?.duration ?? ticks),
    longer: Int32Array.from([
      0,
      ...placed.flatMap(({ places }) =>
        places.slice(1).map(({ duration }) => duration - (places[0]?.duration ?? 0)),
      ),
    ]),
    ...precedenceOf(draft, placed),
  };
  enterRows(model, rows);
  return model;
}

/** A sum of columns and what it is at most. */
interface Row {
  readonly coefficients: Float64Array;
  readonly limit: number;
}

function enterRows({ tableau, columns, limit, columnOf, columnsOf }: RelaxationModel, rows: Row[]) {
  let slot = 0;
  columnsOf.forEach((count, task) => {
    if (count === 0) return;
    const from = slot * columns + (columnOf[task] as number);
    tableau.given.fill(1, from, from + count);
    addRow(tableau, slot);
    slot += 1;
  });
  for (const row of rows) {
    tableau.given.set(row.coefficients, slot * columns);
    tableau.lower[columns + slot] = Number.NEGATIVE_INFINITY;
    tableau.upper[columns + slot] = row.limit;
    limit[slot] = row.limit;
    addRow(tableau, slot);
    slot += 1;
  }
}

/** What all tasks take by place, and no more than `limit`. */
function sumOf(
  placed: readonly PlacedTask[],
  columnOf: Int32Array,
  limit: number,
  amountOf: (task: PlacedTask, k: number) => number,
): Row {
  const columns = placed.reduce((sum, { places }) => sum + Math.max(0, places.length - 1), 1);
  const coefficients = new Float64Array(columns);
  let left = limit;
  placed.forEach((one, task) => {
    if (one.places.length === 0) return;
    const first = amountOf(one, 0);
    left -= first;
    for (let k = 1; k < one.places.length; k += 1) {
      coefficients[(columnOf[task] as number) + k - 1] = amountOf(one, k) - first;
    }
  });
  return { coefficients, limit: left };
}

function poolRows(draft: Draft, placed: readonly PlacedTask[], columnOf: Int32Array): Row[] {
  const { problem } = draft;
  const { pools, tasks, options } = problem;
  const rows: Row[] = [];
  for (let pool = 0; pool < pools.count; pool += 1) {
    if (pools.consumable[pool] !== 1) continue;
    let left = pools.capacity[pool] as number;
    for (let task = 0; task < tasks.count; task += 1) {
      left -= poolUse(tasks, task, pool);
      const option = tasks.fixedOption[task] as number;
      if (draft.tasks[task] === null && option !== none) left -= poolUse(options, option, pool);
    }
    const row = sumOf(placed, columnOf, left, ({ places }, k) =>
      poolUse(options, places[k]?.option as number, pool),
    );
    if (row.coefficients.some((coefficient) => coefficient !== 0)) rows.push(row);
  }
  return rows;
}

/** What all tasks take of a dimension fits under its capacity until the end. */
function energyRows(draft: Draft, placed: readonly PlacedTask[], columnOf: Int32Array): Row[] {
  const { problem, places } = draft;
  const group = places.groups.length === 1 ? places.groups[0] : undefined;
  if (group === undefined || group.isSlots) return [];
  if (problem.tasks.state.some((state) => state === taskRunning)) return [];
  const worker = group.workers[0] as number;
  return problem.dimensions.map((_, d): Row => {
    const row = sumOf(placed, columnOf, 0, ({ places: of }, k) => {
      const place = of[k];
      return place === undefined ? 0 : place.duration * demandOf(problem, place.option, d);
    });
    row.coefficients[0] = -capacityOf(problem, worker, d);
    return row;
  });
}

function precedenceOf(draft: Draft, placed: readonly PlacedTask[]) {
  const { edges, tasks } = draft.problem;
  const indexOf = new Int32Array(tasks.count).fill(-1);
  placed.forEach(({ task }, index) => {
    indexOf[task] = index;
  });
  const into: { from: number; lag: number }[][] = placed.map(() => []);
  const isLast = new Uint8Array(placed.length).fill(1);
  for (let edge = 0; edge < edges.count; edge += 1) {
    const from = indexOf[edges.from[edge] as number] as number;
    const to = indexOf[edges.to[edge] as number] as number;
    if (from < 0 || to < 0) continue;
    isLast[from] = 0;
    into[to]?.push({ from, lag: edges.lag[edge] as number });
  }
  const predecessorFirst = new Int32Array(placed.length + 1);
  into.forEach((list, task) => {
    predecessorFirst[task + 1] = (predecessorFirst[task] as number) + list.length;
  });
  return {
    isLast,
    predecessorFirst,
    predecessor: Int32Array.from(into.flat(), ({ from }) => from),
    predecessorLag: Int32Array.from(into.flat(), ({ lag }) => lag),
  };
}

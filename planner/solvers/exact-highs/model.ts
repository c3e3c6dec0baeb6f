/**
 * A mixed-integer model in continuous time: which worker (x), when (s), and, for pairs that could
 * clash, which comes first (b). Every minimal forbidden set on a worker needs an ordered pair
 * (Alvarez-Valdes & Tamarit 1993, with assignment added). Energy rows per worker tie the makespan
 * to the work that is put there, which gives the relaxation what big-M rows do not.
 *
 * Times are scaled to about a thousand, so that one tolerance serves all problems; the objective is
 * in multiples of `unit`, see `objectiveUnit`.
 */

import { none, type Problem } from "../../../core/problem.js";
import { type Activity, demandOf, type ExactInput } from "./activities.js";
import { objectiveUnit } from "./objective-unit.js";
import { createRows, type Rows, type Term } from "./rows.js";

export interface ExactModel {
  readonly input: ExactInput;
  readonly rows: Rows;
  /** Column of the start of each task, milestones included; none for facts. */
  readonly startColumn: Int32Array;
  /** [activity][place] */
  readonly placeColumns: readonly (readonly number[])[];
  /** Pair → column of "the first ends before the second starts"; key first × activities + second. */
  readonly beforeColumn: ReadonlyMap<number, number>;
  readonly makespanColumn: number;
  /** [task] none: no due time, or nothing weighs it. */
  readonly tardinessColumn: Int32Array;
  readonly ticksPerUnit: number;
  readonly valueUnit: number;
  /** All objective values of plans are multiples of `valueUnit`. */
  readonly integral: boolean;
  /** Value of the objective's constant part. */
  readonly offset: number;
}

interface Build {
  readonly input: ExactInput;
  readonly problem: Problem;
  readonly rows: Rows;
  readonly startColumn: Int32Array;
  readonly placeColumns: number[][];
  readonly beforeColumn: Map<number, number>;
  readonly scale: number;
  /** No plan worth finding has an end of the task later than this. */
  readonly latestEnd: Float64Array;
}

/** `value`: of a known plan, or Infinity; only better plans are looked for. */
export function buildModel(input: ExactInput, value: number): ExactModel {
  const { problem } = input.kernel;
  const latestEnd = latestEnds(input, value);
  const ticksPerUnit = Math.max(1, latestEnd.reduce((a, b) => Math.max(a, b), 1) / 1_000);
  const { unit, integral } = objectiveUnit(problem);
  const build: Build = {
    input,
    problem,
    rows: createRows(),
    startColumn: new Int32Array(problem.tasks.count).fill(none),
    placeColumns: [],
    beforeColumn: new Map(),
    scale: 1 / ticksPerUnit,
    latestEnd,
  };
  addStarts(build);
  addPlaces(build, unit);
  const makespanColumn = addMakespan(build, unit);
  addPrecedences(build);
  addForbiddenSets(build);
  addEnergy(build, makespanColumn);
  const { tardinessColumn, offset } = addTaskCosts(build, unit);
  return {
    input,
    rows: build.rows,
    startColumn: build.startColumn,
    placeColumns: build.placeColumns,
    beforeColumn: build.beforeColumn,
    makespanColumn,
    tardinessColumn,
    ticksPerUnit,
    valueUnit: unit,
    integral,
    offset,
  };
}

/** The serial schedule is one bound; what the known plan costs is another, less each tail. */
function latestEnds(input: ExactInput, value: number): Float64Array {
  const { kernel, activities } = input;
  const { problem } = kernel;
  const { tasks, edges, weights } = problem;
  let serial = 0;
  for (const release of tasks.release) serial = Math.max(serial, release);
  for (const { fixed } of activities) serial = Math.max(serial, fixed?.end ?? 0);
  for (const { fixed, places } of activities) {
    if (fixed === null) serial += places.reduce((a, { duration }) => Math.max(a, duration), 0);
  }
  for (const lag of edges.lag) serial += lag;
  const worth = (value / (weights.makespan * problem.tickMs)) * 1_000;
  const end = Math.min(
    problem.horizon,
    serial,
    Number.isFinite(worth) ? Math.floor(worth + 1) : serial,
  );
  return Float64Array.from(kernel.tail, (tail, task) =>
    Math.max((kernel.head[task] as number) + (kernel.shortest[task] as number), end - tail),
  );
}

function addStarts({ problem, input, rows, startColumn, scale, latestEnd }: Build): void {
  const { head, shortest } = input.kernel;
  const fixed = new Set(input.activities.filter((a) => a.fixed !== null).map(({ task }) => task));
  for (let task = 0; task < problem.tasks.count; task += 1) {
    if (fixed.has(task)) continue;
    const latest = (latestEnd[task] as number) - (shortest[task] as number);
    startColumn[task] = rows.column(0, (head[task] as number) * scale, latest * scale, false);
  }
}

function addPlaces({ problem, input, rows, placeColumns }: Build, unit: number): void {
  const { tasks, weights } = problem;
  for (const { task, places, fixed } of input.activities) {
    if (fixed !== null) {
      placeColumns.push([]);
      continue;
    }
    const previous = tasks.previousWorker[task] as number;
    const columns = places.map(({ worker }) => {
      const moved = previous !== none && worker !== previous;
      const cost = moved ? weights.moves * (tasks.moveWeight[task] as number) : 0;
      return rows.column(cost / unit, 0, 1, true);
    });
    rows.row(
      1,
      1,
      columns.map((column) => ({ column, value: 1 })),
    );
    placeColumns.push(columns);
  }
}

/** start + duration of the chosen place, as terms times `factor`, and what facts add. */
function endTerms(build: Build, task: number, factor: number): { terms: Term[]; constant: number } {
  const { input, startColumn, placeColumns, scale, problem } = build;
  const column = startColumn[task] as number;
  if (column === none) {
    return { terms: [], constant: (problem.tasks.fixedEnd[task] as number) * scale * factor };
  }
  const terms: Term[] = [{ column, value: factor }];
  const index = input.activities.findIndex((activity) => activity.task === task);
  input.activities[index]?.places.forEach(({ duration }, place) => {
    terms.push({
      column: placeColumns[index]?.[place] ?? none,
      value: duration * scale * factor,
    });
  });
  return { terms, constant: 0 };
}

function addMakespan(build: Build, unit: number): number {
  const { problem, rows, scale, latestEnd, input } = build;
  const { tail } = input.kernel;
  const weight = (problem.weights.makespan * problem.tickMs) / 1_000 / unit / scale;
  let high = 0;
  let low = 0;
  for (let task = 0; task < problem.tasks.count; task += 1) {
    high = Math.max(high, (latestEnd[task] as number) + (tail[task] as number));
  }
  for (const { task, fixed } of input.activities) {
    if (task !== none && fixed !== null) low = Math.max(low, fixed.end);
  }
  const makespan = rows.column(weight, low * scale, Math.max(low, high) * scale, false);
  for (let task = 0; task < problem.tasks.count; task += 1) {
    const { terms, constant } = endTerms(build, task, -1);
    const after = (tail[task] as number) * scale;
    // Facts may end late while what follows them is already bounded by its own row.
    rows.row(after - constant, Number.POSITIVE_INFINITY, [
      { column: makespan, value: 1 },
      ...terms,
    ]);
  }
  return makespan;
}

function addPrecedences(build: Build): void {
  const { problem, rows, startColumn, scale } = build;
  const { edges } = problem;
  for (let edge = 0; edge < edges.count; edge += 1) {
    const column = startColumn[edges.to[edge] as number] as number;
    if (column === none) continue;
    const { terms, constant } = endTerms(build, edges.from[edge] as number, -1);
    const lag = (edges.lag[edge] as number) * scale;
    rows.row(lag - constant, Number.POSITIVE_INFINITY, [{ column, value: 1 }, ...terms]);
  }
}

function addForbiddenSets(build: Build): void {
  const { input, rows, placeColumns } = build;
  for (const members of input.forbiddenSets) {
    const terms: Term[] = [];
    let present = 0;
    for (const { activity, place } of members) {
      const column = placeColumns[activity]?.[place];
      if (column === undefined) continue;
      terms.push({ column, value: 1 });
      present += 1;
    }
    for (const { activity: a } of members) {
      for (const { activity: b } of members) {
        if (a === b) continue;
        const column = before(build, a, b);
        if (column !== none) terms.push({ column, value: -1 });
      }
    }
    rows.row(Number.NEGATIVE_INFINITY, present - 1, terms);
  }
}

/** Column of "a ends before b starts"; none where that cannot be. */
function before(build: Build, a: number, b: number): number {
  const { input, rows, beforeColumn, scale } = build;
  const count = input.activities.length;
  const known = beforeColumn.get(a * count + b);
  if (known !== undefined) return known;
  const first = input.activities[a] as Activity;
  const second = input.activities[b] as Activity;
  const possible = earliestEndOf(build, first) <= latestStartOf(build, second);
  const column = possible ? rows.column(0, 0, 1, true) : none;
  beforeColumn.set(a * count + b, column);
  if (column === none) return none;
  const opposite = beforeColumn.get(b * count + a) ?? none;
  if (opposite !== none) {
    rows.row(0, 1, [
      { column, value: 1 },
      { column: opposite, value: 1 },
    ]);
  }
  const lastEnd = first.fixed?.end ?? (build.latestEnd[first.task] as number);
  const firstStart = second.fixed?.start ?? (input.kernel.head[second.task] as number);
  const slack = Math.max(0, lastEnd - firstStart) * scale;
  const end = intervalTerms(build, first, "end");
  const start = intervalTerms(build, second, "start");
  rows.row(end.constant - start.constant - slack, Number.POSITIVE_INFINITY, [
    ...start.terms,
    ...end.terms.map((term) => ({ column: term.column, value: -term.value })),
    { column, value: -slack },
  ]);
  return column;
}

function intervalTerms(
  build: Build,
  { task, fixed }: Activity,
  side: "start" | "end",
): { terms: Term[]; constant: number } {
  if (fixed !== null) return { terms: [], constant: fixed[side] * build.scale };
  if (side === "end") return endTerms(build, task, 1);
  return { terms: [{ column: build.startColumn[task] as number, value: 1 }], constant: 0 };
}

function earliestEndOf({ input }: Build, { task, fixed }: Activity): number {
  const { head, shortest } = input.kernel;
  return fixed?.end ?? (head[task] as number) + (shortest[task] as number);
}

function latestStartOf({ input, latestEnd }: Build, { task, fixed }: Activity): number {
  return fixed?.start ?? (latestEnd[task] as number) - (input.kernel.shortest[task] as number);
}

/**
 * Work on a worker lies between the first head and the last tail of the tasks that count: for every
 * threshold of heads (tails at least their least) and of tails. Facts count from the origin on.
 */
function addEnergy(build: Build, makespan: number): void {
  const { input, problem } = build;
  const { head, tail } = input.kernel;
  const free = input.activities.filter(({ fixed }) => fixed === null);
  const least = (values: Int32Array): number =>
    free.reduce((a, { task }) => Math.min(a, values[task] as number), Number.MAX_SAFE_INTEGER);
  const [firstHead, lastTail] = [least(head), least(tail)];
  const heads = new Set(free.map(({ task }) => head[task] as number));
  const tails = new Set(free.map(({ task }) => tail[task] as number));
  const windows = [...heads].map((from) => ({ from, after: lastTail }));
  for (const after of tails) if (after !== lastTail) windows.push({ from: firstHead, after });
  for (let worker = 0; worker < problem.workers.count; worker += 1) {
    for (const { from, after } of windows) addWindow(build, makespan, worker, from, after);
    addWindow(build, makespan, worker, 0, 0);
  }
}

function addWindow(
  { input, problem, rows, placeColumns, scale }: Build,
  makespan: number,
  worker: number,
  from: number,
  after: number,
): void {
  const { head, tail } = input.kernel;
  const width = problem.dimensions.length;
  const whole = from === 0 && after === 0;
  for (let d = 0; d < width; d += 1) {
    const capacity = problem.workers.capacity[worker * width + d] as number;
    const terms: Term[] = [];
    let facts = 0;
    input.activities.forEach(({ task, places, fixed }, index) => {
      places.forEach(({ worker: where, option, duration }, place) => {
        if (where !== worker || option === none || capacity === 0) return;
        const share = (demandOf(problem, option, d) / capacity) * scale;
        if (fixed !== null) {
          if (whole) facts += Math.max(0, fixed.end - Math.max(0, fixed.start)) * share;
          return;
        }
        if (share === 0 || (head[task] as number) < from || (tail[task] as number) < after) return;
        terms.push({ column: placeColumns[index]?.[place] ?? none, value: -duration * share });
      });
    });
    if (terms.length === 0) continue;
    const low = (from + after) * scale + facts;
    rows.row(low, Number.POSITIVE_INFINITY, [{ column: makespan, value: 1 }, ...terms]);
  }
}

/** Flow and tardiness; the constant part gathers releases and what facts cost. */
function addTaskCosts(build: Build, unit: number): { tardinessColumn: Int32Array; offset: number } {
  const { problem, rows, scale, startColumn } = build;
  const { tasks, weights } = problem;
  const tickS = problem.tickMs / 1_000;
  const tardinessColumn = new Int32Array(tasks.count).fill(none);
  let offset = 0;
  for (let task = 0; task < tasks.count; task += 1) {
    const flow = weights.flow * (tasks.flowWeight[task] as number) * tickS;
    offset -= flow * (tasks.release[task] as number);
    const end = endTerms(build, task, 1);
    if (flow > 0) {
      offset += (end.constant / scale) * flow;
      for (const { column, value } of end.terms) rows.cost(column, (value * flow) / scale / unit);
    }
    const due = tasks.due[task] as number;
    const late = weights.tardiness * (tasks.tardinessWeight[task] as number) * tickS;
    if (due === none || late === 0) continue;
    if (startColumn[task] === none) {
      offset += late * Math.max(0, (tasks.fixedEnd[task] as number) - due);
      continue;
    }
    const high = Math.max(0, (build.latestEnd[task] as number) - due) * scale;
    const column = rows.column(late / scale / unit, 0, high, false);
    tardinessColumn[task] = column;
    const ends = endTerms(build, task, -1);
    rows.row(-due * scale, Number.POSITIVE_INFINITY, [{ column, value: 1 }, ...ends.terms]);
  }
  for (let task = 0; task < tasks.count; task += 1) offset += factMoves(build, task);
  return { tardinessColumn, offset };
}

/** Moves that are settled: of running tasks, and of milestones, which have no worker. */
function factMoves({ problem, startColumn, input }: Build, task: number): number {
  const { tasks, weights } = problem;
  const previous = tasks.previousWorker[task] as number;
  const placed = input.activities.some((a) => a.task === task && a.fixed === null);
  if (previous === none || placed) return 0;
  const worker = startColumn[task] === none ? (tasks.fixedWorker[task] as number) : none;
  return worker === previous ? 0 : weights.moves * (tasks.moveWeight[task] as number);
}

/**
 * Which of two tasks that cannot run together comes first, as literals: what clause learning needs to
 * reason about one machine, and about pairs too large for a shared one. Pairs that precedence orders
 * already have none.
 */
import { graphOf } from "../../../core/graph.js";
import type { Problem } from "../../../core/problem.js";
import { addLiterals } from "./clauses.js";
import { addPrecedence } from "./edges.js";
import { addBoolean } from "./engine.js";
import { always, unknown } from "./machine.js";
import { capacityOf, demandOf } from "./places.js";
import { type Draft, endSide, endTicks, type PlacedTask } from "./variables.js";

export interface Order {
  readonly first: number;
  readonly second: number;
  /** That `first` ends before `second` starts, and the other way round; if one of a pair always
   * holds, the other is its negation. */
  readonly forward: number;
  readonly backward: number;
}

const ordersMax = 25_000;

/** [n × n] for entries of one machine, by their tasks: the literal that the row goes before the column. */
export function orderMatrix(orders: Orders, tasks: readonly number[]): Int32Array {
  const count = tasks.length;
  const matrix = new Int32Array(count * count).fill(unknown);
  tasks.forEach((a, row) => {
    tasks.forEach((b, column) => {
      if (a === b) return;
      const at = row * count + column;
      matrix[at] = orders.reaches(a, b) ? always : (orders.literalOf.get(a * span + b) ?? unknown);
    });
  });
  return matrix;
}

export interface Orders {
  /** Empty where there would be too many. */
  readonly list: readonly Order[];
  /** By first * span + second: the literal that the first goes before the second. */
  readonly literalOf: ReadonlyMap<number, number>;
  /** Whether edges lead from one task to another. */
  reaches(from: number, to: number): boolean;
}

const span = 2 ** 20;

export function addOrders(draft: Draft): Orders {
  const reaches = reachability(draft.problem);
  const pairs: { a: PlacedTask; b: PlacedTask; together: [number, number][] | null }[] = [];
  const tasks = draft.tasks.filter((placed) => placed !== null && placed.places.length > 0);
  for (let i = 0; i < tasks.length; i += 1) {
    for (let j = 0; j < i; j += 1) {
      const a = tasks[j] as PlacedTask;
      const b = tasks[i] as PlacedTask;
      if (reaches(a.task, b.task) || reaches(b.task, a.task)) continue;
      const together = conflicts(draft, a, b);
      if (together !== null && together.length === 0) continue;
      pairs.push({ a, b, together });
      if (pairs.length > ordersMax) return { list: [], literalOf: new Map(), reaches };
    }
  }
  const list = pairs.map(({ a, b, together }) => addOrder(draft, a, b, together));
  const literalOf = new Map<number, number>();
  for (const { first, second, forward, backward } of list) {
    literalOf.set(first * span + second, forward);
    literalOf.set(second * span + first, backward);
  }
  return { list, literalOf, reaches };
}

function addOrder(
  draft: Draft,
  a: PlacedTask,
  b: PlacedTask,
  together: readonly [number, number][] | null,
): Order {
  const { engine } = draft;
  const forward = addBoolean(engine);
  const backward = together === null ? forward ^ 1 : addBoolean(engine);
  addPrecedence(engine, endSide(a), b.start, endTicks(a), forward);
  addPrecedence(engine, endSide(b), a.start, endTicks(b), backward);
  for (const [here, there] of together ?? []) {
    const literals = [forward, backward];
    if (here >= 0) literals.push(here ^ 1);
    if (there >= 0) literals.push(there ^ 1);
    addLiterals(engine, literals);
  }
  if (together !== null) addLiterals(engine, [forward ^ 1, backward ^ 1]);
  return { first: a.task, second: b.task, forward, backward };
}

/**
 * Literals of the places at which the two cannot run at once; null: wherever they run they cannot.
 * Tasks that take no time exclude nobody.
 */
function conflicts(draft: Draft, a: PlacedTask, b: PlacedTask): [number, number][] | null {
  const found: [number, number][] = [];
  a.places.forEach((here, k) => {
    b.places.forEach((there, m) => {
      if (here.group !== there.group || here.duration === 0 || there.duration === 0) return;
      if (!exclude(draft, here.group, here.option, there.option)) return;
      found.push([a.literals[k] as number, b.literals[m] as number]);
    });
  });
  return found.length > 0 && found.length === a.places.length * b.places.length ? null : found;
}

function exclude(draft: Draft, group: number, here: number, there: number): boolean {
  const { problem, places } = draft;
  const one = places.groups[group];
  if (one === undefined || one.isSlots) return false;
  const worker = one.workers[0] as number;
  return problem.dimensions.some(
    (_, d) =>
      demandOf(problem, here, d) + demandOf(problem, there, d) > capacityOf(problem, worker, d),
  );
}

/** Whether a path of edges leads from one task to another. */
function reachability(problem: Problem): (from: number, to: number) => boolean {
  const { count } = problem.tasks;
  const { topological, successorFirst, successor } = graphOf(problem);
  const words = (count + 31) >> 5;
  const bits = new Int32Array(count * words);
  for (let at = topological.length - 1; at >= 0; at -= 1) {
    const task = topological[at] as number;
    for (let k = successorFirst[task] as number; k < (successorFirst[task + 1] as number); k += 1) {
      const next = successor[k] as number;
      // A running task holds nobody to the edges that lead into it.
      if (problem.tasks.state[next] === 1) continue;
      const word = task * words + (next >> 5);
      bits[word] = (bits[word] as number) | (1 << (next & 31));
      for (let w = 0; w < words; w += 1) {
        bits[task * words + w] =
          (bits[task * words + w] as number) | (bits[next * words + w] as number);
      }
    }
  }
  return (from, to) => (((bits[from * words + (to >> 5)] as number) >>> (to & 31)) & 1) === 1;
}

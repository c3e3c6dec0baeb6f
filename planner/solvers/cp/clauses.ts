/**
 * Clauses over bounds, given and learned, with two watched atoms each (Moskewicz et al. 2001). An
 * atom (side, value) turns false when the other side rises to 1 - value, so a watch stands with that
 * side: threshold, clause, and some other atom that may hold already. No clause has two atoms of one
 * side. Learned ones are kept by glue (Audemard & Simon 2009), then by activity.
 */
import { type Engine, grown, reasonClause } from "./engine.js";
import { post } from "./trail.js";

const headerInts = 3;

/** Adds a clause of atoms [side, value]…; to be called at level 0. False: none of them can hold. */
export function addClause(engine: Engine, atoms: readonly number[]): boolean {
  const open: number[] = [];
  for (let k = 0; k < atoms.length; k += 2) {
    const [side, value] = [atoms[k] as number, atoms[k + 1] as number];
    if ((engine.low[side] as number) >= value) return true;
    if (-(engine.low[side ^ 1] as number) >= value) open.push(side, value);
  }
  if (open.length <= 2) {
    return open.length === 2 && post(engine, open[0] as number, open[1] as number, 0);
  }
  storeClause(engine, Int32Array.from(open), open.length, 0);
  return true;
}

/** Adds a clause of literals. */
export const addLiterals = (engine: Engine, literals: readonly number[]): boolean =>
  addClause(
    engine,
    literals.flatMap((literal) => [literal, 1 - (literal & 1)]),
  );

/** Returns the clause; its first two atoms are watched. `glue` 0: never deleted. */
export function storeClause(
  engine: Engine,
  atoms: Int32Array,
  length: number,
  glue: number,
): number {
  const clause = engine.clausesLength;
  const end = clause + headerInts + length;
  if (end > engine.clauses.length) engine.clauses = grown(engine.clauses, end);
  const { clauses } = engine;
  clauses[clause] = length >> 1;
  clauses[clause + 1] = glue;
  clauses[clause + 2] = engine.clauseBump;
  for (let k = 0; k < length; k += 1) clauses[clause + headerInts + k] = atoms[k] as number;
  engine.clausesLength = end;
  watch(engine, clause, clause + headerInts, clause + headerInts + 2);
  watch(engine, clause, clause + headerInts + 2, clause + headerInts);
  if (glue > 0) {
    if (engine.learnedCount === engine.learned.length) {
      engine.learned = grown(engine.learned, engine.learnedCount + 1);
    }
    engine.learned[engine.learnedCount] = clause;
    engine.learnedCount += 1;
  }
  return clause;
}

/** Watches the atom at `at`, with the one at `other` as what may hold already. */
function watch(engine: Engine, clause: number, at: number, other: number): void {
  const { clauses, watchCount } = engine;
  const side = (clauses[at] as number) ^ 1;
  let list = engine.watches[side] as Int32Array;
  const n = watchCount[side] as number;
  if (n + 4 > list.length) {
    list = grown(list, Math.max(16, n + 4));
    engine.watches[side] = list;
  }
  list[n] = 1 - (clauses[at + 1] as number);
  list[n + 1] = clause;
  list[n + 2] = clauses[other] as number;
  list[n + 3] = clauses[other + 1] as number;
  watchCount[side] = n + 4;
}

/** Draws what follows from the rise of a side from `old` to `value`. */
export function propagateClauses(
  engine: Engine,
  side: number,
  old: number,
  value: number,
): boolean {
  const list = engine.watches[side] as Int32Array;
  const n = engine.watchCount[side] as number;
  const { low } = engine;
  engine.work += n >> 4;
  let kept = 0;
  for (let k = 0; k < n; k += 4) {
    const threshold = list[k] as number;
    const fell = threshold > old && threshold <= value;
    if (!fell || (low[list[k + 2] as number] as number) >= (list[k + 3] as number)) {
      if (kept !== k) move(list, k, kept);
      kept += 4;
      continue;
    }
    engine.work += 1;
    const clause = list[k + 1] as number;
    if (replaceWatch(engine, clause, side ^ 1, 1 - threshold)) continue;
    const { clauses } = engine;
    const first = clauses[clause + headerInts] as number;
    const firstValue = clauses[clause + headerInts + 1] as number;
    list[kept] = threshold;
    list[kept + 1] = clause;
    list[kept + 2] = first;
    list[kept + 3] = firstValue;
    kept += 4;
    if ((low[first] as number) >= firstValue) continue;
    if (!post(engine, first, firstValue, clause * 4 + reasonClause)) {
      for (let rest = k + 4; rest < n; rest += 4, kept += 4) move(list, rest, kept);
      engine.watchCount[side] = kept;
      return false;
    }
  }
  engine.watchCount[side] = kept;
  return true;
}

function move(list: Int32Array, from: number, to: number): void {
  list[to] = list[from] as number;
  list[to + 1] = list[from + 1] as number;
  list[to + 2] = list[from + 2] as number;
  list[to + 3] = list[from + 3] as number;
}

/** True: another atom is watched instead of the one that fell. Else that one stands second. */
function replaceWatch(engine: Engine, clause: number, side: number, value: number): boolean {
  const { clauses, low } = engine;
  const base = clause + headerInts;
  if (clauses[base] === side && clauses[base + 1] === value) {
    clauses[base] = clauses[base + 2] as number;
    clauses[base + 1] = clauses[base + 3] as number;
    clauses[base + 2] = side;
    clauses[base + 3] = value;
  }
  if ((low[clauses[base] as number] as number) >= (clauses[base + 1] as number)) return false;
  const end = base + 2 * (clauses[clause] as number);
  for (let k = base + 4; k < end; k += 2) {
    const atom = clauses[k] as number;
    const atomValue = clauses[k + 1] as number;
    if (-(low[atom ^ 1] as number) < atomValue) continue;
    clauses[base + 2] = atom;
    clauses[base + 3] = atomValue;
    clauses[k] = side;
    clauses[k + 1] = value;
    watch(engine, clause, base + 2, base);
    return true;
  }
  return false;
}

/** Of use in a conflict: kept longer. */
export function bumpClause(engine: Engine, clause: number): void {
  const { clauses } = engine;
  if (clauses[clause + 1] === 0) return;
  const activity = (clauses[clause + 2] as number) + engine.clauseBump;
  clauses[clause + 2] = activity;
  if (activity < 1 << 29) return;
  for (let k = 0; k < engine.learnedCount; k += 1) {
    const at = (engine.learned[k] as number) + 2;
    clauses[at] = (clauses[at] as number) >> 15;
  }
  engine.clauseBump = Math.max(1, engine.clauseBump >> 15);
}

/** Learned clauses of at most this glue are never deleted. */
const glueKept = 2;

/**
 * At level 0 with a settled trail: deletes half of the learned clauses and whatever holds for good,
 * strips atoms that never hold, and lays the rest out anew.
 */
export function reduceClauses(engine: Engine, keepAll = false): void {
  const { clauses, learned, learnedCount } = engine;
  const order = Array.from(learned.subarray(0, learnedCount));
  const glue = (clause: number): number => clauses[clause + 1] as number;
  const activity = (clause: number): number => clauses[clause + 2] as number;
  order.sort((a, b) => glue(a) - glue(b) || activity(b) - activity(a) || a - b);
  const doomed = new Set<number>();
  if (!keepAll) {
    for (let k = order.length >> 1; k < order.length; k += 1) {
      if (glue(order[k] as number) > glueKept) doomed.add(order[k] as number);
    }
  }
  relay(engine, doomed);
}

function relay(engine: Engine, doomed: ReadonlySet<number>): void {
  const old = engine.clauses.slice(0, engine.clausesLength);
  const { low } = engine;
  engine.watchCount.fill(0);
  engine.learnedCount = 0;
  engine.clausesLength = 1;
  let atoms = new Int32Array(64);
  for (let clause = 1; clause < old.length; ) {
    const size = old[clause] as number;
    const next = clause + headerInts + 2 * size;
    if (atoms.length < 2 * size) atoms = new Int32Array(4 * size);
    let length = 0;
    let satisfied = doomed.has(clause);
    for (let k = clause + headerInts; k < next && !satisfied; k += 2) {
      const [side, value] = [old[k] as number, old[k + 1] as number];
      if ((low[side] as number) >= value) satisfied = true;
      else if (-(low[side ^ 1] as number) >= value) {
        atoms[length] = side;
        atoms[length + 1] = value;
        length += 2;
      }
    }
    // At a fixpoint an open clause has two open atoms at least.
    if (!satisfied && length >= 4) {
      const stored = storeClause(engine, atoms, length, old[clause + 1] as number);
      engine.clauses[stored + 2] = old[clause + 2] as number;
    }
    clause = next;
  }
}

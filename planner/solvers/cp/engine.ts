/**
 * The state of a lazy-clause-generation solver (Ohrimenko, Stuckey & Codish 2009), as typed arrays.
 *
 * Every integer variable has two sides, 2v for x and 2v + 1 for -x, and each side a lower bound. An
 * atom is a pair (side, value) that says "side >= value"; its negation is (side ^ 1, 1 - value). A
 * boolean is a variable of 0..1, and its two sides are its two literals: a literal holds if its side
 * is at least 1 - (literal & 1). No literal exists before a clause needs it, so domains may be wide.
 *
 * The trail lists every rise of a bound with its reason. Its reasons are explained only when conflict
 * analysis asks, and then only for the bound that is needed.
 */

export const reasonNone = 0;
/** Reasons are payload * 4 + kind. */
export const reasonClause = 1;
export const reasonEdge = 2;
export const reasonList = 3;

export interface Propagator {
  /** False: a conflict, described by `failList` or by `post`. */
  propagate(engine: Engine): boolean;
}

/** `to >= from + lag` wherever the condition holds; conditions are literals or -1. */
export interface Edges {
  count: number;
  from: Int32Array;
  to: Int32Array;
  lag: Int32Array;
  condition: Int32Array;
  /** By `from`: offsets into rows of to, lag, condition, edge. */
  outFirst: Int32Array;
  out: Int32Array;
  /** By condition. */
  conditionalFirst: Int32Array;
  conditional: Int32Array;
}

export interface Engine {
  sides: number;
  /** Lower bound of each side; what it is at level 0; the latest entry of the trail, or -1. */
  low: Int32Array;
  top: Int32Array;

  trailLength: number;
  trailSide: Int32Array;
  trailLow: Int32Array;
  trailOld: Int32Array;
  trailPrevious: Int32Array;
  trailReason: Int32Array;
  trailLevel: Int32Array;
  /** Next entry whose consequences are to be drawn. */
  head: number;

  level: number;
  /** [level] length of the trail, and of the lists of reasons, when the level was opened. */
  levelTrail: Int32Array;
  levelLists: Int32Array;

  /** Reasons as lists: length, then atoms. */
  lists: Int32Array;
  listsLength: number;

  /** Atoms that hold and cannot hold together. */
  conflict: Int32Array;
  conflictLength: number;

  /** Clauses: size, glue (0: not learned), activity, then atoms. See clauses.ts. */
  clauses: Int32Array;
  clausesLength: number;
  clauseBump: number;
  learned: Int32Array;
  learnedCount: number;
  watches: Int32Array[];
  watchCount: Int32Array;

  edges: Edges;

  readonly propagators: Propagator[];
  /** Runs once all others have nothing to add: what costs far more than they do. */
  last: Propagator | null;
  queued: Uint8Array;
  /** A ring; its size is a power of two that holds all propagators. */
  queue: Int32Array;
  queueHead: number;
  queueLength: number;
  /** By side: propagators to wake. */
  wake: Int32Array[];

  /** Scratch memory of conflict analysis. */
  need: Int32Array;
  needAt: Int32Array;
  touched: Int32Array;
  touchedCount: number;
  explained: Int32Array;
  explainedLength: number;

  /** Bounds drawn, edges and watches looked at: the measure of work. */
  work: number;
  conflicts: number;
}

export const edgeRow = 4;
const noInts = new Int32Array(0);

export function createEngine(): Engine {
  const ints = (length: number): Int32Array => new Int32Array(length);
  return {
    sides: 0,
    low: ints(64),
    top: ints(64),
    trailLength: 0,
    trailSide: ints(1024),
    trailLow: ints(1024),
    trailOld: ints(1024),
    trailPrevious: ints(1024),
    trailReason: ints(1024),
    trailLevel: ints(1024),
    head: 0,
    level: 0,
    levelTrail: ints(256),
    levelLists: ints(256),
    lists: ints(4096),
    listsLength: 0,
    conflict: ints(1024),
    conflictLength: 0,
    clauses: ints(1 << 14),
    // Offset 0 is no clause.
    clausesLength: 1,
    clauseBump: 1,
    learned: ints(1024),
    learnedCount: 0,
    watches: [],
    watchCount: ints(64),
    edges: {
      count: 0,
      from: ints(64),
      to: ints(64),
      lag: ints(64),
      condition: ints(64),
      outFirst: noInts,
      out: noInts,
      conditionalFirst: noInts,
      conditional: noInts,
    },
    propagators: [],
    last: null,
    queued: new Uint8Array(0),
    queue: noInts,
    queueHead: 0,
    queueLength: 0,
    wake: [],
    need: noInts,
    needAt: noInts,
    touched: noInts,
    touchedCount: 0,
    explained: ints(1024),
    explainedLength: 0,
    work: 0,
    conflicts: 0,
  };
}

export function grown(array: Int32Array, least: number): Int32Array {
  const larger = new Int32Array(Math.max(least, array.length * 2));
  larger.set(array);
  return larger;
}

/** Returns the side of x; that of -x is the next. */
export function addVariable(engine: Engine, least: number, most: number): number {
  const side = engine.sides;
  engine.sides += 2;
  if (engine.sides > engine.low.length) {
    engine.low = grown(engine.low, engine.sides);
    engine.top = grown(engine.top, engine.sides);
    engine.watchCount = grown(engine.watchCount, engine.sides);
  }
  engine.low[side] = least;
  engine.low[side + 1] = -most;
  engine.top[side] = -1;
  engine.top[side + 1] = -1;
  engine.watches.push(noInts, noInts);
  engine.wake.push(noInts, noInts);
  return side;
}

export const addBoolean = (engine: Engine): number => addVariable(engine, 0, 1);

export const isTrue = (engine: Engine, literal: number): boolean =>
  (engine.low[literal] as number) >= 1 - (literal & 1);

export const isFalse = (engine: Engine, literal: number): boolean =>
  (engine.low[literal ^ 1] as number) >= (literal & 1);

export const isFixed = (engine: Engine, side: number): boolean =>
  (engine.low[side] as number) >= -(engine.low[side ^ 1] as number);

/** Propagators are named by their number; they wake when one of the sides rises. */
export function addPropagator(
  engine: Engine,
  propagator: Propagator,
  sides: Iterable<number>,
): number {
  const index = engine.propagators.push(propagator) - 1;
  for (const side of new Set(sides)) {
    engine.wake[side] = Int32Array.of(...(engine.wake[side] ?? noInts), index);
  }
  return index;
}

/** After the last variable, edge and propagator: lays out what the search looks up. */
export function freeze(engine: Engine): void {
  const { edges, sides } = engine;
  engine.need = new Int32Array(sides);
  engine.needAt = new Int32Array(sides).fill(-1);
  engine.touched = new Int32Array(sides);
  const { length } = engine.propagators;
  engine.queued = new Uint8Array(length);
  let size = 1;
  while (size < length) size *= 2;
  engine.queue = new Int32Array(size);
  const [outFirst, out] = grouped(edges.from, edges.count, sides);
  edges.outFirst = outFirst.map((first) => first * edgeRow);
  edges.out = new Int32Array(out.length * edgeRow);
  out.forEach((edge, k) => {
    const at = k * edgeRow;
    edges.out[at] = edges.to[edge] as number;
    edges.out[at + 1] = edges.lag[edge] as number;
    edges.out[at + 2] = edges.condition[edge] as number;
    edges.out[at + 3] = edge;
  });
  [edges.conditionalFirst, edges.conditional] = grouped(edges.condition, edges.count, sides);
  engine.propagators.forEach((_, index) => {
    enqueue(engine, index);
  });
}

/** Compressed rows of the indices with each key; negative keys stand nowhere. */
function grouped(keys: Int32Array, count: number, rows: number): [Int32Array, Int32Array] {
  const first = new Int32Array(rows + 1);
  for (let k = 0; k < count; k += 1) {
    const key = keys[k] as number;
    if (key >= 0) first[key + 1] = (first[key + 1] as number) + 1;
  }
  for (let row = 0; row < rows; row += 1) {
    first[row + 1] = (first[row + 1] as number) + (first[row] as number);
  }
  const next = first.slice();
  const items = new Int32Array(first[rows] as number);
  for (let k = 0; k < count; k += 1) {
    const key = keys[k] as number;
    if (key < 0) continue;
    items[next[key] as number] = k;
    next[key] = (next[key] as number) + 1;
  }
  return [first, items];
}

export function enqueue(engine: Engine, propagator: number): void {
  if (engine.queued[propagator] === 1) return;
  engine.queued[propagator] = 1;
  const at = (engine.queueHead + engine.queueLength) & (engine.queue.length - 1);
  engine.queue[at] = propagator;
  engine.queueLength += 1;
}

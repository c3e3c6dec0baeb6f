/** Raising bounds, taking them back, and the reasons why they rose. */
import { type Engine, grown, reasonClause, reasonEdge, reasonList, reasonNone } from "./engine.js";

/** Raises a side to `value`; false: it cannot be so high, and `engine.conflict` says why. */
export function post(engine: Engine, side: number, value: number, reason: number): boolean {
  const { low } = engine;
  const old = low[side] as number;
  if (value <= old) return true;
  if (value > -(low[side ^ 1] as number)) {
    describeConflict(engine, side, value, reason);
    return false;
  }
  const at = engine.trailLength;
  if (at === engine.trailSide.length) growTrail(engine);
  engine.trailSide[at] = side;
  engine.trailLow[at] = value;
  engine.trailOld[at] = old;
  engine.trailPrevious[at] = engine.top[side] as number;
  engine.trailReason[at] = reason;
  engine.trailLevel[at] = engine.level;
  engine.trailLength = at + 1;
  engine.top[side] = at;
  low[side] = value;
  return true;
}

function growTrail(engine: Engine): void {
  const least = engine.trailSide.length * 2;
  engine.trailSide = grown(engine.trailSide, least);
  engine.trailLow = grown(engine.trailLow, least);
  engine.trailOld = grown(engine.trailOld, least);
  engine.trailPrevious = grown(engine.trailPrevious, least);
  engine.trailReason = grown(engine.trailReason, least);
  engine.trailLevel = grown(engine.trailLevel, least);
}

function describeConflict(engine: Engine, side: number, value: number, reason: number): void {
  const most = -(engine.low[side ^ 1] as number);
  // An edge explains any bound up to the one that it gave: the least that fails is enough.
  const needed = (reason & 3) === reasonEdge ? most + 1 : value;
  engine.conflictLength = 0;
  conflictAtom(engine, side ^ 1, -most);
  const from = explain(engine, reason, side, needed);
  for (let k = from; k < engine.explainedLength; k += 2) {
    conflictAtom(engine, engine.explained[k] as number, engine.explained[k + 1] as number);
  }
  engine.explainedLength = from;
}

function conflictAtom(engine: Engine, side: number, value: number): void {
  const at = engine.conflictLength;
  if (at + 2 > engine.conflict.length) engine.conflict = grown(engine.conflict, at + 2);
  engine.conflict[at] = side;
  engine.conflict[at + 1] = value;
  engine.conflictLength = at + 2;
}

/** A conflict whose atoms are those of the list. */
export function failList(engine: Engine, list: number): false {
  const length = engine.lists[list] as number;
  engine.conflictLength = 0;
  for (let k = 0; k < length; k += 2) {
    const at = list + 1 + k;
    conflictAtom(engine, engine.lists[at] as number, engine.lists[at + 1] as number);
  }
  return false;
}

/** Begins a list of atoms that hold; `listAtom` adds to it. As a reason: `listReason`. */
export function beginList(engine: Engine): number {
  const list = engine.listsLength;
  if (list + 1 > engine.lists.length) engine.lists = grown(engine.lists, list + 1);
  engine.lists[list] = 0;
  engine.listsLength = list + 1;
  return list;
}

export function listAtom(engine: Engine, list: number, side: number, value: number): void {
  const at = engine.listsLength;
  if (at + 2 > engine.lists.length) engine.lists = grown(engine.lists, at + 2);
  engine.lists[at] = side;
  engine.lists[at + 1] = value;
  engine.listsLength = at + 2;
  engine.lists[list] = (engine.lists[list] as number) + 2;
}

export const listReason = (list: number): number => list * 4 + reasonList;

/**
 * Writes atoms that together force `side >= needed` to the end of `engine.explained`, and returns
 * where they begin. `needed` is at most the bound that the reason gave.
 */
export function explain(engine: Engine, reason: number, side: number, needed: number): number {
  const from = engine.explainedLength;
  const payload = reason >>> 2;
  const kind = reason & 3;
  if (kind === reasonNone) return from;
  if (kind === reasonEdge) {
    const { edges } = engine;
    explainedAtom(engine, edges.from[payload] as number, needed - (edges.lag[payload] as number));
    const condition = edges.condition[payload] as number;
    if (condition >= 0) explainedAtom(engine, condition, 1 - (condition & 1));
    return from;
  }
  if (kind === reasonClause) {
    const { clauses } = engine;
    const end = payload + 3 + 2 * (clauses[payload] as number);
    for (let k = payload + 3; k < end; k += 2) {
      const atomSide = clauses[k] as number;
      if (atomSide !== side) explainedAtom(engine, atomSide ^ 1, 1 - (clauses[k + 1] as number));
    }
    return from;
  }
  const length = engine.lists[payload] as number;
  for (let k = payload + 1; k <= payload + length; k += 2) {
    explainedAtom(engine, engine.lists[k] as number, engine.lists[k + 1] as number);
  }
  return from;
}

function explainedAtom(engine: Engine, side: number, value: number): void {
  const at = engine.explainedLength;
  if (at + 2 > engine.explained.length) engine.explained = grown(engine.explained, at + 2);
  engine.explained[at] = side;
  engine.explained[at + 1] = value;
  engine.explainedLength = at + 2;
}

/** Opens a level with a decision, which must be possible and not hold yet. */
export function decide(engine: Engine, side: number, value: number): void {
  engine.level += 1;
  if (engine.level >= engine.levelTrail.length) {
    engine.levelTrail = grown(engine.levelTrail, engine.level + 1);
    engine.levelLists = grown(engine.levelLists, engine.level + 1);
  }
  engine.levelTrail[engine.level] = engine.trailLength;
  engine.levelLists[engine.level] = engine.listsLength;
  post(engine, side, value, reasonNone);
}

/** Takes back all levels above `level`. */
export function backtrack(engine: Engine, level: number): void {
  if (engine.level <= level) return;
  clearQueue(engine);
  const { low, top, trailSide, trailOld, trailPrevious } = engine;
  const length = engine.levelTrail[level + 1] as number;
  for (let at = engine.trailLength - 1; at >= length; at -= 1) {
    const side = trailSide[at] as number;
    low[side] = trailOld[at] as number;
    top[side] = trailPrevious[at] as number;
  }
  engine.trailLength = length;
  engine.head = length;
  engine.listsLength = engine.levelLists[level + 1] as number;
  engine.level = level;
}

/** At level 0, after propagation: what holds there needs no reason any more. */
export function settle(engine: Engine): void {
  for (let at = 0; at < engine.trailLength; at += 1)
    engine.top[engine.trailSide[at] as number] = -1;
  engine.trailLength = 0;
  engine.head = 0;
  engine.listsLength = 0;
}

function clearQueue(engine: Engine): void {
  while (engine.queueLength > 0) {
    engine.queued[engine.queue[engine.queueHead] as number] = 0;
    engine.queueHead = (engine.queueHead + 1) & (engine.queue.length - 1);
    engine.queueLength -= 1;
  }
}

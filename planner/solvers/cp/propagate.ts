/** Draws all that follows from the bounds as they are: clauses and edges first, then the rest. */
import { propagateClauses } from "./clauses.js";
import { propagateEdges } from "./edges.js";
import { type Engine, enqueue } from "./engine.js";

/** False: a conflict, in `engine.conflict`. */
export function propagate(engine: Engine): boolean {
  for (;;) {
    if (!drain(engine)) return false;
    if (engine.queueLength === 0) {
      if (engine.last !== null && !engine.last.propagate(engine)) return false;
      if (engine.head === engine.trailLength) return true;
      continue;
    }
    const next = engine.queue[engine.queueHead] as number;
    engine.queueHead = (engine.queueHead + 1) & (engine.queue.length - 1);
    engine.queueLength -= 1;
    engine.queued[next] = 0;
    const propagator = engine.propagators[next];
    if (propagator !== undefined && !propagator.propagate(engine)) return false;
  }
}

/** Edges and clauses, until the trail has nothing new; wakes the propagators on the way. */
function drain(engine: Engine): boolean {
  while (engine.head < engine.trailLength) {
    const at = engine.head;
    engine.head = at + 1;
    engine.work += 1;
    const side = engine.trailSide[at] as number;
    const wake = engine.wake[side] as Int32Array;
    for (let k = 0; k < wake.length; k += 1) enqueue(engine, wake[k] as number);
    if (!propagateEdges(engine, side)) return false;
    const old = engine.trailOld[at] as number;
    if (!propagateClauses(engine, side, old, engine.trailLow[at] as number)) return false;
  }
  return true;
}

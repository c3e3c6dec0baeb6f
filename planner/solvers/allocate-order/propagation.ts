/** What propagation carries along besides the state, and what it reads an arc to cost. */
import type { ProcessorModel } from "../../processors/model.js";
import { apart, isDecided, type Partial } from "./partial.js";

export interface Propagation {
  readonly model: ProcessorModel;
  /** Longest makespan that is of interest. */
  limit: number;
  /** The activity at which the last contradiction showed. */
  culprit: number;
  workUnits: number;
  /** Scratch of the bounds. */
  readonly list: Int32Array;
  readonly left: Int32Array;
  readonly arcsScratch: Int32Array;
}

export function createPropagation(model: ProcessorModel, limit: number): Propagation {
  return {
    model,
    limit,
    culprit: 0,
    workUnits: 0,
    list: new Int32Array(model.activities + 1),
    left: new Int32Array(model.activities + 1),
    arcsScratch: new Int32Array(4 * (model.arcs.count + 1)),
  };
}

/** What an arc costs at least, given what is decided about its ends. */
export function arcTicks(model: ProcessorModel, state: Partial, arc: number): number {
  const { arcs, activities } = model;
  const from = arcs.from[arc] as number;
  const to = arcs.to[arc] as number;
  const flags = state.pair[from * activities + to] as number;
  if ((flags & apart) === 0) return arcs.lag[arc] as number;
  if (arcs.links === 1) return arcs.apartMin[arc] as number;
  const source = state.domain[from] as number;
  const target = state.domain[to] as number;
  if (!isDecided(source) || !isDecided(target)) return arcs.apartMin[arc] as number;
  const row = arcs.linkOf[31 - Math.clz32(source)] as number;
  const column = arcs.linkOf[31 - Math.clz32(target)] as number;
  return arcs.apart[(arc * arcs.links + row) * arcs.links + column] as number;
}

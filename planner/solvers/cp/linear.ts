/** Sums of weighted sides that may not exceed a limit, by bounds. */
import type { Engine, Propagator } from "./engine.js";
import { beginList, failList, listAtom, listReason, post } from "./trail.js";

export interface Term {
  readonly side: number;
  /** Positive. */
  readonly weight: number;
}

/** Sum of weight * side, over sides (x or -x), at most `limit`. */
export function linearPropagator(terms: readonly Term[], limit: number): Propagator {
  const sides = Int32Array.from(terms, ({ side }) => side);
  const weights = Float64Array.from(terms, ({ weight }) => weight);
  return { propagate: (engine) => propagateLinear(engine, sides, weights, limit) };
}

function propagateLinear(
  engine: Engine,
  sides: Int32Array,
  weights: Float64Array,
  limit: number,
): boolean {
  const { low } = engine;
  let slack = limit;
  for (let k = 0; k < sides.length; k += 1) {
    slack -= (weights[k] as number) * (low[sides[k] as number] as number);
  }
  engine.work += sides.length >> 2;
  if (slack < 0) {
    const list = beginList(engine);
    for (const side of sides) listAtom(engine, list, side, low[side] as number);
    return failList(engine, list);
  }
  for (let k = 0; k < sides.length; k += 1) {
    const side = sides[k] as number;
    const least = low[side] as number;
    const range = -(low[side ^ 1] as number) - least;
    const weight = weights[k] as number;
    if (range * weight <= slack) continue;
    const most = least + Math.floor(slack / weight);
    const list = beginList(engine);
    for (const other of sides)
      if (other !== side) listAtom(engine, list, other, low[other] as number);
    if (!post(engine, side ^ 1, -most, listReason(list))) return false;
  }
  return true;
}

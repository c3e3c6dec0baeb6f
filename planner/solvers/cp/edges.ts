/**
 * Precedence: `to >= from + lag` wherever a literal holds, as differences of bounds. Both directions
 * of a constraint are edges, one between the variables and one between their negations. Explained
 * when asked, for exactly the bound that is needed.
 */
import { type Engine, edgeRow, grown, reasonEdge } from "./engine.js";
import { beginList, listAtom, listReason, post } from "./trail.js";

/** x of `to` is at least x of `from` plus `lag`, where the literal holds (-1: everywhere). */
export function addPrecedence(
  engine: Engine,
  from: number,
  to: number,
  lag: number,
  condition: number,
): void {
  addEdge(engine, from, to, lag, condition);
  addEdge(engine, to ^ 1, from ^ 1, lag, condition);
}

function addEdge(engine: Engine, from: number, to: number, lag: number, condition: number): void {
  const { edges } = engine;
  const at = edges.count;
  if (at === edges.from.length) {
    edges.from = grown(edges.from, at + 1);
    edges.to = grown(edges.to, at + 1);
    edges.lag = grown(edges.lag, at + 1);
    edges.condition = grown(edges.condition, at + 1);
  }
  edges.from[at] = from;
  edges.to[at] = to;
  edges.lag[at] = lag;
  edges.condition[at] = condition;
  edges.count = at + 1;
}

/** Draws what follows from the rise of a side, as a time or as a condition. */
export function propagateEdges(engine: Engine, side: number): boolean {
  const { edges, low } = engine;
  const { out } = edges;
  const first = edges.outFirst[side] as number;
  const after = edges.outFirst[side + 1] as number;
  engine.work += (after - first) >> 2;
  for (let k = first; k < after; k += edgeRow) {
    const target = out[k] as number;
    const value = (low[side] as number) + (out[k + 1] as number);
    if (value <= (low[target] as number)) continue;
    const edge = out[k + 3] as number;
    const literal = out[k + 2] as number;
    if (literal >= 0 && (low[literal] as number) < 1 - (literal & 1)) {
      const isOff = (low[literal ^ 1] as number) >= (literal & 1);
      const fails = value > -(low[target ^ 1] as number);
      if (!isOff && fails && !rejectEdge(engine, edge)) return false;
      continue;
    }
    if (!post(engine, target, value, edge * 4 + reasonEdge)) return false;
  }
  return propagateConditional(engine, side);
}

function propagateConditional(engine: Engine, side: number): boolean {
  const { edges, low } = engine;
  const first = edges.conditionalFirst[side] as number;
  const after = edges.conditionalFirst[side + 1] as number;
  if (first === after || (low[side] as number) < 1 - (side & 1)) return true;
  for (let k = first; k < after; k += 1) {
    const edge = edges.conditional[k] as number;
    const value = (low[edges.from[edge] as number] as number) + (edges.lag[edge] as number);
    if (!post(engine, edges.to[edge] as number, value, edge * 4 + reasonEdge)) return false;
  }
  return true;
}

/** The edge cannot hold, so its condition does not. */
function rejectEdge(engine: Engine, edge: number): boolean {
  const { edges, low } = engine;
  const target = edges.to[edge] as number;
  const literal = edges.condition[edge] as number;
  const most = -(low[target ^ 1] as number);
  const list = beginList(engine);
  listAtom(engine, list, edges.from[edge] as number, most + 1 - (edges.lag[edge] as number));
  listAtom(engine, list, target ^ 1, -most);
  return post(engine, literal ^ 1, literal & 1, listReason(list));
}

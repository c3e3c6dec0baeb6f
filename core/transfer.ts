/**
 * What an edge's data pays between two workers; the one place where it is computed, but for
 * `core/check`, which trusts nobody.
 */
import { none, type Problem } from "./problem.js";

const kibPerGib = 2 ** 20;

/** Whether any edge pays for a transfer between some two workers. */
export function hasTransfers({ edges, links }: Problem): boolean {
  const travels = links.count > 0 && edges.kib.some((kib) => kib > 0);
  return travels || edges.fixed.some((ticks) => ticks > 0);
}

/**
 * Ticks from the end of `from` on its worker until its data is at hand on another: none within one
 * worker, nor where either end has no worker. The edge's fixed part, the latency of the links and
 * the size at their speed, rounded up.
 */
export function transferTicks(
  problem: Problem,
  edge: number,
  fromWorker: number,
  toWorker: number,
): number {
  if (fromWorker === toWorker || fromWorker === none || toWorker === none) return 0;
  const { edges, links, workers } = problem;
  const fixed = edges.fixed[edge] as number;
  const kib = edges.kib[edge] as number;
  if (kib === 0 || links.count === 0) return fixed;
  const row = (workers.link[fromWorker] as number) * links.count;
  const pair = row + (workers.link[toWorker] as number);
  const perGib = links.perGib[pair] as number;
  return fixed + (links.latency[pair] as number) + Math.ceil((kib * perGib) / kibPerGib);
}

/** Mean ticks of each edge's transfer between two workers, over all pairs of links; [edges]. */
export function meanTransfers({ edges, links }: Problem): Float64Array {
  const pairs = Math.max(1, links.latency.length);
  const latency = links.latency.reduce((sum, ticks) => sum + ticks, 0) / pairs;
  const perGib = links.perGib.reduce((sum, ticks) => sum + ticks, 0) / pairs;
  return Float64Array.from({ length: edges.count }, (_, edge) => {
    const kib = edges.kib[edge] as number;
    const travel = kib > 0 && links.count > 0 ? latency + (kib * perGib) / kibPerGib : 0;
    return (edges.fixed[edge] as number) + travel;
  });
}

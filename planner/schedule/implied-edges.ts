/**
 * Edges that gangs imply: the members of a gang start together, so each waits for what any of them
 * waits for. With these edges an order in which predecessors come first has, when the first member of
 * a gang is reached, everything placed that the whole gang waits for.
 */
import { membersOf } from "../../core/groups.js";
import { groupGang, type Problem, taskRunning } from "../../core/problem.js";

/** The problem itself where there are no gangs. Plans of one are plans of the other. */
export function withImpliedEdges(problem: Problem): Problem {
  const { groups, edges, tasks } = problem;
  const gangs = [...groups.kind.keys()].filter((group) => groups.kind[group] === groupGang);
  if (gangs.length === 0 || edges.count === 0) return problem;
  const entering = new Map<number, number[]>();
  for (let edge = 0; edge < edges.count; edge += 1) {
    const to = edges.to[edge] as number;
    const list = entering.get(to);
    if (list === undefined) entering.set(to, [edge]);
    else list.push(edge);
  }
  const from: number[] = [];
  const to: number[] = [];
  const lag: number[] = [];
  for (const gang of gangs) {
    const members = membersOf(problem, gang).filter((task) => tasks.state[task] !== taskRunning);
    for (const waiting of members) {
      for (const edge of entering.get(waiting) ?? []) {
        for (const other of members) {
          if (other === waiting) continue;
          from.push(edges.from[edge] as number);
          to.push(other);
          lag.push(edges.lag[edge] as number);
        }
      }
    }
  }
  return {
    ...problem,
    edges: {
      count: edges.count + from.length,
      from: Uint32Array.from([...edges.from, ...from]),
      to: Uint32Array.from([...edges.to, ...to]),
      lag: Int32Array.from([...edges.lag, ...lag]),
      fixed: Int32Array.from([...edges.fixed, ...new Int32Array(from.length)]),
      kib: Float64Array.from([...edges.kib, ...new Float64Array(from.length)]),
    },
  };
}

/**
 * Task graphs with communication in DOT, as O. Sinnen's database of optimal schedules writes them:
 * nodes and edges with an attribute Weight, and the number of processors after `Homogeneous-`.
 */
import type { Read } from "./instance.js";
import { FormatError } from "./numbers.js";
import { graphProblem } from "./processors.js";

const statement = /^\s*(\d+)\s*(?:->\s*(\d+))?\s*\[([^\]]*)\]\s*;?\s*$/gm;
const weight = /(?:^|[\s,[])Weight\s*=\s*"?(\d+(?:\.\d+)?)"?/;

export function readDot(text: string, processors: number | null): Read {
  const count = processors ?? Number(text.match(/TargetSystem\s*=\s*"Homogeneous-(\d+)"/)?.[1]);
  if (!Number.isInteger(count)) throw new FormatError("the number of processors is not said");
  const indexOf = new Map<number, number>();
  const tasks: { name: number; duration: number }[] = [];
  const arcs: { from: number; to: number; transfer: number }[] = [];
  for (const [, first, second, attributes = ""] of text.matchAll(statement)) {
    const value = Number(attributes.match(weight)?.[1]);
    if (!Number.isInteger(value)) throw new FormatError(`no whole Weight at ${first}`);
    if (second === undefined) {
      indexOf.set(Number(first), tasks.length);
      tasks.push({ name: Number(first), duration: value });
    } else {
      arcs.push({ from: Number(first), to: Number(second), transfer: value });
    }
  }
  const place = (node: number): number => {
    const index = indexOf.get(node);
    if (index === undefined) throw new FormatError(`an edge of the unknown node ${node}`);
    return index;
  };
  const edges = arcs.map(({ from, to, transfer }) => ({
    from: place(from),
    to: place(to),
    transfer,
  }));
  return graphProblem({ tasks, edges, processors: count });
}

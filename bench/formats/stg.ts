/**
 * Standard Task Graphs (Tobita & Kasahara, Journal of Scheduling 5, 2002): a row for each node of
 * its number, duration and predecessors. How many processors there are is not in the file.
 */
import type { Read } from "./instance.js";
import { FormatError, numbersOf } from "./numbers.js";
import { type GraphEdge, graphProblem } from "./processors.js";

export function readStg(text: string, processors: number): Read {
  const numbers = numbersOf(text);
  // The header does not count the two nodes without duration that begin and end the graph.
  const nodes = numbers.count("the number of tasks") + 2;
  const edges: GraphEdge[] = [];
  const tasks = Array.from({ length: nodes }, (_, node) => {
    const name = numbers.count("a node");
    if (name !== node) throw new FormatError(`node ${name}, where ${node} is expected`);
    const duration = numbers.count("a duration");
    for (const from of numbers.counts(numbers.count("predecessors"), "a predecessor")) {
      edges.push({ from, to: node, transfer: 0 });
    }
    return { name, duration };
  });
  numbers.expectEnd();
  return graphProblem({ tasks, edges, processors });
}

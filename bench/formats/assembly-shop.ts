/**
 * Flexible job shops with an arbitrary precedence graph (Birgin et al., JORS 65, 2014): counts of
 * operations, edges and machines, the edges, then the machines (from 0) of each operation. Operations
 * are numbered through and belong to no job.
 */
import type { Read } from "./instance.js";
import { FormatError, numbersOf } from "./numbers.js";
import { type Operation, shopOf } from "./shop.js";

export function readAssemblyShop(text: string): Read {
  const numbers = numbersOf(text);
  const count = numbers.count("the number of operations");
  const arcs = numbers.count("the number of edges");
  const machines = numbers.count("the number of machines");
  const edges = Array.from({ length: arcs }, () => {
    const from = numbers.count("an edge's first operation");
    const to = numbers.count("an edge's second operation");
    if (from >= count || to >= count) throw new FormatError(`edge ${from} ${to} of ${count}`);
    return [from, to] as const;
  });
  const operations = Array.from({ length: count }, (_, name): Operation => {
    const choices = numbers.count("the alternatives of an operation");
    const alternatives = Array.from({ length: choices }, () => {
      const machine = numbers.count("a machine");
      if (machine >= machines) throw new FormatError(`machine ${machine} of ${machines}`);
      return { machine, duration: numbers.count("a duration") };
    });
    return { name, job: 0, alternatives };
  });
  numbers.expectEnd();
  const names = Array.from({ length: machines }, (_, machine) => machine);
  return shopOf({ machines: names, operations, edges });
}

/**
 * Problems that are solved before the first measured one: small, one of each shape, so that threads
 * are up, engines loaded and their inner loops compiled. They are drawn from a seed and have
 * nothing to do with any benchmark.
 */
import type { Problem } from "../../core/problem.js";
import { randomInteger, seededRandom } from "../../core/random.js";
import { graphProblem } from "../formats/processors.js";
import { projectOf } from "../formats/project.js";
import { chainsOf, type Operation, shopOf } from "../formats/shop.js";

export function warmUpProblems(): Problem[] {
  const random = seededRandom(1);
  const upTo = (bound: number): number => 1 + randomInteger(random, bound);
  return [
    jobShop(10, 5, 1, upTo),
    jobShop(8, 5, 3, upTo),
    project(40, 1, upTo),
    project(30, 3, upTo),
    unrelated(60, 8, upTo),
    graph(30, 3, true, upTo),
    graph(60, 4, false, upTo),
  ];
}

type Draw = (bound: number) => number;

function jobShop(jobs: number, machines: number, choices: number, upTo: Draw): Problem {
  const operations: Operation[] = [];
  for (let job = 0; job < jobs; job++) {
    for (let index = 0; index < machines; index++) {
      const first = upTo(machines) - 1;
      const alternatives = Array.from({ length: choices }, (_, choice) => ({
        machine: (first + choice) % machines,
        duration: upTo(50),
      }));
      operations.push({ name: `${job}.${index}`, job, alternatives });
    }
  }
  const names = Array.from({ length: machines }, (_, machine) => machine);
  return shopOf({ machines: names, operations, edges: chainsOf(operations) }).problem;
}

function project(jobs: number, modes: number, upTo: Draw): Problem {
  const drafts = Array.from({ length: jobs }, (_, job) => ({
    modes: Array.from({ length: modes }, (_unused, mode) => ({
      duration: upTo(8) + mode * 2,
      use: [upTo(6), upTo(6)],
      spends: modes === 1 ? [] : [Math.max(0, 4 - mode * 2)],
    })),
    successors: [job + upTo(4), job + upTo(9)].filter((after) => after < jobs),
  }));
  return projectOf({ capacity: [12, 12], budget: modes === 1 ? [] : [jobs * 3], jobs: drafts })
    .problem;
}

function unrelated(jobs: number, machines: number, upTo: Draw): Problem {
  const operations = Array.from({ length: jobs }, (_, job) => ({
    name: job,
    job,
    alternatives: Array.from({ length: machines }, (_unused, machine) => ({
      machine,
      duration: upTo(100),
    })),
  }));
  const names = Array.from({ length: machines }, (_, machine) => machine);
  return shopOf({ machines: names, operations, edges: [] }).problem;
}

function graph(tasks: number, processors: number, travels: boolean, upTo: Draw): Problem {
  const edges = Array.from({ length: tasks * 2 }, () => {
    const from = upTo(tasks - 1) - 1;
    const to = from + upTo(Math.min(10, tasks - 1 - from));
    return { from, to, transfer: travels ? upTo(20) : 0 };
  });
  const rows = Array.from({ length: tasks }, (_, name) => ({ name, duration: upTo(20) }));
  return graphProblem({ tasks: rows, edges, processors }).problem;
}

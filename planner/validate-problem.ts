/**
 * What must hold of a problem besides what the codec has checked of its columns: the graph has no
 * cycle, lags are not negative, and sums of weighted times stay exact in a double.
 */
import { graphOf } from "../core/graph.js";
import { gangsAreAcyclic } from "../core/groups.js";
import type { Problem } from "../core/problem.js";
import { fail, ok, type Result, type Violation } from "../core/result.js";

export interface ProblemLimits {
  readonly tasksMax: number;
  readonly workersMax: number;
}

const violationsMax = 20;
/** Sums of integers are exact below this. */
const exactMax = 2 ** 53;

export function validateProblem(problem: Problem, limits: ProblemLimits): Result<null> {
  const { tasks, workers } = problem;
  for (const [field, count, limit] of [
    ["tasks.count", tasks.count, limits.tasksMax],
    ["workers.count", workers.count, limits.workersMax],
  ] as const) {
    if (count > limit) {
      const message = `${count} is more than ${limit}`;
      return fail("limit_exceeded", `problem: ${field} ${message}`, [{ field, message, limit }]);
    }
  }
  const violations = [...checkEdges(problem), ...checkWeights(problem)].slice(0, violationsMax);
  const first = violations[0];
  if (first === undefined) return ok(null);
  return fail("invalid_argument", `problem: ${first.field} ${first.message}`, violations);
}

function checkEdges(problem: Problem): Violation[] {
  const { edges, tasks } = problem;
  const violations: Violation[] = [];
  for (let edge = 0; edge < edges.count && violations.length < violationsMax; edge += 1) {
    if ((edges.lag[edge] as number) >= 0) continue;
    violations.push({ field: `edges.lag[${edge}]`, message: "must not be negative" });
  }
  const { topological } = graphOf(problem);
  if (topological.length < tasks.count) {
    const reached = new Set(topological);
    const task = tasks.ids.findIndex((_, index) => !reached.has(index));
    const message = `have a cycle at or before task ${tasks.ids[task] ?? task}`;
    violations.push({ field: "edges", message });
  } else if (!gangsAreAcyclic(problem)) {
    const message = "has a gang of which one member waits for another, by way of edges and gangs";
    violations.push({ field: "groups", message });
  }
  return violations;
}

function checkWeights(problem: Problem): Violation[] {
  const { tasks, weights } = problem;
  const violations: Violation[] = [];
  const columns = ["flowWeight", "tardinessWeight", "moveWeight"] as const;
  const sums = columns.map((name) => {
    let sum = 0;
    const bad = tasks[name].findIndex((weight) => !(weight >= 0 && Number.isFinite(weight)));
    if (bad !== -1) {
      violations.push({ field: `tasks.${name}[${bad}]`, message: "must be a number from 0" });
    }
    for (const weight of tasks[name]) sum += weight;
    return sum;
  });
  const [flow = 0, tardiness = 0, moves = 0] = sums;
  const cost = total(problem.options.cost);
  const skipped = total(tasks.skipPrice.filter((price) => price < Number.POSITIVE_INFINITY));
  const perTick = weights.makespan + weights.flow * flow + weights.tardiness * tardiness;
  // Releases and due times may lie as far before the origin as the horizon lies after it.
  const largest =
    perTick * 2 * problem.horizon * Math.max(1, problem.tickMs) +
    weights.moves * moves +
    weights.cost * cost +
    skipped;
  if (violations.length === 0 && !(largest < exactMax)) {
    const message = "times the horizon must stay below 2^53, or values are not exact";
    violations.push({ field: "weights", message, limit: exactMax });
  }
  return violations;
}

const total = (column: Float64Array): number => column.reduce((sum, value) => sum + value, 0);

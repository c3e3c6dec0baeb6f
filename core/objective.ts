/**
 * The weights by which plans are compared. The value of a plan is the weighted sum of its parts;
 * every plan reports the parts one by one, and lower is better.
 */
export interface ObjectiveWeights {
  /** Per second of the time from the origin to the end of the last task. */
  readonly makespan: number;
  /** Per second of flow time (release to end), times the task's own weight. */
  readonly flow: number;
  /** Per second past the due time, times the task's own weight. */
  readonly tardiness: number;
  /** Per task that a plan moves to another worker than the previous plan's, times its weight. */
  readonly moves: number;
  /** Per unit of the cost of the chosen options. */
  readonly cost: number;
}

export const defaultObjective: ObjectiveWeights = {
  makespan: 1,
  flow: 0.2,
  tardiness: 5,
  moves: 0.05,
  cost: 0,
};

/** The parts of a plan's value before weighting: seconds, weighted seconds, counts and prices. */
export interface ObjectiveParts {
  readonly makespanS: number;
  readonly flowS: number;
  readonly tardinessS: number;
  readonly moves: number;
  readonly cost: number;
  /** Prices of the tasks that are left out; they are in units of the value, so of weight 1. */
  readonly skipped: number;
}

export function objectiveValue(weights: ObjectiveWeights, parts: ObjectiveParts): number {
  return (
    weights.makespan * parts.makespanS +
    weights.flow * parts.flowS +
    weights.tardiness * parts.tardinessS +
    weights.moves * parts.moves +
    weights.cost * parts.cost +
    parts.skipped
  );
}

/** Problems with something in a column that nobody sane would send. Pure functions of a seed. */
import type { Problem } from "../../core/problem.js";
import { randomInteger, seededRandom } from "../../core/random.js";
import { allExtras, randomProblem } from "../../core/testing/random-problem.js";

const values = [
  0,
  1,
  -1,
  -2,
  7,
  1_000,
  2 ** 30 - 1,
  2 ** 30,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 40,
  1e300,
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
];

const parts = [
  "workers",
  "links",
  "blocks",
  "devices",
  "gpuRequests",
  "pools",
  "tasks",
  "options",
  "edges",
  "groups",
] as const;

export interface Hostile {
  readonly problem: Problem;
  /** What was done to it. */
  readonly what: string;
}

/** One to three entries, or the whole of a column, are something else. */
export function hostileProblem(seed: number): Hostile {
  const random = seededRandom(seed * 29 + 17);
  const below = (bound: number): number => randomInteger(random, bound);
  const whole = randomProblem(seed, { tasks: 2 + below(7), durationMax: 6, extras: allExtras });
  const problem = structuredClone(whole);
  const done: string[] = [];
  for (let change = 1 + below(3); change > 0; change -= 1) {
    const part = parts[below(parts.length)] ?? "tasks";
    const columns = Object.entries(problem[part]).flatMap(([name, column]: [string, unknown]) =>
      isColumn(column) ? [{ name, column }] : [],
    );
    const chosen = columns[below(columns.length)];
    if (chosen === undefined || chosen.column.length === 0) continue;
    const { name, column } = chosen;
    const value = values[below(values.length)] ?? 0;
    if (below(4) === 0) column.fill(value);
    else column[below(column.length)] = value;
    done.push(`${part}.${name} has ${value}`);
  }
  return { problem, what: done.join(", ") };
}

type Column = Int32Array | Uint32Array | Uint16Array | Uint8Array | Float64Array;

const isColumn = (value: unknown): value is Column => ArrayBuffer.isView(value) && "fill" in value;

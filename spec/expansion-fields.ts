/** The two fields that make many tasks of one: `array` and `matrix`. */
import { z } from "zod";
import { jobLimits } from "../core/job.js";
import { quote } from "../core/violations.js";
import { kindOf, scalar } from "./fields.js";
import { isForbiddenKey } from "./path.js";

const indexMax = 1_000_000_000;
const arrayRight = "a range like 1-100, 1-100:5 or 0-3,8, or a list like [1, 5, 9]";

/** → indices in ascending order, each once. */
export const arrayRange = z
  .union([z.string(), z.number(), z.array(z.number())], {
    error: (issue) => `must be ${arrayRight}, not ${kindOf(issue.input)}`,
  })
  .transform((value, context): readonly number[] => {
    const parsed = typeof value === "object" ? checkedList(value) : parseRanges(String(value));
    if (typeof parsed !== "string") return parsed;
    const limit = parsed.includes("limit") ? { params: { limit: jobLimits.tasks } } : {};
    context.addIssue({ code: "custom", message: parsed, ...limit });
    return z.NEVER;
  })
  .describe(
    "Makes one task per index: 1-100, 1-100:5, [1, 5, 9]. Each finds its index in ALMANAC_ARRAY_INDEX.",
  );

/** Indices, or what is wrong. Shared with the command line's `--array`. */
export function parseRanges(textOfRanges: string): readonly number[] | string {
  const indices: number[] = [];
  for (const part of textOfRanges.split(",")) {
    const match = /^\s*(\d{1,10})(?:-(\d{1,10})(?::(\d{1,10}))?)?\s*$/.exec(part);
    if (match === null) return `must be ${arrayRight}, not ${quote(textOfRanges)}`;
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    const step = match[3] === undefined ? 1 : Number(match[3]);
    if (last < first) return `the range ${quote(part)} runs backwards`;
    if (step === 0) return `the range ${quote(part)} has a step of 0`;
    if (indices.length + (last - first) / step + 1 > jobLimits.tasks) {
      return `has more elements than the limit of ${jobLimits.tasks} tasks`;
    }
    for (let index = first; index <= last; index += step) indices.push(index);
  }
  return checkedList(indices);
}

function checkedList(values: readonly number[]): readonly number[] | string {
  if (values.length === 0) return `is empty: must be ${arrayRight}`;
  if (values.length > jobLimits.tasks) {
    return `has more elements than the limit of ${jobLimits.tasks} tasks`;
  }
  const sorted = [...values].sort((a, b) => a - b);
  for (const [i, index] of sorted.entries()) {
    if (!Number.isInteger(index) || index < 0 || index > indexMax) {
      return `index ${index} must be a whole number from 0 to ${indexMax}`;
    }
    if (i > 0 && index === sorted[i - 1]) return `index ${index} is given twice`;
  }
  return sorted;
}

/** One element of a matrix: axis → value. */
export type Combination = Readonly<Record<string, string>>;
const axesMax = 16;

/** → combinations, first axis slowest: the product, less `exclude`, plus `include`. */
export const matrixAxes = z
  .record(
    z.string(),
    z
      .array(z.union([scalar, z.record(z.string(), scalar)]), {
        error: "must be a list of values, like [0.1, 0.01]",
      })
      .min(1, { error: "must not be empty" }),
    {
      error: (issue) =>
        `must be a map of axes to lists, like {lr: [0.1, 0.01]}, not ${kindOf(issue.input)}`,
    },
  )
  .transform((value, context): readonly Combination[] => {
    const result = combine(value);
    if (!("problem" in result)) return result.combinations;
    const limit = result.limit === undefined ? {} : { params: { limit: result.limit } };
    context.addIssue({ code: "custom", path: [...result.path], message: result.problem, ...limit });
    return z.NEVER;
  })
  .describe(
    "Makes one task per combination of the axes' values; `include` adds combinations, `exclude` removes some.",
  );

const isAxis = (name: string): boolean =>
  /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name) && !isForbiddenKey(name);
const axisMessage = (name: string): string =>
  `the axis ${quote(name)} must be a name of letters, digits and _`;

type Combined =
  | { readonly combinations: readonly Combination[] }
  | {
      readonly problem: string;
      readonly path: readonly (string | number)[];
      readonly limit?: number;
    };

type Matrix = Readonly<Record<string, readonly (string | Combination)[]>>;
type Wrong = Extract<Combined, { readonly problem: string }>;
const entryRight = "must be a map of axes to values, like {lr: 0.1, seed: 2}";

const tooMany: Wrong = {
  problem: `has more combinations than the limit of ${jobLimits.tasks} tasks`,
  path: [],
  limit: jobLimits.tasks,
};

function combine(matrix: Matrix): Combined {
  const axes = Object.entries(matrix).filter(([key]) => key !== "include" && key !== "exclude");
  if (axes.length > axesMax) {
    return { problem: `has more than ${axesMax} axes`, path: [], limit: axesMax };
  }
  const product = productOf(axes);
  if ("problem" in product) return product;
  const kept = exclude(product.combinations, matrix);
  if ("problem" in kept) return kept;
  const added = include(matrix.include ?? []);
  if ("problem" in added) return added;
  const combinations = [...kept.combinations, ...added.combinations];
  if (combinations.length === 0) return { problem: "leaves no combination", path: [] };
  return combinations.length > jobLimits.tasks ? tooMany : { combinations };
}

function productOf(axes: readonly (readonly [string, Matrix[string]])[]): Combined {
  let combinations: Combination[] = axes.length === 0 ? [] : [{}];
  for (const [axis, values] of axes) {
    if (!isAxis(axis)) return { problem: axisMessage(axis), path: [axis] };
    if (combinations.length * values.length > jobLimits.tasks) return tooMany;
    const texts: string[] = [];
    for (const [i, value] of values.entries()) {
      if (typeof value !== "string")
        return { problem: "must be a value, not a map", path: [axis, i] };
      texts.push(value);
    }
    combinations = combinations.flatMap((one) => texts.map((value) => ({ ...one, [axis]: value })));
  }
  return { combinations };
}

function exclude(combinations: readonly Combination[], matrix: Matrix): Combined {
  let kept = combinations;
  for (const [i, entry] of (matrix.exclude ?? []).entries()) {
    const axes = typeof entry === "string" ? [] : Object.keys(entry);
    if (typeof entry === "string" || axes.length === 0 || axes.some((axis) => !(axis in matrix))) {
      return { problem: entryRight, path: ["exclude", i] };
    }
    kept = kept.filter((one) => axes.some((axis) => one[axis] !== entry[axis]));
  }
  return { combinations: kept };
}

function include(entries: Matrix[string]): Combined {
  const combinations: Combination[] = [];
  for (const [i, entry] of entries.entries()) {
    if (typeof entry === "string" || Object.keys(entry).length === 0) {
      return { problem: entryRight, path: ["include", i] };
    }
    const odd = Object.keys(entry).find((axis) => !isAxis(axis));
    if (odd !== undefined) return { problem: axisMessage(odd), path: ["include", i, odd] };
    combinations.push(entry);
  }
  return { combinations };
}

/**
 * What a model that somebody has brought is asked by, and what its answers mean. Features go by
 * their names (`pure/features`), so that a newer schema with more of them serves it as well.
 */
import { z } from "zod";
import type { ModelWords } from "./pure/experts.js";
import { blendFeature, featureCount, featureNames } from "./pure/features.js";

const feature = z
  .string()
  .refine((name) => featureNames.includes(name), "no such feature; docs/predictor.md lists them");
const tensorName = z.string().min(1).max(200);

/** Duration in milliseconds at speed 1, or its natural logarithm. */
const units = ["log_ms", "ms"] as const;

export const modelIoSchema = z.strictObject({
  /** float32 tensors of [rows, as many columns as features are named]. */
  inputs: z
    .array(
      z.strictObject({ name: tensorName, features: z.array(feature).min(1).max(featureCount) }),
    )
    .min(1)
    .max(featureCount),
  /** What the model is given where a feature is not known; absent: NaN. */
  missing: z.number().optional(),
  /** One of quantile 0.5, and at most one of 0.9. float32 tensors of [rows] or [rows, columns]. */
  outputs: z
    .array(
      z.strictObject({
        name: tensorName,
        column: z.number().int().min(0).max(1_000).default(0),
        quantile: z.union([z.literal(0.5), z.literal(0.9)]),
        unit: z.enum(units),
      }),
    )
    .min(1)
    .max(2)
    .refine(
      (outputs) => outputs.filter(({ quantile }) => quantile === 0.5).length === 1,
      "exactly one must be of quantile 0.5",
    ),
});

export type ModelIo = z.infer<typeof modelIoSchema>;

/** The JSON that somebody brings beside a model. */
export const broughtManifestSchema = modelIoSchema.extend({
  /** Names its line: a later import of the same name takes the place of this one. */
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, "lower case letters, digits, . _ -"),
  licence: z.string().max(200).default(""),
});

/** Rows of all features to those of one input. */
export function columnsFor(
  { inputs, missing }: ModelIo,
  input: number,
  matrix: Float32Array,
  rows: number,
): Float32Array {
  const places = (inputs[input]?.features ?? []).map((name) => featureNames.indexOf(name));
  const columns = new Float32Array(rows * places.length);
  for (let row = 0; row < rows; row++) {
    places.forEach((place, column) => {
      const value = matrix[row * featureCount + place] ?? Number.NaN;
      columns[row * places.length + column] =
        Number.isNaN(value) && missing !== undefined ? missing : value;
    });
  }
  return columns;
}

/**
 * Words in the form of our own models, of which one speaks of what the duration is more than the
 * blend: for a brought one that is the same word again. `numberOf` gives an output's value for the row.
 */
export function wordsFrom(
  { outputs }: ModelIo,
  matrix: Float32Array,
  row: number,
  numberOf: (output: number) => number,
): ModelWords {
  const logOf = (quantile: number): number => {
    const output = outputs.findIndex((one) => one.quantile === quantile);
    const found = outputs[output];
    if (found === undefined) return Number.NaN;
    const value = numberOf(output);
    return found.unit === "ms" ? Math.log(Math.max(1, value)) : value;
  };
  const blend = matrix[row * featureCount + blendFeature] ?? Number.NaN;
  const [logP50, logP90] = [logOf(0.5), logOf(0.9)];
  return { logP50, logP90, residualP50: logP50 - blend, residualP90: logP90 - blend };
}

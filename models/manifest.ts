/**
 * What stands beside a model: where it comes from, what it was measured at, and what its bytes are.
 * Read with suspicion: a manifest may be half written, edited, or of another version.
 */
import { z } from "zod";
import { modelOrigins, modelStates } from "../core/prediction.js";
import { modelIoSchema } from "./model-io.js";

export const manifestVersion = 1;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits");
const metrics = z.strictObject({
  rows: z.number().int().nonnegative(),
  meanLogError: z.number().nonnegative(),
  pinball50: z.number().nonnegative(),
  pinball90: z.number().nonnegative(),
  coverage90: z.number().min(0).max(1),
  statisticsMeanLogError: z.number().nonnegative(),
  statisticsPinball50: z.number().nonnegative(),
  statisticsPinball90: z.number().nonnegative(),
});

const manifestSchema = z.strictObject({
  version: z.literal(manifestVersion),
  /** One recipe, of which this is a version: `own`, `starter`, or what somebody has called theirs. */
  line: z.string().min(1).max(100),
  /** Of the model's bytes. */
  sha256,
  modelBytes: z.number().int().positive(),
  /** Of the text of the feature schema that it was trained on. */
  schemaSha256: sha256,
  features: z.number().int().positive(),
  outputs: z.number().int().positive(),
  /** Which input is which feature; absent: all of them in their order, as `pure/onnx` writes. */
  io: modelIoSchema.optional(),
  state: z.enum(modelStates),
  /** Why it is in that state. */
  reason: z.string().max(1_000),
  origin: z.enum(modelOrigins),
  licence: z.string().max(200),
  seed: z.number().int(),
  /** Of the settings that it was trained with; absent: not trained here. */
  settingsSha256: sha256.optional(),
  rows: z.number().int().nonnegative(),
  /** Of the completions that it was trained on, as sequences of the journal. */
  window: z.strictObject({ first: z.number().int(), last: z.number().int() }),
  /** When the newest of them had ended. */
  trainedAtMs: z.number().int().nonnegative(),
  /** Where the history stood when the model came to be: it does again when that is told again. */
  entered: z.strictObject({ sequence: z.number().int(), atMs: z.number().int().nonnegative() }),
  /** On rows that it was not trained on; absent: not measured yet. */
  offline: metrics.optional(),
  /** Pinball losses of the version that was active, on the same rows. */
  activeThen: z.strictObject({ p50: z.number(), p90: z.number() }).optional(),
});

export type Manifest = z.infer<typeof manifestSchema>;

export class ModelFailure extends Error {
  override readonly name = "ModelFailure";
}

/** Throws ModelFailure that names the field. */
export const parseManifest = (text: string): Manifest =>
  parseJson(text, manifestSchema, "manifest.json");

/** Throws ModelFailure that begins with `name` and names the field. */
export function parseJson<T>(text: string, schema: z.ZodType<T>, name: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ModelFailure(`${name}: not JSON`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  throw new ModelFailure(`${name}: ${path}${issue?.message}`);
}

/**
 * What stands beside a model: where it comes from, what it was measured at, and what its bytes are.
 * Read with suspicion: a manifest may be half written, edited, or of another version.
 */
import { z } from "zod";

export const manifestVersion = 1;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits");
const metrics = z.object({
  rows: z.number().int().nonnegative(),
  pinball50: z.number().nonnegative(),
  pinball90: z.number().nonnegative(),
  meanLogError: z.number().nonnegative(),
});

const manifestSchema = z.strictObject({
  version: z.literal(manifestVersion),
  /** Of the model's bytes. */
  sha256,
  modelBytes: z.number().int().positive(),
  /** Of the text of the feature schema that it was trained on. */
  schemaSha256: sha256,
  features: z.number().int().positive(),
  outputs: z.number().int().positive(),
  state: z.enum(["candidate", "shadow", "active", "retired"]),
  /** From what: `history` of this cluster, `synthetic` workloads, or brought by somebody. */
  origin: z.enum(["history", "synthetic", "brought"]),
  licence: z.string().max(200).optional(),
  seed: z.number().int(),
  rows: z.number().int().nonnegative(),
  /** Of the completions that it was trained on, as sequences of the journal. */
  window: z.object({ first: z.number().int(), last: z.number().int() }),
  /** On the last slice, which it was not trained on. */
  metrics: z.object({ model: metrics, anchor: metrics }).optional(),
});

export type Manifest = z.infer<typeof manifestSchema>;

export class ModelFailure extends Error {
  override readonly name = "ModelFailure";
}

/** Throws ModelFailure that names the field. */
export function parseManifest(text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ModelFailure("manifest.json: not JSON");
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ModelFailure(`manifest.json: ${issue?.path.join(".")}: ${issue?.message}`);
}

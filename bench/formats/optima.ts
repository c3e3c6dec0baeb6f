/**
 * Best known values, as a file of `{ "family/instance": { ub, lb, status } }`. A recorded makespan
 * is no bound on anything: what another cluster took says nothing of this one.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";

const optimaSchema = z.record(
  z.string(),
  z.object({
    ub: z.number().nullish(),
    lb: z.number().nullish(),
    status: z.string().optional(),
  }),
);

export type Optima = z.output<typeof optimaSchema>;

export interface BestKnown {
  /** Value of a known solution, or null. */
  readonly upper: number | null;
  /** No solution is better; null if nothing is known. */
  readonly lower: number | null;
}

export const readOptima = (file: string): Optima =>
  optimaSchema.parse(JSON.parse(readFileSync(file, "utf8")));

export function bestKnown(optima: Optima, instance: string): BestKnown {
  const entry = optima[instance];
  if (entry === undefined || entry.status?.startsWith("recorded") === true) {
    return { upper: null, lower: null };
  }
  return { upper: entry.ub ?? null, lower: entry.lb ?? null };
}

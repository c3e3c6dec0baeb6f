/** A line of a results file: what one solver made of one instance. */
import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";

const recordSchema = z.object({
  instance: z.string(),
  family: z.string(),
  tasks: z.number(),
  workers: z.number(),
  /** Of the best plan; null if none was found. */
  value: z.number().nullable(),
  bound: z.number(),
  /** `optimal`: proven. `unknown`: no plan. `failed`: an error, said in `note`. */
  status: z.enum(["optimal", "feasible", "infeasible", "unknown", "failed"]),
  /** Who found the plan; null without one. */
  solver: z.string().nullable(),
  /** Of the first plan, and how long it took. */
  firstValue: z.number().nullable(),
  firstMs: z.number().nullable(),
  wallMs: z.number(),
  /** Units of counted work. */
  work: z.number(),
  /** The plan passed the check. */
  valid: z.boolean(),
  seed: z.number(),
  threads: z.number(),
  budgetMs: z.number(),
  /** Of the whole plan: two runs found the same one if this is the same. */
  digest: z.string().optional(),
  note: z.string().optional(),
});

export type BenchRecord = z.output<typeof recordSchema>;

/** Lines of a file; [] if there is no such file. A last line that was cut off does not count. */
export function readRecords(file: string): BenchRecord[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line, index, lines) => {
      if (line.trim() === "") return [];
      try {
        return [recordSchema.parse(JSON.parse(line))];
      } catch (error) {
        if (index === lines.length - 1) return [];
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`${file}, line ${index + 1}: ${reason}`);
      }
    });
}

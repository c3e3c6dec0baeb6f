/** Names of foreign things as names of tasks: safe characters, bounded length, each its own. */
import { jobLimits } from "../core/job.js";

/** Room for a `-12345` that tells equal names apart. */
const baseLengthMax = jobLimits.nameLength - 8;

export function uniqueNames(wanted: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  const next = new Map<string, number>();
  return wanted.map((raw) => {
    const base = safeName(raw);
    let name = base;
    let number = next.get(base) ?? 2;
    while (taken.has(name)) {
      name = `${base}-${number}`;
      number++;
    }
    next.set(base, number);
    taken.add(name);
    return name;
  });
}

export function safeName(raw: string): string {
  const safe = raw.replace(/[^A-Za-z0-9_.-]+/g, "_").replace(/^[^A-Za-z0-9_]+/, "");
  return safe === "" ? "task" : safe.slice(0, baseLengthMax);
}

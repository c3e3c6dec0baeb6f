/**
 * From the text of a job file to core's JobSpec: read (source.ts), shaped (job-file.ts), expanded
 * (expand.ts), judged by the rules the master applies too (core/validate-job.ts). Never throws;
 * errors carry every violation found, up to fifty, each with its path and line.
 */
import type { JobSpec } from "../core/job.js";
import { ok, type Result, type Violation } from "../core/result.js";
import { validateJob } from "../core/validate-job.js";
import { violationsMax } from "../core/violations.js";
import { expandJob } from "./expand.js";
import type { Origins, ParseOptions } from "./expansion.js";
import { violationsOf } from "./issues.js";
import { jobFile } from "./job-file.js";
import { fieldOf } from "./path.js";
import { relocate } from "./relocate.js";
import { decodeSource, parseSource, type Source, sourceError } from "./source.js";

export type { ParseOptions } from "./expansion.js";

export interface ParsedJob {
  readonly spec: JobSpec;
  /** Puts violations that name fields of the expanded job back to the lines of the file. */
  readonly relocate: (violations: readonly Violation[]) => readonly Violation[];
}

export function parseJobBytes(bytes: Uint8Array, options: ParseOptions): Result<ParsedJob> {
  const text = decodeSource(bytes, options.source);
  return text.ok ? parseJob(text.value, options) : text;
}

export function parseJob(text: string, options: ParseOptions): Result<ParsedJob> {
  const source = parseSource(text, options.source);
  if (!source.ok) return source;
  const shaped = jobFile.safeParse(source.value.data, { reportInput: true });
  if (!shaped.success) {
    return refuse(source.value, violationsOf(shaped.error.issues, source.value));
  }
  const expanded = expandJob(shaped.data, options);
  if (expanded.problems.length > 0) {
    return refuse(
      source.value,
      expanded.problems.map(({ path, message, limit }) => {
        const base = { field: fieldOf(path), message, line: source.value.lineOf(path) };
        return limit === undefined ? base : { ...base, limit };
      }),
    );
  }
  const { spec, origins } = expanded;
  const back = relocator(source.value, origins);
  const violations = back(validateJob(spec));
  if (violations.length > 0) return refuse(source.value, violations);
  return ok({ spec, relocate: back });
}

function relocator(
  source: Source,
  origins: Origins,
): (violations: readonly Violation[]) => readonly Violation[] {
  return (violations) => {
    const seen = new Set<string>();
    const placed: Violation[] = [];
    for (const violation of violations) {
      const path = relocate(violation, origins);
      const field = fieldOf(path);
      // One cause in the file shows up once per element of an array; the first is enough.
      if (seen.has(field)) continue;
      seen.add(field);
      placed.push({ ...violation, field, line: source.lineOf(path) });
    }
    return placed;
  };
}

function refuse(source: Source, found: readonly Violation[]): Result<never> {
  const violations = [...found]
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
    .slice(0, violationsMax);
  const limits = violations.every((violation) => violation.limit !== undefined);
  const code = limits ? "limit_exceeded" : "invalid_argument";
  return { ok: false, error: sourceError(source.name, violations, code) };
}

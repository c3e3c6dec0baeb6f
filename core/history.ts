/** What is asked of finished work: which jobs, and who used how much on which day. */
import type { JobStateName, JobSummary } from "./views.js";

/** All that is given must hold. */
export interface JobFilter {
  /** Empty: all. */
  readonly namespace: string;
  /** Empty: all. */
  readonly states: readonly JobStateName[];
  /** Of jobs, whole. Empty: all. */
  readonly name: string;
  /** Empty: all. */
  readonly principal: string;
  /** Every one of these entries is in the job's metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Submitted at or after; null: whenever. */
  readonly submittedFromMs: number | null;
  /** Submitted before; null: whenever. */
  readonly submittedBeforeMs: number | null;
}

export const everyJob: JobFilter = {
  namespace: "",
  states: [],
  name: "",
  principal: "",
  metadata: {},
  submittedFromMs: null,
  submittedBeforeMs: null,
};

type Filtered = Pick<
  JobSummary,
  "namespace" | "state" | "name" | "principal" | "metadata" | "submittedAtMs"
>;

export function passes(job: Filtered, filter: JobFilter): boolean {
  const { namespace, states, name, principal, metadata } = filter;
  const { submittedFromMs: from, submittedBeforeMs: before } = filter;
  return (
    (namespace === "" || job.namespace === namespace) &&
    (states.length === 0 || states.includes(job.state)) &&
    (name === "" || job.name === name) &&
    (principal === "" || job.principal === principal) &&
    (from === null || job.submittedAtMs >= from) &&
    (before === null || job.submittedAtMs < before) &&
    Object.entries(metadata).every(([key, value]) => job.metadata[key] === value)
  );
}

export interface UsageQuery {
  /** Empty: all. */
  readonly namespace: string;
  /** Empty: all. */
  readonly principal: string;
  /** Attempts that ended at or after; null: whenever. */
  readonly fromMs: number | null;
  /** Attempts that ended before; null: whenever. */
  readonly beforeMs: number | null;
}

/** What attempts of one user that ended on one day have used. */
export interface DayUsage {
  readonly principal: string;
  /** Of UTC, as `2026-11-20`; an attempt counts whole where it ended. */
  readonly day: string;
  readonly attempts: number;
  /** Sum over attempts of the time from start to end. */
  readonly wallMs: number;
  /** As their hosts measured it. */
  readonly cpuMs: number;
  /** Attempts whose hosts could not measure cpu time: they are missing in `cpuMs`. */
  readonly unmeasured: number;
}

/** One attempt that has ended, as it is counted. */
export interface UsedAttempt {
  readonly endedAtMs: number;
  readonly wallMs: number;
  /** null: not known on its host. */
  readonly cpuMs: number | null;
}

export const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);

export const endedWithin = (endedAtMs: number, { fromMs, beforeMs }: UsageQuery): boolean =>
  (fromMs === null || endedAtMs >= fromMs) && (beforeMs === null || endedAtMs < beforeMs);

/** Newest day first, then by name; parts about the same user and day become one. */
export function mergeUsage(parts: Iterable<DayUsage>): DayUsage[] {
  const merged = new Map<string, DayUsage>();
  for (const part of parts) {
    const key = `${part.day} ${part.principal}`;
    const before = merged.get(key);
    merged.set(key, before === undefined ? part : plus(before, part));
  }
  return [...merged.values()].sort(
    (a, b) => compare(b.day, a.day) || compare(a.principal, b.principal),
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const plus = (a: DayUsage, b: DayUsage): DayUsage => ({
  ...a,
  attempts: a.attempts + b.attempts,
  wallMs: a.wallMs + b.wallMs,
  cpuMs: a.cpuMs + b.cpuMs,
  unmeasured: a.unmeasured + b.unmeasured,
});

export const usageOfAttempt = (
  principal: string,
  { endedAtMs, wallMs, cpuMs }: UsedAttempt,
): DayUsage => ({
  principal,
  day: dayOf(endedAtMs),
  attempts: 1,
  wallMs,
  cpuMs: cpuMs ?? 0,
  unmeasured: cpuMs === null ? 1 : 0,
});

/**
 * What the predictor foresees becomes what is planned by, as far as it makes sense: for ways of open
 * jobs of which a task still waits. A predictor may be wrong or late, so the rest is left out
 * without a word. What is all but the same as before is no news and costs no event.
 */
import { fallbackMode } from "../../core/job.js";
import { durationMsMax } from "../../core/validate-template.js";
import type { Estimate } from "../../core/views.js";
import type { Command, Decision } from "./commands.js";
import { noReply } from "./commands.js";
import type { Revision } from "./events.js";
import type { Job, State } from "./state.js";
import { wayKey } from "./ways.js";

/** Neither p50 nor p90 has moved by more than this: nothing would be planned otherwise. */
const newsMin = 0.02;

export function* reviseEstimates(
  state: State,
  { entries }: Extract<Command, { type: "ReviseEstimates" }>,
): Decision {
  const known = new Map<Job, ReadonlySet<string>>();
  const taken: Revision[] = [];
  for (const revision of entries) {
    const job = state.jobs.get(revision.job);
    if (job === undefined || job.state !== "running" || !makesSense(revision)) continue;
    const waiting = known.get(job) ?? waysThatWait(job);
    known.set(job, waiting);
    const key = wayKey(revision.template, revision.mode);
    if (waiting.has(key) && isNews(job.revised?.[key], revision)) taken.push(revision);
  }
  if (taken.length > 0) yield { type: "EstimatesRevised", entries: taken };
  return noReply;
}

export function* withdrawEstimates(state: State): Decision {
  for (const job of state.index.openJobs) {
    if (job.revised === null) continue;
    yield { type: "EstimatesWithdrawn" };
    break;
  }
  return noReply;
}

/** A median in milliseconds, and not below it what nine of ten take; of somebody who knows. */
export const makesSense = ({ p50Ms, p90Ms, source, confidence }: Estimate): boolean =>
  Number.isSafeInteger(p50Ms) &&
  Number.isSafeInteger(p90Ms) &&
  1 <= p50Ms &&
  p50Ms <= p90Ms &&
  p90Ms <= durationMsMax &&
  0 <= confidence &&
  confidence <= 1 &&
  source !== "unknown";

/** Keys of the ways of templates of which a task is neither live nor ended. */
export function waysThatWait({ ways, tasks }: Job): ReadonlySet<string> {
  const waiting = new Set<string>();
  const seen = new Set<number>();
  for (const task of tasks) {
    const { template } = task.entry;
    if (seen.has(template) || task.status.kind === "live" || task.status.kind === "ended") continue;
    seen.add(template);
    for (const way of ways[template] ?? []) waiting.add(way.key);
    const hasFallback = task.template.retry.fallback !== undefined;
    if (hasFallback) waiting.add(wayKey(template, fallbackMode));
  }
  return waiting;
}

function isNews(before: Estimate | undefined, { p50Ms, p90Ms, source }: Estimate): boolean {
  if (before === undefined || before.source !== source) return true;
  const moved = Math.max(
    Math.abs(Math.log(p50Ms / before.p50Ms)),
    Math.abs(Math.log(p90Ms / before.p90Ms)),
  );
  return moved > newsMin;
}

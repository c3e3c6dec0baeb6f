/**
 * What clusters learned to do with a predictor: estimates that are revised and withdrawn, and models
 * that are proposed, promoted and pinned. It stays as it is, like the stories before it.
 */
import { jobId } from "../../../core/ids.js";
import { job, template } from "../../../core/testing/jobs.js";
import type { Recorded, Revision } from "../../pure/events.js";
import { Script } from "../../pure/testing/script.js";

export function tellPredictedStory(): readonly Recorded[] {
  const script = new Script();
  const later = { scheduledAtMs: script.nowMs + 3_600_000 };
  const must = ({ ok, ...reply }: { readonly ok: boolean }): void => {
    if (!ok) throw new Error(JSON.stringify(reply));
  };
  must(script.submit(job([template("first", later), template("second", later)]), "foreseen"));
  const says = (template: number, p50Ms: number): Revision => ({
    ...{ job: jobId("foreseen"), template, p50Ms, p90Ms: 2 * p50Ms },
    ...{ source: "model", confidence: 0.75 },
  });
  must(script.do({ type: "ReviseEstimates", entries: [says(0, 700), says(1, 40)] }));
  must(script.do({ type: "WithdrawEstimates" }));
  must(script.do({ type: "ReviseEstimates", entries: [says(1, 50)] }));
  const first = { version: "1", sha256: "ab".repeat(32), reason: "it has lost less" };
  must(script.do({ type: "ChooseModel", ...first, pinned: false, by: "planner" }));
  must(script.do({ type: "ChooseModel", ...first, pinned: true, by: "tester" }));
  const none = { version: "", sha256: null, reason: "none is good" };
  must(script.do({ type: "ChooseModel", ...none, pinned: false, by: "tester" }));
  must(script.do({ type: "ChooseModel", ...first, pinned: false, by: "planner" }));
  return script.events;
}

/**
 * What clusters learned to do after the second story was told: they promise when jobs will be done.
 * Golden journals and a golden snapshot hold its events, so it stays as it is: what is new then is
 * told in another.
 */
import { jobId } from "../../../core/ids.js";
import { job, template } from "../../../core/testing/jobs.js";
import type { Recorded } from "../../pure/events.js";
import { Script } from "../../pure/testing/script.js";

export function tellForeseenStory(): readonly Recorded[] {
  const script = new Script();
  script.join("a");
  for (const [index, tookMs] of [900, 2_500, 1_200].entries()) {
    const name = `task-${index}`;
    const id = `job-${index}`;
    script.submit(job([template(name)]), id);
    const finish = { fromMs: script.nowMs, range: { p50Ms: 1_020, p90Ms: 1_540 + index } };
    script.do({ type: "ForeseeFinishes", finishes: new Map([[jobId(id), finish]]) });
    script.started(name);
    script.nowMs += tookMs;
    // The last one still runs where the story ends.
    if (index < 2) script.finished(name);
  }
  return script.events;
}

/**
 * What clusters learned to do after the later story was told: what runs past its p90 is a reason to
 * plan anew. A golden journal holds its events, so it stays as it is.
 */
import { job, template } from "../../../core/testing/jobs.js";
import type { Recorded } from "../../pure/events.js";
import { Script } from "../../pure/testing/script.js";

export function tellOverrunStory(): readonly Recorded[] {
  const script = new Script();
  for (const name of ["a", "b"]) script.join(name);
  const estimate = { p50Ms: 2_000, p90Ms: 4_000 };
  const templates = ["late", "next", "last"].map((name) => template(name, { estimate }));
  const reply = script.submit(job(templates));
  if (!reply.ok) throw new Error(JSON.stringify(reply.error));
  script.started("late");
  script.started("next");
  // Past its p90, and then for twice as long.
  for (let second = 0; second < 12; second++) pass(script, 1_000);
  script.finished("next");
  script.finished("late");
  return script.events;
}

/** Everybody is heard. */
function pass(script: Script, forwardMs: number): void {
  for (const worker of script.state.workers.keys()) {
    script.lastHeard.set(worker, script.nowMs + forwardMs);
  }
  script.tick(forwardMs);
}

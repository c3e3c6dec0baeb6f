/** Promises: when a job will be done, said once, before anything of it has ended. */
import { corrected } from "../../core/finish-calibration.js";
import type { Command, Decision } from "./commands.js";
import { noReply } from "./commands.js";
import type { Job, State } from "./state.js";
import { isPaused } from "./state.js";

export function* foreseeFinishes(
  state: State,
  { finishes }: Extract<Command, { type: "ForeseeFinishes" }>,
): Decision {
  for (const [id, { fromMs, range: rolled }] of finishes) {
    const job = state.jobs.get(id);
    if (job === undefined || !mayBePromised(job)) continue;
    const given = corrected(state.calibration.jobs, rolled);
    yield { type: "FinishForeseen", job: id, fromMs, given, rolled };
  }
  return noReply;
}

/** Nothing was promised for it yet, and all of it is still ahead. */
export const mayBePromised = (job: Job): boolean =>
  job.state === "running" &&
  job.promise === null &&
  !job.progressed &&
  job.ending === null &&
  !job.tasks.some(isPaused);

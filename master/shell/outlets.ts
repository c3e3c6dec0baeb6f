/** Who is told of what has happened, in every master. */
import type { Outlets } from "./engine.js";
import type { PlannerClient } from "./planner-client.js";
import type { Sessions } from "./sessions.js";

export function outletsOf(
  sessions: Sessions,
  planner: PlannerClient,
  others: Pick<Outlets, "folded" | "happened">,
): Outlets {
  return {
    toWorker: (worker, commands) => sessions.send(worker, commands),
    folded: others.folded,
    happened: (events) => {
      for (const { event } of events) if (event.type === "WorkerLost") sessions.drop(event.worker);
      planner.happened(events);
      others.happened(events);
    },
  };
}

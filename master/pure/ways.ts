/**
 * The ways to run a task: its modes, or the template where it has none. Everything that depends on
 * the mode (what is charged, launched, learned) asks here and not the template.
 */
import { assert } from "../../core/result.js";
import type { State, Task, Way } from "./state.js";
import { liveAttempt } from "./state.js";

/** The way of this mode; of a mode that is not, or no longer, there the first. */
export function wayNamed({ id, ways }: Task, mode: string | undefined): Way {
  const way = ways.find(({ named }) => named.mode === mode) ?? ways[0];
  assert(way !== undefined, `no way to run ${id}`);
  return way;
}

/** The one in which it runs, or is planned; where it is neither, the one in which it ran last. */
export function wayNow(state: State, task: Task): Way {
  const [only] = task.ways;
  if (only !== undefined && task.ways.length === 1) return only;
  const live = liveAttempt(task);
  if (live !== null) return wayNamed(task, live.mode);
  return wayNamed(task, (state.plan.entries.get(task.id) ?? task.attempts.at(-1))?.mode);
}

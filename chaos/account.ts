/** The master's account of a job, held against what its tasks bore witness to. */
import type { JobView, TaskView } from "../core/views.js";
import { terminalTaskStates } from "../core/views.js";
import type { Expected, Run } from "./witness.js";

/** What contradicts the witness, in words. */
export function contradictions(
  { summary, tasks }: JobView,
  expected: readonly Expected[],
  runs: ReadonlyMap<string, readonly Run[]>,
): string[] {
  const found: string[] = [];
  if (summary.state === "running") found.push(`job ${summary.name} has not ended`);
  if (tasks.length !== expected.length) found.push(`job ${summary.name} has lost tasks`);
  for (const [index, view] of tasks.entries()) {
    const name = expected[index]?.task ?? "";
    for (const what of ofTask(view, runs.get(name) ?? [])) found.push(`${name}: ${what}`);
  }
  return found;
}

function* ofTask({ state, attempts }: TaskView, runs: readonly Run[]): Generator<string> {
  if (!terminalTaskStates.has(state)) yield `is ${state}`;
  if (state === "succeeded" && !runs.some(({ exitCode }) => exitCode === 0)) {
    yield "is said to have succeeded, and never did";
  }
  for (const { number, worker, outcome } of attempts) {
    if (outcome?.kind !== "exited") continue;
    const run = runs.find((one) => one.attempt === String(number) && one.worker === worker);
    if (run?.exitCode === outcome.exitCode) continue;
    const did = run === undefined ? "never began" : `ended with ${run.exitCode ?? "nothing"}`;
    yield `attempt ${number} is said to have exited with ${outcome.exitCode}, and ${did}`;
  }
  const known = new Set(attempts.map(({ number }) => String(number)));
  for (const { attempt } of runs) {
    if (!known.has(attempt)) yield `the master knows nothing of attempt ${attempt}`;
  }
}

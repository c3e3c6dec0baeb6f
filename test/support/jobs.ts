/** Jobs through a client: written as users write them, awaited, and what they said. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../../cli/client.js";
import { unwrap } from "../../cli/failure.js";
import type { JobView, TaskView } from "../../core/views.js";
import { parseJob } from "../../spec/job.js";
import { attemptDirectory } from "../../worker/ipc/paths.js";
import { readLog } from "../../worker/logs/reader.js";

export async function submitText(client: Client, text: string): Promise<string> {
  const { spec } = unwrap(parseJob(text, { source: "job.yaml", now: Date.now() }));
  return unwrap(await client.submit({ spec, idempotencyKey: "", dryRun: false })).jobId;
}

/** Throws with what it has come to where it does not come that far. */
export async function untilJob(
  client: Client,
  id: string,
  holds: (view: JobView) => boolean,
  timeoutMs = 60_000,
): Promise<JobView> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const view = await client.get(id);
    if (view.ok && holds(view.value)) return view.value;
    if (Date.now() > deadline) {
      const said = view.ok ? view.value.tasks.map(({ name, state }) => [name, state]) : view.error;
      throw new Error(`job ${id} did not come that far: ${JSON.stringify(said)}`);
    }
    await sleep(50);
  }
}

export const jobHasEnded = ({ summary }: JobView): boolean => summary.state !== "running";

/** One for each attempt. */
export const outcomesOf = ({ attempts }: TaskView): string[] =>
  attempts.map(({ outcome }) => {
    if (outcome === null) return "none";
    if (outcome.kind === "exited") return `exited ${outcome.exitCode}`;
    return outcome.kind === "signalled" ? outcome.signal : outcome.kind;
  });

/** Standard output of an attempt, as its worker has kept it. */
export async function writtenBy(workerData: string, attempt: string): Promise<string> {
  const chunk = await readLog(attemptDirectory(workerData, attempt), "stdout", 0, 1 << 20);
  return Buffer.from(chunk.data).toString();
}

/** A script that writes numbered lines, ten in a second, and exits with a code. */
export const countingScript = (lines: number, exitCode: number | string): string =>
  `i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); echo "line $i of ${lines}"; sleep 0.1; done; exit ${exitCode}`;

export const countedLines = (lines: number): string =>
  Array.from({ length: lines }, (_, index) => `line ${index + 1} of ${lines}\n`).join("");

/** Archived jobs for tests: everything as it could be, nothing special. */
import { attemptId, jobId, workerId } from "../../../core/ids.js";
import { job, template } from "../../../core/testing/jobs.js";
import type { JobSummary } from "../../../core/views.js";
import type { ArchivedAttempt, ArchivedJob } from "../../pure/archived-job.js";
import { buildJob } from "../../pure/job-graph.js";
import { plainJob } from "../../pure/plain-job.js";

export const dayMs = 86_400_000;
/** 2026-11-20, midnight UTC. */
export const midnightMs = Date.UTC(2026, 10, 20);

export function anAttempt(change: Partial<ArchivedAttempt> = {}): ArchivedAttempt {
  return {
    endedAtMs: midnightMs + 1_000,
    wallMs: 500,
    cpuMs: 400,
    groups: ["task a/b", "namespace a"],
    workerSpeed: 1.5,
    succeeded: true,
    ran: true,
    ...change,
  };
}

export function anArchivedJob(
  id: string,
  sequence: number,
  change: Partial<JobSummary> = {},
  rest: Partial<Omit<ArchivedJob, "summary" | "sequence">> = {},
): ArchivedJob {
  return {
    sequence,
    summary: {
      id: jobId(id),
      name: "test",
      namespace: "default",
      principal: "ada",
      state: "succeeded",
      taskCounts: { succeeded: 1 },
      submittedAtMs: midnightMs + sequence,
      startedAtMs: midnightMs + sequence,
      finishedAtMs: midnightMs + sequence + 10,
      finishP50AtMs: null,
      finishP90AtMs: null,
      revision: 1,
      metadata: {},
      ...change,
    },
    text: `{"id":"${id}","note":"héllo \u{1f600}"}`,
    textVersion: 2,
    attempts: [anAttempt()],
    content: [],
    ...rest,
  };
}

/** Of one task, whose only attempt has succeeded after 700 ms on a worker of speed 1.5. */
export function aFinishedJob(id: string, sequence: number): ArchivedJob {
  const own = buildJob(jobId(id), job([template("work")]), "ada", midnightMs);
  own.sequence = sequence;
  const [task] = own.tasks;
  task?.attempts.push({
    id: attemptId(task.id, 1),
    number: 1,
    worker: workerId("w"),
    session: "s",
    devices: [],
    launchedAtMs: midnightMs,
    launchedSequence: sequence,
    endedSequence: sequence + 1,
    status: {
      kind: "ended",
      startedAtMs: midnightMs,
      endedAtMs: midnightMs + 700,
      outcome: { kind: "exited", exitCode: 0 },
      usage: { peakMemoryBytes: null, cpuMs: null },
    },
  });
  return anArchivedJob(id, sequence, {}, { text: JSON.stringify(plainJob(own)) });
}

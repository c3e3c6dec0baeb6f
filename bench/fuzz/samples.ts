/** Messages that are as they should be, to be spoiled. */
import fc from "fast-check";
import { attemptId, jobId, taskId } from "../../core/ids.js";
import type { JobSpec } from "../../core/job.js";
import type { WorkerMessage } from "../../core/session.js";
import { encodePlanUpdate } from "../../proto/codec/plan.js";
import { encodeSubmission } from "../../proto/codec/requests.js";
import {
  JobServiceService,
  PlannerServiceService,
  WorkerServiceService,
} from "../../proto/codec/services.js";
import { incarnation, outcome, usage, workerFacts } from "../../proto/codec/testing/arbitraries.js";
import { jobSpec } from "../../proto/codec/testing/jobs.js";
import { encodeWorkerMessage } from "../../proto/codec/worker.js";

const drawn = <T>(arbitrary: fc.Arbitrary<T>, seed: number, numRuns: number): T[] =>
  fc.sample(arbitrary, { seed, numRuns });

export const jobSpecs = (seed: number): JobSpec[] => drawn(jobSpec, seed, 30);

/** By the path of the method; others have random messages alone. */
export function requestSamples(seed: number): ReadonlyMap<string, readonly Buffer[]> {
  const { submit } = JobServiceService;
  const submissions = jobSpecs(seed).map((spec, index) =>
    submit.requestSerialize(
      encodeSubmission({ spec, idempotencyKey: `key-${index}`, dryRun: index % 2 === 0 }),
    ),
  );
  return new Map<string, readonly Buffer[]>([
    [submit.path, submissions],
    [WorkerServiceService.session.path, workerMessages(seed)],
  ]);
}

const attempt = attemptId(taskId(jobId("abcdefghij"), "t"), 1);

export function workerMessages(seed: number): Buffer[] {
  const parts = fc.record({ incarnation, facts: workerFacts, outcome, usage });
  return drawn(parts, seed, 20).map((one, index) => {
    const finished = {
      attempt,
      outcome: one.outcome,
      usage: one.usage,
      startedAtMs: 1,
      endedAtMs: 2,
      stdoutBytes: 0,
      stderrBytes: 0,
    };
    const message: WorkerMessage = {
      sequence: index + 1,
      acknowledged: index,
      hello:
        index % 2 === 0
          ? {
              incarnation: one.incarnation,
              facts: one.facts,
              epochSeen: index,
              live: [],
              unacknowledged: [finished],
            }
          : null,
      heartbeat: { freeMemoryBytes: index, loadAverage: 0.5 },
      started: [],
      finished: [finished],
      refused: [{ attempt, reason: "no_capacity", message: "full" }],
    };
    return WorkerServiceService.session.requestSerialize(encodeWorkerMessage(message));
  });
}

/** Solutions as a planner sends them, of ten tasks. */
export function planReplies(): Buffer[] {
  const count = 10;
  const column = (of: (row: number) => number): Int32Array =>
    Int32Array.from({ length: count }, (_, row) => of(row));
  const parts = { makespanS: 1, flowS: 2, tardinessS: 0, moves: 0, cost: 0, skipped: 0 };
  const plan = {
    worker: column((row) => row % 3),
    option: column((row) => row),
    start: column((row) => 10 * row),
    end: column((row) => 10 * row + 10),
    devices: new Uint32Array(count),
  };
  const incumbent = { solver: "lns", plan, value: 3, parts, bound: 1, workUnits: 5, wallMs: 6 };
  return [encodePlanUpdate({ kind: "incumbent", incumbent })].map((reply) =>
    PlannerServiceService.plan.responseSerialize(reply),
  );
}

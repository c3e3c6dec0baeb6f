/** When a job will be done, as a user of a real cluster is told, and what came of it. */
import { describe, expect, it } from "vitest";
import { withCluster } from "../bench/cluster.js";
import { argv, benchJob, benchTemplate, submitJob, untilEnded } from "../bench/jobs.js";
import { unwrap } from "../cli/failure.js";

const workers = ["a", "b"].map((name) => ({ name, cpu: "2", memory: "1Gi" }));
/** Twelve of a second each, four at a time. */
const spec = benchJob(
  "naps",
  benchTemplate(argv("sleep", "1"), 1_000),
  Array.from({ length: 12 }, () => ({})),
);

describe("finish times on a real cluster", () => {
  it("are foreseen by a dry run and by the status, and held against what came", async () => {
    await withCluster({ workers, planner: null }, async (bench) => {
      const { client } = bench;
      const dry = unwrap(await client.submit({ spec, idempotencyKey: "", dryRun: true }));
      const jobId = await submitJob(bench, spec);
      const told = unwrap(await client.getSummary(jobId));
      const foreseen = dry.forecast?.summary;
      for (const summary of [foreseen, told]) {
        const { submittedAtMs = 0, finishP50AtMs, finishP90AtMs } = summary ?? {};
        expect((finishP50AtMs ?? 0) - submittedAtMs).toBeGreaterThan(2_500);
        expect((finishP90AtMs ?? 0) - (finishP50AtMs ?? 0)).toBeGreaterThan(100);
        expect((finishP90AtMs ?? 0) - submittedAtMs).toBeLessThan(10_000);
      }
      expect(unwrap(await client.calibration()).jobs.jobs).toBe(0);
      const { summary } = await untilEnded(bench, jobId, 100);
      expect(summary.state).toBe("succeeded");
      const { jobs, tasks } = unwrap(await client.calibration());
      expect(jobs.jobs).toBe(1);
      expect(tasks.reduce((sum, { runs }) => sum + runs, 0)).toBe(12);
    });
  }, 60_000);
});

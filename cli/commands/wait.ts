/** `almanac wait JOB`: until its end; the exit code says how it ended. */
import { unwrap } from "../failure.js";
import { followJob, reportEnd } from "../follow.js";
import { durationMs } from "../option-values.js";
import { printJson } from "../output.js";
import { jobSummaryJson } from "../render/json.js";
import type { Program } from "../root.js";
import { withSession } from "../session.js";
import { jobHelp } from "../target.js";

export function addWait(program: Program): void {
  program
    .command("wait")
    .description("wait for a job's end: exit code 0 if it succeeded, 3 if not")
    .argument("[job]", jobHelp, "latest")
    .option(
      "--timeout <duration>",
      "wait at most so long; exit code 5 if it has not ended",
      durationMs,
    )
    .action(async (job, { timeout }, command) => {
      await withSession(command.optsWithGlobals(), async (session) => {
        const { client, json, quiet } = session;
        // `latest` is the newest job now, not another one that comes while we wait.
        const { id } = unwrap(await client.getSummary(job));
        const progress = json || quiet ? "none" : "terminal";
        const end = await followJob(client, id, { progress, timeoutMs: timeout ?? null });
        if (json) {
          const summary = end.kind === "ended" ? end.job : unwrap(await client.getSummary(id));
          printJson(jobSummaryJson(summary));
        }
        process.exitCode = await reportEnd(session, id, end);
      });
    });
}

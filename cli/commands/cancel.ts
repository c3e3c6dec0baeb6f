/** `almanac cancel JOB[/TASK]`: running attempts get SIGTERM, then SIGKILL after their grace. */
import { unwrap } from "../failure.js";
import { printJson, printLines, screenOf } from "../output.js";
import { jobSummaryJson } from "../render/json.js";
import { renderJobs } from "../render/list.js";
import type { Program } from "../root.js";
import { withSession } from "../session.js";
import { parseTarget } from "../target.js";

export function addCancel(program: Program): void {
  program
    .command("cancel")
    .description("cancel a job, or one task of it")
    .argument("<target>", "JOB or JOB/TASK")
    .option("--reason <text>", "recorded with it", "")
    .action(async (text, { reason }, command) => {
      const { job, task } = parseTarget(text);
      await withSession(command.optsWithGlobals(), async ({ client, json, quiet }) => {
        const summary = unwrap(await client.cancel(job, task, reason));
        if (json) return printJson(jobSummaryJson(summary));
        printLines(quiet ? [summary.id] : renderJobs([summary], screenOf()));
      });
    });
}

/** `almanac retry JOB[/TASK]`: what failed, timed out or was cancelled runs again. */
import { unwrap } from "../failure.js";
import { printJson, printLines } from "../output.js";
import { jobSummaryJson } from "../render/json.js";
import { plural } from "../render/units.js";
import type { Program } from "../root.js";
import { withSession } from "../session.js";
import { parseTarget } from "../target.js";

export function addRetry(program: Program): void {
  program
    .command("retry")
    .description("run again what failed, timed out or was cancelled, and what was skipped for it")
    .argument("<target>", "JOB or JOB/TASK")
    .action(async (text, _options, command) => {
      const { job, task } = parseTarget(text);
      await withSession(command.optsWithGlobals(), async ({ client, json, quiet }) => {
        const retried = unwrap(await client.retry(job, task));
        if (json) return printJson({ job: jobSummaryJson(retried.job), tasks: retried.tasks });
        const { id, name } = retried.job;
        printLines([
          quiet ? id : `job ${id} (${name}): ${plural(retried.tasks, "task")} to run again`,
        ]);
      });
    });
}

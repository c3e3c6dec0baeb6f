/** `almanac pause|resume JOB[/TASK]`: a job, or one task, stands still and goes on. */
import type { Result } from "../../core/result.js";
import type { JobSummary } from "../../core/views.js";
import type { Client } from "../client.js";
import { unwrap } from "../failure.js";
import { printJson, printLines, screenOf } from "../output.js";
import { jobSummaryJson } from "../render/json.js";
import { renderJobs } from "../render/list.js";
import type { Program } from "../root.js";
import { withSession } from "../session.js";
import { parseTarget } from "../target.js";

export function addPause(program: Program): void {
  const paused = "start nothing more of it and hold what runs, until it is resumed";
  add(program, "pause", paused, (client, job, task) => client.pause(job, task));
  const resumed = "let a paused job, or task, go on";
  add(program, "resume", resumed, (client, job, task) => client.resume(job, task));
}

type Ask = (client: Client, job: string, task: string) => Promise<Result<JobSummary>>;

function add(program: Program, name: string, description: string, ask: Ask): void {
  program
    .command(name)
    .description(description)
    .argument("<target>", "JOB or JOB/TASK")
    .action(async (text, _options, command) => {
      const { job, task } = parseTarget(text);
      await withSession(command.optsWithGlobals(), async ({ client, json, quiet }) => {
        const summary = unwrap(await ask(client, job, task));
        if (json) return printJson(jobSummaryJson(summary));
        printLines(quiet ? [summary.id] : renderJobs([summary], screenOf()));
      });
    });
}

/** `almanac status JOB`: state, predictions and reasons for waiting, task by task. */
import { unwrap } from "../failure.js";
import { wholeNumber } from "../option-values.js";
import { printJson, printLines, screenOf } from "../output.js";
import { renderJob } from "../render/job.js";
import { jobJson } from "../render/json.js";
import type { Program } from "../root.js";
import { withSession } from "../session.js";
import { jobHelp } from "../target.js";

const tasksDefault = 50;
const tasksMax = 1_000_000;

export function addStatus(program: Program): void {
  program
    .command("status")
    .description("how a job stands: states, reasons for waiting, predicted start and finish")
    .argument("[job]", jobHelp, "latest")
    .option("--tasks <count>", "show at most so many tasks", wholeNumber(0, tasksMax), tasksDefault)
    .action(async (job, { tasks }, command) => {
      await withSession(command.optsWithGlobals(), async ({ client, json, quiet }) => {
        const view = unwrap(await client.get(job));
        if (json) return printJson(jobJson(view));
        if (quiet) return printLines([view.summary.state]);
        printLines(renderJob(view, screenOf(), { tasksMax: tasks }));
      });
    });
}

/** `almanac task resolve JOB/TASK`: an operator says what only a person can know. */
import { Option } from "@commander-js/extra-typings";
import { verdicts } from "../../proto/codec/requests.js";
import { unwrap } from "../failure.js";
import { printJson, printLines, screenOf } from "../output.js";
import { jobSummaryJson } from "../render/json.js";
import { renderJobs } from "../render/list.js";
import { addGroup, type Program } from "../root.js";
import { withSession } from "../session.js";
import { parseTarget } from "../target.js";

export function addTask(program: Program): void {
  addGroup(program, "task")
    .description("what operators do to single tasks")
    .command("resolve")
    .description("confirm that a task's unknown attempt has stopped, and say what then")
    .argument("<target>", "JOB/TASK; JOB where it has one task only")
    .addOption(
      new Option("--as <verdict>", "failed: so has the task; retry: it runs again, uncounted")
        .choices(verdicts)
        .makeOptionMandatory(),
    )
    .action(async (text, { as }, command) => {
      const { job, task } = parseTarget(text);
      await withSession(command.optsWithGlobals(), async ({ client, json, quiet }) => {
        const summary = unwrap(await client.resolve(job, task, as));
        if (json) return printJson(jobSummaryJson(summary));
        printLines(quiet ? [summary.id] : renderJobs([summary], screenOf()));
      });
    });
}

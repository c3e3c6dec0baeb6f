/** `almanac plan [JOB]`: the current plan, how good it is, and who runs what when. */
import { unwrap } from "../failure.js";
import { wholeNumber } from "../option-values.js";
import { printJson, printLines, screenOf } from "../output.js";
import { planJson } from "../render/json.js";
import { renderPlan } from "../render/plan.js";
import type { Program } from "../root.js";
import { withSession } from "../session.js";
import { jobHelp } from "../target.js";

const entriesDefault = 50;
const entriesLimit = 1_000_000;

export function addPlan(program: Program): void {
  program
    .command("plan")
    .description("the current plan: its value, proven bound and gap, and who runs what when")
    .argument("[job]", jobHelp)
    .option("--tasks <count>", "show at most so many", wholeNumber(0, entriesLimit), entriesDefault)
    .action(async (job, { tasks }, command) => {
      await withSession(command.optsWithGlobals(), async ({ client, json, quiet }) => {
        const plan = unwrap(await client.plan(job ?? ""));
        if (json) return printJson(planJson(plan));
        if (quiet) return printLines(plan.entries.map(({ taskId }) => taskId));
        printLines(renderPlan(plan, screenOf(), { entriesMax: tasks }));
      });
    });
}

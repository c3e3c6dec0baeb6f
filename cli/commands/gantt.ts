/**
 * `almanac gantt [JOB]`: planned against actual. Without a job, what the cluster plans to do; with
 * nothing planned, how the newest job went.
 */
import { Option } from "@commander-js/extra-typings";
import { unwrap } from "../failure.js";
import { note, printJson, printLines, screenOf } from "../output.js";
import { renderGantt } from "../render/gantt.js";
import { ganttOfJob, ganttOfPlan } from "../render/gantt-views.js";
import { jobJson, planJson } from "../render/json.js";
import type { Program } from "../root.js";
import { withSession } from "../session.js";
import { jobHelp } from "../target.js";

export function addGantt(program: Program): void {
  program
    .command("gantt")
    .description(
      "planned against actual, worker by worker; without a job, the plan of the cluster, or the newest job",
    )
    .argument("[job]", jobHelp)
    .addOption(
      new Option("--mode <mode>", "bars, or shares of busy time where bars would be too small")
        .choices(["auto", "bars", "density"] as const)
        .default("auto" as const),
    )
    .action(async (job, { mode }, command) => {
      await withSession(command.optsWithGlobals(), async ({ client, json }) => {
        const screen = screenOf();
        if (job === undefined) {
          const plan = unwrap(await client.plan(""));
          if (json) return printJson(planJson(plan));
          if (plan.entries.length > 0) {
            return printLines(renderGantt(ganttOfPlan(plan, screen.nowMs), screen, { mode }));
          }
          note("nothing is planned; the newest job:");
        }
        const view = unwrap(await client.get(job ?? "latest"));
        if (json) return printJson(jobJson(view));
        printLines(renderGantt(ganttOfJob(view, screen.nowMs), screen, { mode }));
      });
    });
}

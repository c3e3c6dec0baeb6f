/**
 * `almanac task show JOB/TASK`: how it stands and what is expected of it. `almanac task resolve`: an
 * operator says what only a person can know.
 */
import { Option } from "@commander-js/extra-typings";
import type { JobView, TaskView } from "../../core/views.js";
import { verdicts } from "../../proto/codec/requests.js";
import { failure, unwrap } from "../failure.js";
import { printJson, printLines, screenOf } from "../output.js";
import { jobSummaryJson, taskJson } from "../render/json.js";
import { renderJobs } from "../render/list.js";
import { renderTask } from "../render/task.js";
import { addGroup, type Program } from "../root.js";
import { withSession } from "../session.js";
import { parseTarget, type Target } from "../target.js";

const targetHelp = "JOB/TASK; JOB where it has one task only";

export function addTask(program: Program): void {
  const group = addGroup(program, "task").description(
    "single tasks: what is expected, and resolving",
  );
  group
    .command("show")
    .description("how a task stands: its state, and what like tasks let expect of it")
    .argument("<target>", targetHelp)
    .action(async (text, _, command) => {
      const target = parseTarget(text);
      await withSession(command.optsWithGlobals(), async ({ client, json, quiet }) => {
        const task = taskOf(unwrap(await client.get(target.job)), target);
        if (json) return printJson(taskJson(task));
        printLines(quiet ? [task.state] : renderTask(task, screenOf()));
      });
    });
  group
    .command("resolve")
    .description("confirm that a task's unknown attempt has stopped, and say what then")
    .argument("<target>", targetHelp)
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

function taskOf({ tasks, summary }: JobView, { task: name }: Target): TaskView {
  const found = name === "" && tasks.length === 1 ? tasks[0] : tasks.find((t) => t.name === name);
  if (found !== undefined) return found;
  const message = name === "" ? "must name one of its tasks: JOB/TASK" : `no task ${name} is in it`;
  throw failure("not_found", `job ${summary.id}: ${message}`, [{ field: "target", message }]);
}

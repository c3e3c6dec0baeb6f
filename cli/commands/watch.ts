/** `almanac watch [JOB]`: every change, a line each, until interrupted or the job ends. */
import { unwrap } from "../failure.js";
import { untilInterrupted } from "../interrupt.js";
import { note, printJsonLine, printLines, screenOf } from "../output.js";
import { watchEventJson } from "../render/json.js";
import { renderChange } from "../render/progress.js";
import type { Program } from "../root.js";
import { withSession } from "../session.js";
import { jobHelp } from "../target.js";
import { watchEvents } from "../watch.js";

export function addWatch(program: Program): void {
  program
    .command("watch")
    .description("print every change as it happens, of one job until it ends, or of all jobs")
    .argument("[job]", jobHelp)
    .action(async (job, _options, command) => {
      await withSession(command.optsWithGlobals(), async ({ client, json }) => {
        const id = job === undefined ? "" : unwrap(await client.getSummary(job)).id;
        await untilInterrupted(async (signal) => {
          const onContact = (lost: unknown): void =>
            note(lost === null ? "the master is back" : "lost the master, waiting for it");
          for await (const event of watchEvents({ client, job: id, signal, onContact })) {
            if (json) printJsonLine(watchEventJson(event));
            else printChange(renderChange(event, screenOf()));
            const { change } = event;
            if (change.kind !== "job" && change.kind !== "snapshot") continue;
            if (id !== "" && change.job.state !== "running") return;
          }
        });
      });
    });
}

const printChange = (line: string | null): void => printLines(line === null ? [] : [line]);

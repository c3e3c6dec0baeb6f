/** `almanac workers`: the nodes, what they offer and what is in use. */
import { unwrap } from "../failure.js";
import { printJson, printLines, screenOf } from "../output.js";
import { workersJson } from "../render/json.js";
import { renderWorkers } from "../render/workers.js";
import type { Program } from "../root.js";
import { withSession } from "../session.js";

export function addWorkers(program: Program): void {
  program
    .command("workers")
    .description("list the workers: state, what is in use of what they offer, how limits are kept")
    .action(async (_options, command) => {
      await withSession(command.optsWithGlobals(), async ({ client, json, quiet }) => {
        const workers = unwrap(await client.workers());
        if (json) return printJson(workersJson(workers));
        if (quiet) return printLines(workers.map(({ facts }) => facts.name));
        printLines(renderWorkers(workers, screenOf()));
      });
    });
}

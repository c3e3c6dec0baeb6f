/** `almanac worker maintenance NAME`: times in which a worker is to run nothing. */
import { workerId } from "../../core/ids.js";
import { failure, unwrap } from "../failure.js";
import { durationMs, instantMs, periodMs } from "../option-values.js";
import { printJson, printLines, screenOf } from "../output.js";
import { workerJson } from "../render/json.js";
import { renderWindows } from "../render/operations.js";
import type { Group } from "../root.js";
import { withSession } from "../session.js";

export function addMaintenance(group: Group): void {
  group
    .command("maintenance")
    .description("schedule, list or remove times in which a worker is to run nothing")
    .argument("<worker>", "a worker's name, as in `almanac workers`")
    .option("--from <time>", "`now`, a time from now like 2h, or an instant", instantMs)
    .option("--for <duration>", "how long it lasts", durationMs)
    .option("--every <period>", "it comes again: `day`, `week`, or a duration", periodMs)
    .option("--remove <window>", "remove the window of this id")
    .action(async (name, { from, for: lengthMs, every, remove }, command) => {
      if ((from === undefined) !== (lengthMs === undefined)) {
        throw failure("invalid_argument", "a window needs both --from and --for");
      }
      await withSession(command.optsWithGlobals(), async ({ client, json, quiet }) => {
        if (remove !== undefined) unwrap(await client.removeMaintenance(name, remove));
        if (from !== undefined && lengthMs !== undefined) {
          const window = { fromMs: from, toMs: from + lengthMs, everyMs: every ?? null };
          unwrap(await client.scheduleMaintenance({ worker: workerId(name), window }));
        }
        const workers = unwrap(await client.workers());
        const worker = workers.find(({ facts }) => facts.name === name);
        if (worker === undefined) throw failure("not_found", `no worker ${name}`);
        if (json) return printJson(workerJson(worker));
        if (quiet) return printLines(worker.maintenance.map(({ id }) => id));
        printLines(renderWindows(worker.maintenance, screenOf()));
      });
    });
}

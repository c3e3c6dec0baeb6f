/** `almanac health`: whether the cluster serves. `degraded` still serves: the planner is away. */
import { exitCodes } from "../exit-codes.js";
import { unwrap } from "../failure.js";
import { printJson, printLines, screenOf } from "../output.js";
import { clusterStatusJson } from "../render/json.js";
import { renderClusterStatus } from "../render/status.js";
import type { Program } from "../root.js";
import { withSession } from "../session.js";

export function addHealth(program: Program): void {
  program
    .command("health")
    .description("how the cluster is: master, journal, planner; exit code 0 while it serves")
    .action(async (_options, command) => {
      await withSession(command.optsWithGlobals(), async ({ client, json, quiet }) => {
        const status = unwrap(await client.status());
        if (json) printJson(clusterStatusJson(status));
        else if (quiet) printLines([status.health]);
        else printLines(renderClusterStatus(status, screenOf()));
        process.exitCode = status.health === "starting" ? exitCodes.error : exitCodes.done;
      });
    });
}

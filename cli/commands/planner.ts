/** `almanac planner`: the planning service of a cluster, one process, until SIGTERM or Ctrl-C. */
import { join } from "node:path";
import { sayReady } from "../cluster/ready.js";
import { starting } from "../cluster/starting.js";
import { tiedOption, untilStopped } from "../cluster/until-stopped.js";
import { createLogger } from "../log.js";
import { type Installation, type Program, shortSettingOptions } from "../root.js";
import { configOf } from "../settings.js";

/** Planning is background work beside master and workers of the same machine. */
const nice = 10;

export function addPlanner(program: Program, { distribution }: Installation): void {
  const command = program
    .command("planner")
    .description("run a planner for a master; one process, until Ctrl-C")
    .addOption(tiedOption());
  for (const option of shortSettingOptions("planner")) command.addOption(option);
  command.action(async (options) => {
    const given = command.optsWithGlobals();
    const { planner, log: logging } = configOf(given, "planner");
    const log = createLogger("planner", logging.level);
    // Loaded only here, so that every other command starts fast.
    const { startPlanner } = await import("../../planner/server.js");
    const start = () =>
      startPlanner({
        listen: planner.listen,
        threads: planner.threads,
        solverThreadEntry: join(distribution, "planner/solver-thread.js"),
        log,
        nice,
      });
    const running = await starting(planner.listen, start);
    sayReady("planner", running.address, given.json === true);
    await untilStopped(running, { tied: options.tied === true, log });
  });
}

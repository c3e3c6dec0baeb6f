/** `almanac planner`: the planning service of a cluster, one process, until SIGTERM or Ctrl-C. */
import { join } from "node:path";
import type { Credentials } from "../../proto/security/credentials.js";
import { speaksTls } from "../../spec/address.js";
import { sayReady } from "../cluster/ready.js";
import { starting } from "../cluster/starting.js";
import { tiedOption, untilStopped } from "../cluster/until-stopped.js";
import { failure } from "../failure.js";
import { givenToken, tokenFileOption } from "../given-token.js";
import { membershipOf } from "../joining.js";
import { createLogger } from "../log.js";
import { type Installation, type Program, shortSettingOptions } from "../root.js";
import { configOf } from "../settings.js";

/** Planning is background work beside master and workers of the same machine. */
const nice = 10;

const notJoined = (listen: string) =>
  failure(
    "permission_denied",
    `to listen on ${listen} the planner must join first: on the master's machine run \`almanac token create --planner NAME\`, here \`almanac planner --join TOKEN\``,
  );

export function addPlanner(program: Program, { distribution }: Installation): void {
  const command = program
    .command("planner")
    .description("run a planner for a master; one process, until Ctrl-C")
    .option("--join <token>", "join the master's cluster first, where this planner has not yet")
    .addOption(tokenFileOption())
    .addOption(tiedOption());
  for (const option of shortSettingOptions("planner")) command.addOption(option);
  command.action(async (options) => {
    const given = command.optsWithGlobals();
    const { planner, log: logging } = configOf(given, "planner");
    const log = createLogger("planner", logging.level);
    // Loaded only here, so that every other command starts fast.
    const { startPlanner } = await import("../../planner/server.js");
    const secure = speaksTls(planner.tls, planner.listen);
    let renewed: (credentials: Credentials) => void = () => undefined;
    const membership = secure
      ? await membershipOf({
          role: "planner",
          name: null,
          token: givenToken(options.join, options.tokenFile),
          address: planner.master,
          dataDirectory: planner.dataDirectory,
          log,
          onRenewed: (credentials) => renewed(credentials),
        })
      : null;
    if (secure && membership === null) throw notJoined(planner.listen);
    const start = () =>
      startPlanner({
        listen: planner.listen,
        credentials: membership?.current() ?? null,
        threads: planner.threads,
        solverThreadEntry: join(distribution, "planner/solver-thread.js"),
        predictor:
          planner.predictor === "off"
            ? null
            : { ...predictorFiles(distribution), dataDirectory: planner.dataDirectory },
        log,
        nice,
      });
    const running = await starting(planner.listen, start);
    renewed = running.renew;
    sayReady("planner", running.address, given.json === true);
    const stop = async (): Promise<void> => {
      membership?.stop();
      await running.stop();
    };
    await untilStopped({ stop }, { tied: options.tied === true, log });
  });
}

const predictorFiles = (distribution: string) => ({
  entry: join(distribution, "planner/predictor/main.js"),
  trainEntry: join(distribution, "models/train-thread.js"),
  validateEntry: join(distribution, "models/validate/main.js"),
  starter: join(distribution, "models/starter"),
});

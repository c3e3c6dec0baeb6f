/** `almanac master`: the authority of a cluster, one process, until SIGTERM or Ctrl-C. */
import { join } from "node:path";
import packageFile from "../../package.json" with { type: "json" };
import { speaksTls } from "../../spec/address.js";
import { sayReady } from "../cluster/ready.js";
import { secretKeysOf } from "../cluster/secret-keys.js";
import { clusterSettings } from "../cluster/settings.js";
import { starting } from "../cluster/starting.js";
import { tiedOption, untilStopped } from "../cluster/until-stopped.js";
import { exitCodes } from "../exit-codes.js";
import { failure } from "../failure.js";
import { createLogger } from "../log.js";
import { type Installation, type Program, shortSettingOptions } from "../root.js";
import { configOf } from "../settings.js";

const withoutTls = (planner: string) =>
  failure(
    "invalid_argument",
    `the planner at ${planner} is reached with TLS, which this master does not speak: give it --tls on`,
    [{ field: "master.tls", message: "must be on" }],
  );

export function addMaster(program: Program, { distribution }: Installation): void {
  const command = program
    .command("master")
    .description("run a master: jobs, workers, the journal; one process, until Ctrl-C")
    .addOption(tiedOption());
  for (const section of ["master", "cluster"]) {
    for (const option of shortSettingOptions(section)) command.addOption(option);
  }
  command.action(async (options) => {
    const given = command.optsWithGlobals();
    const config = configOf(given, "master", "cluster");
    const { master, planner } = config;
    const secure = speaksTls(master.tls, master.listen);
    const plannerTls = speaksTls(planner.tls, master.planner);
    if (plannerTls && !secure) throw withoutTls(master.planner);
    const secretKeys = secretKeysOf(master.secretKeyFile);
    const log = createLogger("master", config.log.level);
    // Loaded only here, so that every other command starts fast.
    const { startMaster } = await import("../../master/shell/master.js");
    const start = () =>
      startMaster({
        listen: master.listen,
        dataDirectory: master.dataDirectory,
        settings: clusterSettings(config),
        heartbeatIntervalMs: master.heartbeatIntervalMs,
        plannerAddress: master.planner === "off" ? null : master.planner,
        planBudgetMs: planner.wallBudgetMs,
        planSolvers: master.plannerSolvers,
        segmentBytes: master.segmentBytes,
        snapshotThreadEntry: join(distribution, "master/shell/snapshot-thread.js"),
        archiveThreadEntry: join(distribution, "master/history/archive-thread.js"),
        history: {
          keepFinishedMs: master.keepFinished,
          finishedTasksMax: master.finishedTasksMax,
          keysForMs: master.keepKeys,
        },
        trimJournal: master.trimJournal,
        acceptLostHistory: master.acceptLostHistory,
        logCacheBytes: master.logCacheBytes,
        storeBytes: config.data.storeBytes,
        sharedDirectory: config.data.sharedDirectory,
        secretKeys,
        version: packageFile.version,
        security: secure
          ? { names: master.names, certificateLifeMs: master.certificateLifeMs }
          : null,
        plannerTls,
        log,
        onFatal: (error) => {
          // Nothing may be answered any more: what is not durable was never promised.
          log.fatal({ error: error.message }, "the journal cannot be written");
          process.exit(exitCodes.error);
        },
      });
    const running = await starting(master.listen, start);
    sayReady("master", running.address, given.json === true);
    await untilStopped(running, { tied: options.tied === true, log });
  });
}

/** `almanac worker`: offers this node to a master, until SIGTERM or Ctrl-C. */
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import type { Resources } from "../../core/resources.js";
import type { Config } from "../../spec/config.js";
import { startAgent } from "../../worker/agent.js";
import { detectCapacity, measureSpeed } from "../../worker/facts.js";
import { sayReady } from "../cluster/ready.js";
import { tiedOption, untilStopped } from "../cluster/until-stopped.js";
import { createLogger } from "../log.js";
import { type Installation, type Program, shortSettingOptions } from "../root.js";
import { configOf } from "../settings.js";

const speedMeasurementMs = 200;
/** The rest is left to the system and to ourselves. */
const offeredShare = 0.9;

export function addWorker(program: Program, { distribution }: Installation): void {
  const command = program
    .command("worker")
    .description("offer this node to a master: agent and supervisor, until Ctrl-C")
    .option("--keep-attempts", "leave attempts running when this process is told to stop")
    .addOption(tiedOption());
  for (const option of shortSettingOptions("worker")) command.addOption(option);
  command.action(async (options) => {
    const given = command.optsWithGlobals();
    const { worker, log: logging } = configOf(given, "worker");
    const log = createLogger("worker", logging.level);
    const dataDirectory = resolve(worker.dataDirectory);
    mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
    const agent = await startAgent({
      name: worker.name ?? hostname(),
      dataDirectory,
      masterAddress: worker.master,
      capacity: capacityOf(worker.offer, dataDirectory),
      labels: worker.labels,
      devices: [],
      speed: worker.speed ?? measureSpeed(speedMeasurementMs),
      throttle: worker.throttle,
      supervisorEntry: join(distribution, "worker/supervisor/main.js"),
      log,
    });
    sayReady("worker", worker.master, given.json === true);
    const stop = (): Promise<void> => agent.stop({ stopSupervisor: options.keepAttempts !== true });
    await untilStopped({ stop }, { tied: options.tied === true, log });
  });
}

function capacityOf(offer: Config["worker"]["offer"], dataDirectory: string): Resources {
  const detected = detectCapacity(dataDirectory);
  return {
    cpuMillis: offer.cpu ?? detected.cpuMillis,
    memoryBytes: offer.memory ?? Math.floor(detected.memoryBytes * offeredShare),
    diskBytes: offer.disk ?? Math.floor(detected.diskBytes * offeredShare),
    networkBps: offer.network,
    custom: offer.custom,
  };
}

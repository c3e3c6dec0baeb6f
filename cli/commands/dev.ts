/** `almanac dev`: a whole cluster on this machine, in the foreground, until Ctrl-C. */
import { availableParallelism, homedir, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { aborted } from "../aborted.js";
import { freeAddress } from "../cluster/ports.js";
import { reportDeath } from "../cluster/report-death.js";
import { type Cluster, startCluster, type WorkerShape } from "../dev-cluster.js";
import { exitCodes } from "../exit-codes.js";
import { interruptible } from "../interrupt.js";
import { wholeNumber } from "../option-values.js";
import { note, printJsonLine, printLines } from "../output.js";
import type { Installation, Program } from "../root.js";
import { masterFlag } from "../session.js";

const workersMax = 64;
const workersDefault = 3;
const masterAddress = "127.0.0.1:7070";
const plannerAddress = "127.0.0.1:7071";

export function addDev(program: Program, { entry }: Installation): void {
  program
    .command("dev")
    .description("run a whole cluster on this machine: master, planner and workers, until Ctrl-C")
    .option("--workers <count>", "how many workers", wholeNumber(1, workersMax), workersDefault)
    .option("--listen <address>", "where its master listens", masterAddress)
    .option(
      "--data-directory <path>",
      "where it keeps its data (default: ~/.local/state/almanac/dev)",
    )
    .option("--no-planner", "greedy placement only")
    .action(async (options, command) => {
      const { json } = command.optsWithGlobals();
      const dataDirectory = resolve(
        options.dataDirectory ?? join(homedir(), ".local/state/almanac/dev"),
      );
      await interruptible(async (signal) => {
        let masterDied: () => void = () => undefined;
        const died = new Promise<void>((done) => {
          masterDied = done;
        });
        const cluster = await startCluster({
          entry,
          dataDirectory,
          listen: options.listen,
          workers: equalShapes(options.workers),
          planner: options.planner ? { listen: await freeAddress(plannerAddress) } : null,
          onDeath: (child, exit) => {
            reportDeath(child, exit);
            if (child.name === "master") masterDied();
          },
        });
        describe(cluster, json === true);
        const why = await Promise.race([died.then(() => "died"), aborted(signal)]);
        if (json !== true) note("stopping …");
        await cluster.stop();
        process.exitCode = why === "died" ? exitCodes.error : exitCodes.done;
      });
    });
}

/** The machine in equal parts, but none so small that a task of one core fits nowhere. */
function equalShapes(count: number): WorkerShape[] {
  const cpuMillis = Math.max(1_000, Math.floor((availableParallelism() * 1_000) / count));
  const memoryMiB = Math.floor((totalmem() * 0.8) / count / 1024 ** 2);
  return Array.from({ length: count }, (_, index) => ({
    name: `worker-${index + 1}`,
    cpu: `${cpuMillis}m`,
    memory: `${memoryMiB}Mi`,
  }));
}

function describe(cluster: Cluster, json: boolean): void {
  const { address, dataDirectory, master, planner, workers } = cluster;
  if (json || process.stdout.isTTY !== true) {
    const pids = {
      master: master.pid(),
      planner: planner?.pid() ?? null,
      workers: workers.map((worker) => ({ name: worker.name, pid: worker.pid() })),
    };
    return printJsonLine({
      ready: true,
      role: "cluster",
      address,
      pid: process.pid,
      pids,
      dataDirectory,
    });
  }
  printLines([
    `master   ${address}, pid ${master.pid()}`,
    planner === null ? "planner  off" : `planner  ${planner.address()}, pid ${planner.pid()}`,
    ...workers.map((worker) => `${worker.name}, pid ${worker.pid()}`),
    `data     ${dataDirectory}`,
    "",
    `  try it: almanac run${masterFlag(address)} --wait -- uname -sr`,
    "  Ctrl-C stops everything",
  ]);
}

/** `almanac worker cordon|uncordon|drain|undrain|release NAME`: takes a worker out of use, and back. */
import { setTimeout as sleep } from "node:timers/promises";
import { Option } from "@commander-js/extra-typings";
import { workerId } from "../../core/ids.js";
import type { Result } from "../../core/result.js";
import type { WorkerView } from "../../core/views.js";
import type { Client } from "../client.js";
import { exitCodes } from "../exit-codes.js";
import { unwrap } from "../failure.js";
import { interruptible } from "../interrupt.js";
import { durationMs } from "../option-values.js";
import { note, printJson, printLines, screenOf } from "../output.js";
import { drainForecastJson, workerJson } from "../render/json.js";
import { drainProgress, renderDrainForecast } from "../render/operations.js";
import { renderWorkers } from "../render/workers.js";
import type { Group } from "../root.js";
import { type Session, withSession } from "../session.js";

const workerHelp = "a worker's name, as in `almanac workers`";
const pollMs = 250;

export function addWorkerOperations(group: Group): void {
  addSimple(group, "cordon", "give a worker nothing new; what runs on it goes on", (client, name) =>
    client.cordon(name),
  );
  addSimple(group, "uncordon", "let a cordoned worker take work again", (client, name) =>
    client.uncordon(name),
  );
  addSimple(group, "release", "end a worker's quarantine before its time", (client, name) =>
    client.liftQuarantine(name),
  );
  addDrain(group);
  addSimple(group, "undrain", "end a drain: the worker takes work again", (client, name) =>
    client.undrain(name),
  );
}

function addSimple(
  group: Group,
  name: string,
  description: string,
  ask: (client: Client, worker: string) => Promise<Result<WorkerView>>,
): void {
  group
    .command(name)
    .description(description)
    .argument("<worker>", workerHelp)
    .action(async (worker, _options, command) => {
      await withSession(command.optsWithGlobals(), async (session) => {
        printWorker(session, unwrap(await ask(session.client, worker)));
      });
    });
}

export function printWorker({ json, quiet }: Session, worker: WorkerView): void {
  if (json) return printJson(workerJson(worker));
  printLines(quiet ? [worker.facts.name] : renderWorkers([worker], screenOf()));
}

function addDrain(group: Group): void {
  group
    .command("drain")
    .description("empty a worker: nothing new, and by the deadline nothing left that can be moved")
    .argument("<worker>", workerHelp)
    .option("--deadline <duration>", "stop then what still runs, and run it elsewhere", durationMs)
    .option("--force", "stop also tasks that may not run twice and want to be kept")
    .addOption(
      new Option("--then <what>", "stop: the worker leaves once it is empty, with code 0").choices([
        "stop",
      ] as const),
    )
    .option("--dry-run", "say what would be stopped and moved, and how finish times would change")
    .option("--wait", "until the worker is empty")
    .action(async (name, { deadline, force, then, dryRun, wait }, command) => {
      await withSession(command.optsWithGlobals(), async (session) => {
        const { client, json, quiet } = session;
        const order = {
          worker: workerId(name),
          deadlineMs: deadline ?? null,
          force: force === true,
          thenStop: then === "stop",
          dryRun: dryRun === true,
        };
        const drained = unwrap(await client.drain(order));
        const { worker, forecast } = drained;
        if (!json && !quiet) printLines(renderDrainForecast(drained, screenOf()));
        const end = wait === true && dryRun !== true ? await untilDrained(session, name) : worker;
        if (json) {
          const view = workerJson(end ?? worker);
          return printJson({ worker: view, forecast: drainForecastJson(forecast) });
        }
        if (quiet) printLines([worker.facts.name]);
      });
    });
}

/** null: interrupted; the drain goes on. */
function untilDrained({ client, json, quiet }: Session, name: string): Promise<WorkerView | null> {
  return interruptible(async (signal) => {
    let said = "";
    while (!signal.aborted) {
      const answer = await client.workers();
      // A master that is away comes back with the drain as it was.
      if (!answer.ok && answer.error.code !== "unavailable") unwrap(answer);
      const worker = answer.ok ? answer.value.find(({ facts }) => facts.name === name) : undefined;
      const progress = worker === undefined ? said : drainProgress(worker, Date.now());
      if (progress !== said && !json && !quiet) note(progress);
      said = progress;
      if (worker !== undefined && (worker.drain === null || worker.drain.stage === "completed")) {
        return worker;
      }
      await sleep(pollMs, undefined, { signal }).catch(() => undefined);
    }
    process.exitCode = exitCodes.interrupted;
    return null;
  });
}

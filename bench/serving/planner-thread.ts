/** A planner on an event loop of its own, of which the delay is watched; client and bench are elsewhere. */
import { readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parentPort, workerData } from "node:worker_threads";
import { pino } from "pino";
import { assert } from "../../core/result.js";
import { startPlanner } from "../../planner/server.js";
import type { PlannerFiles, Report } from "./watched-planner.js";

const port = parentPort;
assert(port !== null, "a planner's thread has a parent");

const { solverThreadEntry, predictor, log }: PlannerFiles = workerData;
const planner = await startPlanner({
  listen: "127.0.0.1:0",
  threads: 1,
  solverThreadEntry,
  predictor: { ...predictor, dataDirectory: null },
  log: log === null ? pino({ level: "silent" }) : pino({ level: "info" }, pino.destination(log)),
});
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();

/** Of this thread: nanoseconds on a processor, and waiting for one (proc(5), schedstat). */
function scheduled(): { readonly cpuMs: number; readonly waitedMs: number } {
  const [cpu, waited] = readFileSync("/proc/thread-self/schedstat", "utf8").split(" ").map(Number);
  return { cpuMs: milliseconds(cpu ?? 0), waitedMs: milliseconds(waited ?? 0) };
}

const milliseconds = (nanoseconds: number): number => nanoseconds / 1e6;

port.on("message", (asked: "begin" | "report" | "stop") => {
  if (asked === "begin") delay.reset();
  if (asked === "stop") {
    planner.stop().then(
      () => port.close(),
      () => port.close(),
    );
    return;
  }
  const report: Report = {
    address: planner.address,
    predictorPid: planner.predictorPid(),
    ...scheduled(),
    delay: {
      medianMs: milliseconds(delay.percentile(50)),
      p99Ms: milliseconds(delay.percentile(99)),
      maxMs: milliseconds(delay.max),
    },
  };
  port.postMessage(report);
});

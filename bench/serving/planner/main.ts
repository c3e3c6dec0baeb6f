/** A planner in a process of its own, of which the event loop is watched; client and bench are elsewhere. */
import { readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { pino } from "pino";
import { assert } from "../../../core/result.js";
import { startPlanner } from "../../../planner/server.js";
import type { Asked, PlannerFiles, Report } from "../watched-planner.js";

const file = process.argv[2];
assert(file !== undefined && process.send !== undefined, "a watched planner has a parent");

const { solverThreadEntry, predictor, log }: PlannerFiles = JSON.parse(file);
const planner = await startPlanner({
  listen: "127.0.0.1:0",
  threads: 1,
  solverThreadEntry,
  predictor: { ...predictor, dataDirectory: null },
  log: log === null ? pino({ level: "silent" }) : pino({ level: "info" }, pino.destination(log)),
});
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();

/** Of the event loop's thread: nanoseconds on a processor, and waiting for one (proc(5), schedstat). */
function scheduled(): { readonly cpuMs: number; readonly waitedMs: number } {
  const [cpu, waited] = readFileSync("/proc/thread-self/schedstat", "utf8").split(" ").map(Number);
  return { cpuMs: milliseconds(cpu ?? 0), waitedMs: milliseconds(waited ?? 0) };
}

const milliseconds = (nanoseconds: number): number => nanoseconds / 1e6;

/**
 * From one turn of a timer that is due each millisecond to the next, less what the thread waited for
 * a processor meanwhile: nothing that ran in the loop can have held it up for longer than that. The
 * millisecond is among it, as in `delay`.
 */
const turns = { longestMs: 0, atMs: performance.now(), waitedMs: scheduled().waitedMs };
function turn(): void {
  const atMs = performance.now();
  const { waitedMs } = scheduled();
  turns.longestMs = Math.max(turns.longestMs, atMs - turns.atMs - (waitedMs - turns.waitedMs));
  Object.assign(turns, { atMs, waitedMs });
  setTimeout(turn, 1);
}
turn();

function report(): Report {
  return {
    address: planner.address,
    pid: process.pid,
    predictorPid: planner.predictorPid(),
    ...scheduled(),
    heldMs: turns.longestMs,
    delay: {
      medianMs: milliseconds(delay.percentile(50)),
      p99Ms: milliseconds(delay.percentile(99)),
      maxMs: milliseconds(delay.max),
    },
  };
}

process.on("message", (asked: Asked) => {
  if (asked === "stop") {
    void planner.stop().finally(() => process.exit());
    return;
  }
  process.send?.(report());
  if (asked === "report") return;
  delay.reset();
  turns.longestMs = 0;
});
process.on("disconnect", () => process.exit(1));

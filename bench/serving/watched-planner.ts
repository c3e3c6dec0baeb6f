/** A planner in a process of its own, as it ships, and how long its event loop was held up. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { projectFile } from "../root.js";

export interface PlannerFiles {
  readonly solverThreadEntry: string;
  readonly predictor: {
    readonly entry: string;
    readonly trainEntry: string;
    readonly validateEntry: string;
    readonly starter: string | null;
  };
  /** File of its log; null: none. */
  readonly log: string | null;
}

/** Since `begin`. Delays are of a timer that is due each millisecond: that millisecond is among them. */
export interface Report {
  readonly address: string;
  readonly pid: number;
  readonly predictorPid: number | null;
  /** Of the event loop's thread, since its start: on a processor, and waiting until one was free. */
  readonly cpuMs: number;
  readonly waitedMs: number;
  /** The longest turn of the event loop, less what it waited for a processor in it. */
  readonly heldMs: number;
  readonly delay: { readonly medianMs: number; readonly p99Ms: number; readonly maxMs: number };
}

/** `begin`: forget the delays so far. */
export type Asked = "begin" | "report" | "stop";

export interface WatchedPlanner {
  readonly address: string;
  begin(): Promise<Report>;
  report(): Promise<Report>;
  stop(): Promise<void>;
}

export async function startWatchedPlanner(log: string | null): Promise<WatchedPlanner> {
  const files: PlannerFiles = {
    solverThreadEntry: projectFile("dist/planner/solver-thread.js"),
    predictor: {
      entry: projectFile("dist/planner/predictor/main.js"),
      trainEntry: projectFile("dist/models/train-thread.js"),
      validateEntry: projectFile("dist/models/validate/main.js"),
      starter: null,
    },
    log,
  };
  const entry = projectFile("dist/bench/serving/planner/main.js");
  const child = fork(entry, [JSON.stringify(files)]);
  const ask = async (what: Asked): Promise<Report> => {
    child.send(what);
    const gone = once(child, "exit").then(() => {
      throw new Error("the planner's process is gone");
    });
    const [report]: Report[] = await Promise.race([once(child, "message"), gone]);
    if (report === undefined) throw new Error("the planner's process said nothing");
    return report;
  };
  const { address } = await ask("begin");
  return {
    address,
    begin: () => ask("begin"),
    report: () => ask("report"),
    async stop() {
      const ended = once(child, "exit");
      child.send("stop" satisfies Asked);
      await ended;
    },
  };
}

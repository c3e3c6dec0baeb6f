/** A planner in a thread of its own, as it ships, and how long its event loop was held up. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
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

/** Delays are of a timer that is due each millisecond: that millisecond is among them. */
export interface Report {
  readonly address: string;
  readonly predictorPid: number | null;
  /** Of the event loop's thread so far: on a processor, and waiting until one was free. */
  readonly cpuMs: number;
  readonly waitedMs: number;
  readonly delay: { readonly medianMs: number; readonly p99Ms: number; readonly maxMs: number };
}

export interface WatchedPlanner {
  readonly address: string;
  /** Forgets the delays so far. */
  begin(): Promise<Report>;
  report(): Promise<Report>;
  stop(): Promise<void>;
}

export async function startWatchedPlanner(log: string | null): Promise<WatchedPlanner> {
  const workerData: PlannerFiles = {
    solverThreadEntry: projectFile("dist/planner/solver-thread.js"),
    predictor: {
      entry: projectFile("dist/planner/predictor/main.js"),
      trainEntry: projectFile("dist/models/train-thread.js"),
      validateEntry: projectFile("dist/models/validate/main.js"),
      starter: null,
    },
    log,
  };
  const thread = new Worker(projectFile("dist/bench/serving/planner-thread.js"), { workerData });
  const ask = async (what: "begin" | "report"): Promise<Report> => {
    thread.postMessage(what);
    const [report]: Report[] = await once(thread, "message");
    if (report === undefined) throw new Error("the planner's thread said nothing");
    return report;
  };
  const { address } = await ask("begin");
  return {
    address,
    begin: () => ask("begin"),
    report: () => ask("report"),
    async stop() {
      const ended = once(thread, "exit");
      thread.postMessage("stop");
      await ended;
    },
  };
}

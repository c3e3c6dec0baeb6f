/** Faults for a running workflow: `worker@0.33`, `planner@0.5`, `master@0.5:30s`. */

import type { Cluster } from "../../cli/dev-cluster.js";
import { parseDuration } from "../../core/time.js";

export interface Fault {
  readonly target: "worker" | "node" | "planner" | "master";
  /** When, as a share of the planned makespan. */
  readonly at: number;
  /** Started again after this; null: stays dead. */
  readonly restartAfterMs: number | null;
}

const pattern = /^(worker|node|planner|master)@(0?\.\d+|1)(?::(.+))?$/;

/** Throws on anything that is not a fault. */
export function parseFault(text: string): Fault {
  const [, target, at, delay] = pattern.exec(text) ?? [];
  const restartAfterMs = delay === undefined ? null : parseDuration(delay);
  if (target === undefined || (delay !== undefined && restartAfterMs === null)) {
    throw new Error(`${text}: write a fault as worker@0.33, planner@0.5 or master@0.5:30s`);
  }
  return { target: target as Fault["target"], at: Number(at), restartAfterMs };
}

/** kill -9 at its time; returns what was done, for the report. */
export async function inflict(cluster: Cluster, fault: Fault): Promise<string> {
  const [worker] = cluster.workers;
  const { target } = fault;
  const member =
    target === "master" ? cluster.master : target === "planner" ? cluster.planner : worker;
  if (member === null || member === undefined) throw new Error(`there is no ${target} to kill`);
  if (target === "node") await worker?.killNode();
  else await member.kill("SIGKILL");
  if (fault.restartAfterMs === null) return `${member.name} killed`;
  await new Promise((resolve) => setTimeout(resolve, fault.restartAfterMs ?? 0));
  await member.restart();
  return `${member.name} killed, started again after ${fault.restartAfterMs / 1_000} s`;
}

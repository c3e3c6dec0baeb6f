/**
 * How fast workers are in plans: what they say of themselves when they register, corrected by what
 * runs on them took. Workers of one hardware are a class, and speak for one another.
 */
import type { WorkerFacts } from "../../core/worker.js";
import {
  addClasses,
  emptyClass,
  factorOf,
  type SpeedClass,
  sayOf,
} from "../../core/worker-speed.js";
import type { State, WorkerRecord } from "./state.js";

/** A node's own label: the name of its processor. */
export const cpuModelLabel = "almanac.cpu.model";

export const speedOf = ({ facts, speed }: Pick<WorkerRecord, "facts" | "speed">): number =>
  facts.speed * factorOf(speed);

export function hardwareOf({ capacity, devices, labels }: WorkerFacts): string {
  const types = devices.map(({ type }) => type).sort();
  return JSON.stringify([capacity.cpuMillis, types, labels[cpuModelLabel] ?? ""]);
}

/** What its class says without it. */
export function othersOf({ index }: State, worker: WorkerRecord): SpeedClass {
  const all = index.speedClasses.get(hardwareOf(worker.facts)) ?? emptyClass;
  return addClasses(all, sayOf(worker.speed), -1);
}

/** Lets a worker speak (1) in its class, or takes back what it has said (-1). */
export function countIn({ index }: State, { facts, speed }: WorkerRecord, sign: 1 | -1): void {
  const hardware = hardwareOf(facts);
  const all = index.speedClasses.get(hardware) ?? emptyClass;
  const now = addClasses(all, sayOf(speed), sign);
  if (now.runs === 0) index.speedClasses.delete(hardware);
  else index.speedClasses.set(hardware, now);
}

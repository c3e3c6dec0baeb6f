/** What `almanac master|planner|worker` says on standard output once it serves. */
import { printJsonLine, printLines } from "../output.js";

export interface Ready {
  readonly ready: true;
  readonly role: "master" | "planner" | "worker";
  /** Where it listens; of a worker, the master it serves. */
  readonly address: string;
  readonly pid: number;
}

/** A line for people on a terminal, one of JSON for whoever started it otherwise. */
export function sayReady(role: Ready["role"], address: string, json: boolean): void {
  const ready: Ready = { ready: true, role, address, pid: process.pid };
  if (json || process.stdout.isTTY !== true) return printJsonLine({ ...ready });
  const where = role === "worker" ? `for the master at ${address}` : `listening on ${address}`;
  printLines([`${role} ready, ${where}, pid ${process.pid} (Ctrl-C stops it)`]);
}

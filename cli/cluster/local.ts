/** What `almanac dev` and `npm start` share: places to listen, shapes of workers, bad news. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../client.js";
import { portIsFree } from "../doctor.js";
import { failure } from "../failure.js";
import { note } from "../output.js";
import { type Child, type Exit, logTail } from "./child.js";

/** The usual address where it is free, any other port otherwise. */
export async function freeAddress(usual: string): Promise<string> {
  return (await portIsFree(usual)) ? usual : "127.0.0.1:0";
}

export function reportDeath(child: Child, { code, signal }: Exit): void {
  note([
    `${child.name} (pid ${child.pid}) ended unexpectedly: ${signal ?? `exit code ${code}`}`,
    ...logTail(child.logPath).map((line) => `  ${line}`),
    `  its log: ${child.logPath}`,
  ]);
}

const connectEveryMs = 50;
const connectLimitMs = 30_000;

/** Until so many workers have registered. */
export async function untilWorkersConnected(
  client: Client,
  count: number,
  signal: AbortSignal,
): Promise<void> {
  const until = Date.now() + connectLimitMs;
  while (!signal.aborted) {
    const workers = await client.workers();
    const connected = workers.ok
      ? workers.value.filter(({ state }) => state === "connected").length
      : 0;
    if (connected >= count) return;
    if (Date.now() > until) {
      throw failure("unavailable", `${connected} of ${count} workers connected in time`);
    }
    await sleep(connectEveryMs);
  }
}

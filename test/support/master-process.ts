/** A master as a process of its own, without workers and without a planner. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { distEntry } from "./entry.js";

export interface MasterProcess {
  readonly child: ChildProcess;
  readonly address: string;
  /** What it has written to its log so far. */
  readonly said: () => string;
}

export interface MasterProcessOptions {
  readonly dataDirectory: string;
  readonly args?: readonly string[];
  /** Of each file it writes. */
  readonly fileKiBMax?: number;
}

export async function startMasterProcess(options: MasterProcessOptions): Promise<MasterProcess> {
  const { dataDirectory, args = [], fileKiBMax } = options;
  const limit = fileKiBMax === undefined ? "" : `ulimit -f ${fileKiBMax * 2};`;
  const given = ["--listen", "127.0.0.1:0", "--data-directory", dataDirectory, "--planner", "off"];
  const command = [process.execPath, distEntry(), "master", ...given, ...args];
  const child = spawn("sh", ["-c", `${limit} exec "$@"`, "sh", ...command], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { child, address: String(JSON.parse(line).address), said: () => said };
}

/** Bad news about a child, with the last that it said. */
import { note } from "../output.js";
import { type Child, type Exit, logTail } from "./child.js";

export function reportDeath(child: Child, { code, signal }: Exit): void {
  note([
    `${child.name} (pid ${child.pid}) ended unexpectedly: ${signal ?? `exit code ${code}`}`,
    ...logTail(child.logPath).map((line) => `  ${line}`),
    `  its log: ${child.logPath}`,
  ]);
}

/** `almanac usage`: what each user has used on each day. */
import { unwrap } from "../failure.js";
import { pastMs } from "../option-values.js";
import { printJson, printLines, screenOf } from "../output.js";
import { renderUsage } from "../render/usage.js";
import type { Program } from "../root.js";
import { withSession } from "../session.js";

export function addUsage(program: Program): void {
  program
    .command("usage")
    .description("attempts, wall time and cpu time per user and day (UTC)")
    .option("--user <name>", "only of this user", "")
    .option("--namespace <name>", "only of jobs in this namespace", "")
    .option("--since <time>", "only attempts that ended then or later: 7d, 2026-03-01, …", pastMs)
    .option("--until <time>", "only attempts that ended before then", pastMs)
    .action(async ({ user: principal, namespace, since, until }, command) => {
      await withSession(command.optsWithGlobals(), async ({ client, json }) => {
        const query = { principal, namespace, fromMs: since ?? null, beforeMs: until ?? null };
        const days = unwrap(await client.usage(query));
        if (json) return printJson({ days: days.map((day) => ({ ...day })) });
        printLines(renderUsage(days, screenOf()));
      });
    });
}

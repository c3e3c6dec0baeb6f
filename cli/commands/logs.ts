/** `almanac logs TASK`: what an attempt wrote, from the worker that keeps it. */
import { once } from "node:events";
import { terminalTaskStates } from "../../core/views.js";
import type { Client, LogChunk } from "../client.js";
import { failure, unwrap } from "../failure.js";
import { untilInterrupted } from "../interrupt.js";
import { wholeNumber } from "../option-values.js";
import { note, printJsonLine } from "../output.js";
import { formatBytes } from "../render/units.js";
import type { Program } from "../root.js";
import { withSession } from "../session.js";
import { parseTarget } from "../target.js";
import { watchEvents } from "../watch.js";

const attemptMax = 1_000_000;
const tailMax = 2 ** 40;

export function addLogs(program: Program): void {
  program
    .command("logs")
    .description("print what a task wrote: its stdout to stdout, its stderr to stderr")
    .argument("<task>", "JOB/TASK; JOB alone where it has one task")
    .option("-f, --follow", "go on until the attempt ends; wait for it where it has not started")
    .option("--stdout", "only standard output")
    .option("--stderr", "only standard error")
    .option("--attempt <number>", "which attempt (default: the last)", wholeNumber(1, attemptMax))
    .option("--tail <bytes>", "only so many bytes from the end", wholeNumber(0, tailMax))
    .action(async (task, options, command) => {
      await withSession(command.optsWithGlobals(), ({ client, json }) =>
        untilInterrupted(async (signal) => {
          if (options.follow === true) await untilStarted(client, task, signal);
          const only = options.stdout === true ? "stdout" : "stderr";
          const both = (options.stdout === true) === (options.stderr === true);
          const query = {
            task,
            attemptNumber: options.attempt ?? null,
            stream: both ? null : only,
            follow: options.follow === true,
            tailBytes: options.tail ?? null,
          } as const;
          const print = json ? printChunkJson : createPrinter();
          for await (const chunk of client.logs(query, signal)) await print(unwrap(chunk));
        }),
      );
    });
}

/** Bytes as they are; a full pipe holds the worker up rather than filling memory here. */
function createPrinter(): (chunk: LogChunk) => Promise<void> {
  const dropped = { stdout: 0, stderr: 0 };
  return async ({ stream, data, droppedBytes, note: origin }) => {
    if (origin !== "") note(`almanac: ${stream}: ${origin}`);
    if (droppedBytes > dropped[stream]) {
      note(`almanac: ${formatBytes(droppedBytes - dropped[stream])} of ${stream} were not kept`);
      dropped[stream] = droppedBytes;
    }
    if (data.length === 0) return;
    const output = process[stream];
    if (!output.write(data)) await once(output, "drain");
  };
}

async function printChunkJson(chunk: LogChunk): Promise<void> {
  const { attempt, stream, offset, droppedBytes, note } = chunk;
  const text = new TextDecoder().decode(chunk.data);
  const origin = note === "" ? {} : { note };
  printJsonLine({ attempt, stream, offset, droppedBytes, text, ...origin });
  if (process.stdout.writableNeedDrain) await once(process.stdout, "drain");
}

async function untilStarted(client: Client, text: string, signal: AbortSignal): Promise<void> {
  const target = parseTarget(text);
  const view = unwrap(await client.get(target.job));
  const only = view.tasks.length === 1 ? (view.tasks[0]?.name ?? "") : "";
  const name = target.task === "" ? only : target.task;
  const task = view.tasks.find((each) => each.name === name);
  // What is wrong with the name is said by the master when its logs are asked for.
  if (task === undefined || task.attempts.length > 0) return;
  const job = view.summary.id;
  for await (const { change } of watchEvents({ client, job, signal })) {
    if (change.kind !== "task" || change.task.name !== name) continue;
    if (change.task.attempts.some(({ startedAtMs }) => startedAtMs !== null)) return;
    if (terminalTaskStates.has(change.task.state)) {
      throw failure("failed_precondition", `${text} never ran: ${change.task.message}`);
    }
  }
}

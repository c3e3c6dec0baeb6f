/** Handing a job to the master, and what is said about it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { JobSpec } from "../core/job.js";
import type { Result, Violation } from "../core/result.js";
import type { SubmitReceipt } from "../core/views.js";
import { CommandFailure } from "./failure.js";
import { followJob, reportEnd } from "./follow.js";
import type { LocalContent } from "./local-inputs.js";
import { note, printJson, printLines, screenOf } from "./output.js";
import { renderWarnings } from "./render/errors.js";
import { renderGantt } from "./render/gantt.js";
import { ganttOfJob } from "./render/gantt-views.js";
import { renderJob } from "./render/job.js";
import { jobSummaryJson, receiptJson } from "./render/json.js";
import { formatBytes, plural } from "./render/units.js";
import type { Session } from "./session.js";
import { missingInputs, sizeOf, type Upload, upload } from "./upload.js";

export interface SubmitOptions {
  readonly spec: JobSpec;
  readonly key: string;
  readonly dryRun: boolean;
  readonly wait: boolean;
  /** Name of the job's file, for what is wrong in it. */
  readonly file: string | null;
  /** Where on this machine the content of its inputs is. */
  readonly local: ReadonlyMap<string, LocalContent>;
  /** Puts violations of the expanded job back to the lines of the file. */
  readonly relocate: (violations: readonly Violation[]) => readonly Violation[];
}

const retryPausesMs = [200, 400, 800, 1_600, 3_200];
const forecastTasksMax = 40;

/** Prints what the master says, waits if asked to, and returns the exit code. */
export async function submitJob(session: Session, options: SubmitOptions): Promise<number> {
  const missing = await inputsToSend(session, options);
  const toSend = sizeOf(missing);
  if (!options.dryRun && toSend.files > 0) await upload(await session.store(), missing);
  const answer = await submitWithRetries(session, options);
  if (!answer.ok) {
    const { error } = answer;
    throw new CommandFailure({ ...error, violations: options.relocate(error.violations) });
  }
  const receipt = { ...answer.value, warnings: options.relocate(answer.value.warnings) };
  const { json, quiet } = session;
  if (!json) note(renderWarnings(receipt.warnings, screenOf(process.stderr), options.file));
  if (options.dryRun) return printForecast(session, receipt, toSend);
  if (!options.wait) {
    if (json) printJson(receiptJson(receipt));
    else printReceipt(session, receipt, options.spec);
    return 0;
  }
  if (!json) printReceipt({ ...session, quiet: true }, receipt, options.spec);
  const progress = json || quiet ? "none" : "terminal";
  const end = await followJob(session.client, receipt.jobId, { progress, timeoutMs: null });
  if (json) {
    const job = end.kind === "ended" ? jobSummaryJson(end.job) : null;
    printJson({ ...asObject(receiptJson(receipt)), job });
  }
  return reportEnd(session, receipt.jobId, end);
}

/** What is not in the store yet; a job without local inputs asks nobody. */
async function inputsToSend(session: Session, { spec, local }: SubmitOptions) {
  if (local.size === 0) return new Map<string, LocalContent>();
  return missingInputs(await session.store(), spec, local);
}

/** The key makes a retry safe where nobody knows whether the first try arrived. */
async function submitWithRetries(
  { client }: Session,
  { spec, key, dryRun }: SubmitOptions,
): Promise<Result<SubmitReceipt>> {
  const submission = { spec, idempotencyKey: dryRun ? "" : key, dryRun };
  for (const [attempt, pauseMs] of [...retryPausesMs, 0].entries()) {
    const answer = await client.submit(submission);
    if (answer.ok || attempt === retryPausesMs.length || !mayRetry(answer.error, attempt)) {
      return answer;
    }
    await sleep(pauseMs);
  }
  throw new Error("unreachable: the last try always returns");
}

/** Nobody listens there at all: say so at once. */
function mayRetry({ code, message }: { code: string; message: string }, attempt: number): boolean {
  if (code === "not_durable") return true;
  return code === "unavailable" && (attempt > 0 || !message.includes("ECONNREFUSED"));
}

function printReceipt(
  { quiet, masterFlag }: Session,
  { jobId, duplicate }: SubmitReceipt,
  spec: JobSpec,
): void {
  if (quiet) return printLines([jobId]);
  const count = `${spec.tasks.length} task${spec.tasks.length === 1 ? "" : "s"}`;
  printLines([`job ${jobId} (${spec.name}, ${count})${duplicate ? ", submitted before" : ""}`]);
  note([
    `  how it stands: almanac status ${jobId}${masterFlag}`,
    `  wait for it:   almanac wait ${jobId}${masterFlag}`,
  ]);
}

function printForecast({ json, quiet }: Session, receipt: SubmitReceipt, toSend: Upload): number {
  const { forecast } = receipt;
  if (json) printJson({ ...asObject(receiptJson(receipt)), upload: { ...toSend } });
  else if (forecast !== null && !quiet) {
    const screen = screenOf();
    printLines([
      "dry run: nothing was recorded; if submitted now, this is what is foreseen",
      ...(toSend.files === 0
        ? []
        : [`it would send ${plural(toSend.files, "file")}, ${formatBytes(toSend.bytes)}`]),
      "",
      ...renderJob(forecast, screen, { tasksMax: forecastTasksMax }),
    ]);
    if (forecast.initialPlan !== null) {
      printLines(["", ...renderGantt(ganttOfJob(forecast, screen.nowMs), screen)]);
    }
  }
  return 0;
}

const asObject = (json: unknown): object => (typeof json === "object" && json !== null ? json : {});

/** Waiting for a job with its progress on the screen, and saying how it ended. */
import type { JobId } from "../core/ids.js";
import { formatDuration } from "../core/time.js";
import type { JobSummary, JobView, TaskStateName, WatchEvent } from "../core/views.js";
import type { Client } from "./client.js";
import { exitCodes } from "./exit-codes.js";
import { interruptible } from "./interrupt.js";
import { note, printLines, screenOf } from "./output.js";
import { renderTasks } from "./render/job.js";
import { headLine } from "./render/progress.js";
import { createProgressDisplay, type ProgressDisplay } from "./render/progress-display.js";
import { paint } from "./render/text.js";
import type { Session } from "./session.js";
import { untilEnded } from "./watch.js";

export interface FollowOptions {
  /** On a terminal progress is drawn in place; elsewhere nothing, or one line per change. */
  readonly progress: "terminal" | "lines" | "none";
  /** null: for ever. */
  readonly timeoutMs: number | null;
}

export type FollowEnd =
  | { readonly kind: "ended"; readonly job: JobSummary }
  | { readonly kind: "interrupted" }
  | { readonly kind: "timed_out" };

const drawEveryMs = 125;

/** Lives through restarts of the master. */
export function followJob(client: Client, job: string, options: FollowOptions): Promise<FollowEnd> {
  return interruptible(async (interrupt): Promise<FollowEnd> => {
    const signal =
      options.timeoutMs === null
        ? interrupt
        : AbortSignal.any([interrupt, AbortSignal.timeout(options.timeoutMs)]);
    const display = displayFor(options.progress);
    const timer = display === null ? null : setInterval(() => display.draw(), drawEveryMs);
    try {
      const ended = await untilEnded({
        client,
        job,
        signal,
        onEvent: (event) => display?.apply(event),
        onContact: (lost) => {
          if (options.progress === "none") return;
          note(lost === null ? "the master is back" : `lost the master (${lost.message}), waiting`);
        },
      });
      if (ended !== null) return { kind: "ended", job: ended };
      return { kind: interrupt.aborted ? "interrupted" : "timed_out" };
    } finally {
      if (timer !== null) clearInterval(timer);
      display?.finish();
    }
  });
}

function displayFor(progress: FollowOptions["progress"]): ProgressDisplay | null {
  const isTerminal = process.stderr.isTTY === true;
  if (progress === "none" || (progress === "terminal" && !isTerminal)) return null;
  const display = createProgressDisplay(process.stderr, () => screenOf(process.stderr), isTerminal);
  return isTerminal ? display : { ...display, apply: onlyNews(display.apply) };
}

const quietStates: ReadonlySet<TaskStateName> = new Set(["pending", "ready", "launching"]);

/** A log of lines wants what happened, once: not what has yet to, nor what was said already. */
function onlyNews(apply: (event: WatchEvent) => void): (event: WatchEvent) => void {
  const said = new Map<string, string>();
  return (event) => {
    const { change } = event;
    if (change.kind === "task") {
      const { id, state, attempts } = change.task;
      const news = `${state} ${attempts.length}`;
      if (quietStates.has(state) || said.get(id) === news) return;
      said.set(id, news);
    }
    apply(event);
  };
}

/** What a command that waits says at the end, and the code it ends with. */
export async function reportEnd(
  { client, json, quiet, masterFlag }: Session,
  job: JobId | string,
  end: FollowEnd,
): Promise<number> {
  if (end.kind === "ended") {
    if (!json && !quiet) await reportJob(client, end.job, masterFlag);
    return end.job.state === "succeeded" ? exitCodes.done : exitCodes.workFailed;
  }
  if (!quiet) {
    const why = end.kind === "interrupted" ? "" : ", but the time to wait is over";
    note([
      `job ${job} goes on${why}`,
      `  wait again: almanac wait ${job}${masterFlag}`,
      `  cancel it:  almanac cancel ${job}${masterFlag}`,
    ]);
  }
  return end.kind === "interrupted" ? exitCodes.interrupted : exitCodes.notFinished;
}

const badStates: ReadonlySet<TaskStateName> = new Set(["failed", "timed_out"]);
const badShown = 10;

async function reportJob(client: Client, job: JobSummary, masterFlag: string): Promise<void> {
  const screen = screenOf();
  // On a terminal the last frame of the progress has said so already.
  const said = process.stdout.isTTY === true && process.stderr.isTTY === true;
  if (!said) printLines([paint(headLine(job, screen), screen.width)]);
  if (job.state === "succeeded") return;
  const view = await client.get(job.id);
  if (!view.ok) return;
  const bad = view.value.tasks.filter(({ state }) => badStates.has(state));
  if (bad.length === 0) return;
  printLines(renderTasks(bad, screen, { tasksMax: badShown }));
  note(`what it said: almanac logs ${bad[0]?.id ?? job.id}${masterFlag}`);
}

/** `12 tasks, planned makespan 1m 05s`. */
export function foreseen({ tasks, initialPlan }: JobView): string {
  const count = `${tasks.length} task${tasks.length === 1 ? "" : "s"}`;
  if (initialPlan === null) return count;
  return `${count}, planned makespan ${formatDuration(initialPlan.makespanMs)}`;
}

/**
 * Tries a brought model in a process of its own, with little memory and little time: whatever it
 * does there, it does to that process.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { fail, ok, type Result } from "../../core/result.js";
import type { Trial, TrialReport } from "./trial.js";

export interface ValidationOptions {
  /** File of the bundled `models/validate/main`. */
  readonly entry: string;
  readonly timeoutMs?: number;
  /** Of the process as a whole; the runtime and Node take about 120 of it. */
  readonly memoryMiBMax?: number;
}

const timeoutDefaultMs = 30_000;
const memoryDefaultMiB = 768;
/** Address space costs nothing, but without a bound one allocation can outrun whoever watches. */
const addressSpacePerMiB = 6;
const heapMiBMax = 256;
const watchMs = 20;
const limiter = "/usr/bin/prlimit";

/** A refusal says why in words; it has been the model's doing, unless its code is `unavailable`. */
export async function validateModel(
  trial: Trial,
  { entry, timeoutMs = timeoutDefaultMs, memoryMiBMax = memoryDefaultMiB }: ValidationOptions,
): Promise<Result<TrialReport>> {
  const child = start(entry, memoryMiBMax);
  let killedFor: string | null = null;
  const kill = (why: string): void => {
    killedFor ??= why;
    child.kill("SIGKILL");
  };
  const clock = setTimeout(() => kill(`took longer than ${timeoutMs} ms`), timeoutMs);
  const watch = setInterval(() => {
    if (residentMiB(child.pid) > memoryMiBMax) kill(`took more than ${memoryMiBMax} MiB`);
  }, watchMs);
  try {
    return await new Promise<Result<TrialReport>>((resolve) => {
      child.once("message", (message) => resolve(outcomeOf(message)));
      child.once("error", (error) =>
        resolve(fail("unavailable", `the model could not be tried: ${error.message}`)),
      );
      child.once("exit", (code, signal) => {
        const how = killedFor ?? `ended its process with ${signal ?? `code ${code}`}`;
        resolve(refusal(`on trial it ${how}`));
      });
      child.send(trial, (error) => {
        // Where it has ended already, that is what is told.
        if (error !== null) child.kill("SIGKILL");
      });
    });
  } finally {
    clearTimeout(clock);
    clearInterval(watch);
    child.kill("SIGKILL");
  }
}

function start(entry: string, memoryMiBMax: number): ChildProcess {
  const node = [process.execPath, `--max-old-space-size=${heapMiBMax}`, entry];
  const addressSpace = memoryMiBMax * addressSpacePerMiB * 2 ** 20;
  const [command = "", ...args] = existsSync(limiter)
    ? [limiter, `--as=${addressSpace}`, "--core=0", "--fsize=0", "--", ...node]
    : node;
  return spawn(command, args, {
    cwd: "/",
    // What stands in this process's environment is none of a model's business.
    env: {},
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    serialization: "advanced",
  });
}

const answerSchema = z.union([
  z.object({ report: z.object({ rows: z.number(), wallMs: z.number() }) }),
  z.object({ refusal: z.string() }),
]);

function outcomeOf(message: unknown): Result<TrialReport> {
  const answer = answerSchema.safeParse(message);
  if (!answer.success) return refusal("on trial it made its process say nonsense");
  return "report" in answer.data ? ok(answer.data.report) : refusal(answer.data.refusal);
}

function refusal(why: string): Result<never> {
  const message = why.slice(0, 500);
  return fail("invalid_argument", `the model is refused: ${message}`, [
    { field: "model", message },
  ]);
}

/** 0 where it cannot be known. */
function residentMiB(pid: number | undefined): number {
  if (pid === undefined) return 0;
  try {
    const pages = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1];
    return (Number(pages) * 4_096) / 2 ** 20;
  } catch {
    return 0;
  }
}

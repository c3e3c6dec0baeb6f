/**
 * One process of a cluster as a child of this one: started, awaited until it says that it is ready,
 * its standard error kept in a file, stopped with grace.
 *
 * A child runs in a session of its own, so that Ctrl-C in a terminal reaches only us and we decide
 * the order in which things stop. Its standard input is a pipe that it watches (`--tied`): should
 * this process die by kill -9, the pipe breaks and the child stops by itself.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { failure, messageOf } from "../failure.js";
import type { Ready } from "./ready.js";

export interface ChildOptions {
  /** For messages: `master`, `worker big`. */
  readonly name: string;
  /** The command's entry, `dist/cli/main.js`. */
  readonly entry: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Standard error is appended here. */
  readonly logPath: string;
  readonly readyTimeoutMs: number;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly ready: Ready;
  readonly logPath: string;
  readonly exited: Promise<Exit>;
  /** null: it runs. */
  readonly exit: () => Exit | null;
  /** True once somebody here has asked it to go. */
  readonly stopping: () => boolean;
  kill(signal: NodeJS.Signals): Promise<Exit>;
  /** SIGTERM, then SIGKILL after the grace. */
  stop(graceMs?: number): Promise<Exit>;
}

const stopGraceMs = 15_000;

/** Rejects, with the end of its log, if the child dies or is not ready in time. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const process_ = spawnChild(options);
  let exit: Exit | null = null;
  let stopping = false;
  const exited = new Promise<Exit>((resolve) => {
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      exit ??= { code, signal };
      resolve(exit);
    };
    process_.once("exit", end);
    process_.once("error", () => end(null, null));
  });
  const kill = (signal: NodeJS.Signals): Promise<Exit> => {
    stopping = true;
    process_.kill(signal);
    return exited;
  };
  const stop = async (graceMs = stopGraceMs): Promise<Exit> => {
    const timer = setTimeout(() => process_.kill("SIGKILL"), graceMs);
    try {
      return await kill("SIGTERM");
    } finally {
      clearTimeout(timer);
    }
  };
  try {
    const ready = await readiness(process_, exited, options);
    const { name, logPath } = options;
    const pid = process_.pid ?? 0;
    return {
      name,
      pid,
      ready,
      logPath,
      exited,
      exit: () => exit,
      stopping: () => stopping,
      kill,
      stop,
    };
  } catch (error) {
    await kill("SIGKILL");
    const message = `${options.name}: ${messageOf(error)}${quotedTail(options.logPath)}`;
    throw failure("failed_precondition", message);
  }
}

function spawnChild({ entry, args, env, logPath }: ChildOptions): ChildProcess {
  mkdirSync(dirname(logPath), { recursive: true });
  const log = openSync(logPath, "a");
  try {
    return spawn(process.execPath, [entry, ...args, "--json", "--tied"], {
      detached: true,
      env: { ...env },
      stdio: ["pipe", "pipe", log],
    });
  } finally {
    closeSync(log);
  }
}

/** Resolves with the line that says so; rejects with what the child says is wrong. */
async function readiness(
  child: ChildProcess,
  exited: Promise<Exit>,
  { readyTimeoutMs }: ChildOptions,
): Promise<Ready> {
  const { stdout } = child;
  if (stdout === null) throw new Error("has no standard output");
  let timer: NodeJS.Timeout | undefined;
  const said: string[] = [];
  const line = new Promise<Ready>((resolve, reject) => {
    createInterface({ input: stdout }).on("line", (text) => {
      if (said.length >= linesMax) return;
      said.push(text);
      const ready = parseReady(text);
      if (ready !== null) resolve(ready);
    });
    child.once("error", reject);
    timer = setTimeout(
      () => reject(new Error(`is not ready after ${readyTimeoutMs / 1_000} s`)),
      readyTimeoutMs,
    );
  });
  // What it said last is read to its end first.
  const closed = new Promise((done) => child.once("close", done));
  const death = exited.then(async ({ code, signal }): Promise<never> => {
    await closed;
    const why = errorIn(said.join("\n")) ?? `it ended with ${signal ?? `code ${code}`}`;
    throw new Error(`did not start: ${why}`);
  });
  death.catch(() => undefined);
  try {
    return await Promise.race([line, death]);
  } finally {
    clearTimeout(timer);
    stdout.resume(); // whatever else it says there must not fill the pipe
  }
}

/** What a child may say before it is ready, or of why it is not. */
const linesMax = 1_000;

function parseReady(line: string): Ready | null {
  const parsed = parseJson(line);
  return parsed?.ready === true && typeof parsed.address === "string" ? parsed : null;
}

/** The message of `{"error": {"message": …}}`. */
function errorIn(text: string): string | null {
  const message = parseJson(text)?.error?.message;
  return typeof message === "string" ? message : null;
}

type Said = Ready & { readonly error?: { readonly message?: unknown } };

function parseJson(text: string): Said | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const tailBytes = 4_096;
const tailLines = 8;

/** The last lines of a log, for a message about a process that has died. */
export function logTail(path: string): string[] {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return [];
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(Math.min(size, tailBytes));
    const length = readSync(file, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString("utf8", 0, length).trimEnd().split("\n").slice(-tailLines);
  } finally {
    closeSync(file);
  }
}

function quotedTail(logPath: string): string {
  const lines = logTail(logPath);
  if (lines.length === 0) return "";
  return [`; the end of ${logPath}:`, ...lines].join("\n  ");
}

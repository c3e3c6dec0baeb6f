/** The driver that runs a program as a process of this host. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Result } from "../../../core/result.js";
import type {
  Driver,
  DriverEnd,
  DriverIdentity,
  DriverStart,
  RunningAttempt,
} from "../../driver.js";
import { attemptDirectoryName, digest } from "../../ipc/paths.js";
import { messageOf } from "../../log.js";
import { createLogWriter, type LogWriter } from "../../logs/segments.js";
import { type Cgroup, type CgroupManager, killCgroup, removeDirectories } from "./cgroup.js";
import { createCgroupManager } from "./cgroup-manager.js";
import {
  buildEnvironment,
  directoryVariable,
  resolveArguments,
  resolveWorkingDirectory,
} from "./environment.js";
import { createPipePool, type OutputPipe, type PipePool, pipesDirectory } from "./pipes.js";
import { processesWithEnvironment, readProcess, signal } from "./proc.js";
import { sampleUsage, type UsageSampler } from "./usage.js";
import { executionFailure, wrapCommand, wrapperShell } from "./wrapper.js";

/** A guard against fork bombs; far above what a sane task has. */
const processesMax = 16_384;
/** How long output may go on after the program and its group are gone. */
const outputDrainMs = 1_000;
const killDeadlineMs = 5_000;

export interface ProcessDriverOptions {
  readonly dataDirectory: string;
  /** false: as on a host without control groups; for tests of that case. */
  readonly useCgroups?: boolean;
}

/** A longer delay would overflow Node's timers and fire at once. */
const timerMsMax = 2 ** 31 - 1;

interface Context {
  readonly cgroups: CgroupManager | null;
  readonly pipes: PipePool;
}

export function createProcessDriver(options: ProcessDriverOptions): Driver {
  const parentName = `almanac-${digest(options.dataDirectory)}`;
  const cgroups = options.useCgroups === false ? null : createCgroupManager(parentName);
  const pipes = createPipePool(pipesDirectory(options.dataDirectory));
  const context: Context = { cgroups, pipes };
  // Of a supervisor that was killed while it cleaned up behind attempts that had ended.
  const swept = clearGroups(cgroups);
  return {
    name: "process",
    facts: {
      name: "process",
      cpuLimit: cgroups?.cpuLimit ?? "not_enforced",
      memoryLimit: cgroups?.memoryLimit ?? "not_enforced",
    },
    start: (start) => startProcess(context, start),
    reap: (attempt, directory, identity) =>
      reapProcess(cgroups, attemptDirectoryName(attempt), directory, identity),
    async close() {
      pipes.close();
      await swept;
      await clearGroups(cgroups);
      await cgroups?.close();
    },
  };
}

/** Kills what is in the groups that there are now, and removes them. */
async function clearGroups(cgroups: CgroupManager | null): Promise<void> {
  for (const name of cgroups?.list() ?? []) {
    const group = cgroups?.find(name) ?? null;
    if (group === null) continue;
    await killCgroup(group, killDeadlineMs);
    await removeDirectories(group.directories);
  }
}

async function startProcess(
  context: Context,
  start: DriverStart,
): Promise<Result<RunningAttempt, string>> {
  const made = await makeDirectories(start.directory);
  if (!made.ok) return made;
  const directory = resolveWorkingDirectory(start);
  if (!directory.ok) return directory;
  const environment = buildEnvironment(start, directory.value);
  const output: (OutputPipe | null)[] = [];
  let cgroup: Cgroup | null = null;
  let child: ChildProcess | null = null;
  try {
    const argv = resolveArguments(start, environment, directory.value);
    if (!argv.ok) return argv;
    cgroup = createCgroup(context.cgroups, start);
    const joinFiles = cgroup?.joinFiles ?? [];
    const wrapped = wrapCommand(start.directory, joinFiles, argv.value, environment);
    output.push(await context.pipes.take(), await context.pipes.take());
    await start.durable;
    child = spawnChild(start, directory.value, wrapped.argv, wrapped.environment, output);
    const failure = await spawnFailure(child);
    if (failure !== null) throw failure;
    return { ok: true, value: superviseChild(start, child, output, cgroup) };
  } catch (error) {
    // Not recorded: it still waits at the gate, and must not pass.
    if (child?.pid !== undefined) signal(-child.pid, "SIGKILL");
    for (const pipe of output) pipe?.reader.destroy();
    if (cgroup !== null) await removeDirectories(cgroup.directories);
    return { ok: false, error: messageOf(error) };
  }
}

async function makeDirectories(directory: string): Promise<Result<null, string>> {
  try {
    await mkdir(join(directory, "work"), { recursive: true, mode: 0o700 });
    return { ok: true, value: null };
  } catch (error) {
    return { ok: false, error: messageOf(error) };
  }
}

function createCgroup(manager: CgroupManager | null, start: DriverStart): Cgroup | null {
  if (manager === null) return null;
  return manager.create(attemptDirectoryName(start.attempt), {
    cpuMillis: start.resources.cpuMillis,
    throttle: start.throttle,
    memoryBytes: start.resources.memoryBytes,
    processesMax,
  });
}

function spawnChild(
  start: DriverStart,
  workingDirectory: string,
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
  output: readonly (OutputPipe | null)[],
): ChildProcess {
  const stdin = openStdin(start);
  try {
    return spawn(wrapperShell, argv, {
      cwd: workingDirectory,
      env: { ...environment },
      // A session of its own: no terminal, and a process group to signal as a whole.
      detached: true,
      stdio: [
        stdin ?? "ignore",
        output[0]?.writerFd ?? "pipe",
        output[1]?.writerFd ?? "pipe",
        "pipe",
      ],
    });
  } finally {
    if (stdin !== null) closeSync(stdin);
    for (const pipe of output) if (pipe !== null) closeSync(pipe.writerFd);
  }
}

/** From a file: it outlives a slow reader, and the program sees the end of it by itself. */
function openStdin(start: DriverStart): number | null {
  if (start.command.stdin === null) return null;
  const path = join(start.directory, "stdin");
  writeFileSync(path, start.command.stdin, { mode: 0o600 });
  const fd = openSync(path, "r");
  rmSync(path);
  return fd;
}

/** Node reports a failed fork or exec in the next tick; with a pid there was none. */
function spawnFailure(child: ChildProcess): Promise<Error | null> {
  if (child.pid !== undefined) return Promise.resolve(null);
  return new Promise((resolve) => child.once("error", resolve));
}

function superviseChild(
  start: DriverStart,
  child: ChildProcess,
  output: readonly (OutputPipe | null)[],
  cgroup: Cgroup | null,
): RunningAttempt {
  const pid = child.pid ?? 0;
  const exited = exitOf(child);
  start.identify({ pid, startTicks: readProcess(pid)?.startTicks ?? 0 });
  const gate = child.stdio[3];
  if (gate !== null && gate !== undefined && "end" in gate) {
    gate.on("error", () => undefined);
    gate.end("go\n");
  }
  const startedAtMs = Date.now();
  const logs = {
    stdout: createLogWriter(start.directory, "stdout", start.logBytesMax),
    stderr: createLogWriter(start.directory, "stderr", start.logBytesMax),
  };
  const readers = [output[0]?.reader ?? child.stdout, output[1]?.reader ?? child.stderr] as const;
  const drained = Promise.all([
    copyOutput(readers[0], logs.stdout),
    copyOutput(readers[1], logs.stderr),
  ]);
  const closeReaders = (): void => {
    for (const reader of readers) reader?.destroy();
  };
  const sampler = cgroup === null ? sampleUsage(pid) : null;
  const stopper = createStopper(pid, cgroup);
  const ended = exited.then(async (exit) => {
    stopper.exited();
    await clearAttempt(pid, start.directory, cgroup);
    // What has escaped may still hold a pipe: then it is cut off.
    const cut = setTimeout(closeReaders, outputDrainMs);
    await drained;
    clearTimeout(cut);
    await Promise.all([logs.stdout.close(), logs.stderr.close()]);
    const end = endOf(start.directory, exit, cgroup, sampler, logs);
    // Not waited for: an empty group does no harm while it goes.
    if (cgroup !== null) void removeDirectories(cgroup.directories);
    return end;
  });
  return { pid, startedAtMs, ended, stop: stopper.stop };
}

interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly atMs: number;
}

const exitOf = (child: ChildProcess): Promise<Exit> =>
  new Promise((resolve) => {
    child.once("exit", (code, signalName) =>
      resolve({ code, signal: signalName, atMs: Date.now() }),
    );
  });

/** One chunk at a time: a program that floods its output is slowed to the speed of the disk. */
async function copyOutput(reader: Readable | null, log: LogWriter): Promise<void> {
  if (reader === null) return;
  try {
    for await (const chunk of reader) await log.append(chunk);
  } catch {
    // Destroyed after the drain time: what was read is kept.
  }
}

/** Signals the group as long as its leader has not been waited for, so never a stranger's. */
function createStopper(
  pid: number,
  cgroup: Cgroup | null,
): { stop: (graceMs: number) => void; exited: () => void } {
  let done = false;
  let timer: NodeJS.Timeout | null = null;
  let killAtMs = Number.POSITIVE_INFINITY;
  const kill = (): void => {
    if (done) return;
    signal(-pid, "SIGKILL");
    if (cgroup !== null) void killCgroup(cgroup, killDeadlineMs);
  };
  return {
    stop(graceMs) {
      if (done) return;
      if (killAtMs === Number.POSITIVE_INFINITY) {
        signal(-pid, "SIGTERM");
        // A stopped program gets no signal but this one.
        signal(-pid, "SIGCONT");
      }
      const at = performance.now() + graceMs;
      if (at >= killAtMs) return;
      killAtMs = at;
      if (timer !== null) clearTimeout(timer);
      timer = setTimeout(kill, Math.min(graceMs, timerMsMax));
    },
    exited() {
      done = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/** Kills what the leader has left behind: the rest of its group, and what has left the group. */
async function clearAttempt(pid: number, directory: string, cgroup: Cgroup | null): Promise<void> {
  signal(-pid, "SIGKILL");
  if (cgroup !== null) {
    await killCgroup(cgroup, killDeadlineMs);
    return;
  }
  await killByEnvironment(directory);
}

async function killByEnvironment(directory: string): Promise<void> {
  const deadline = performance.now() + killDeadlineMs;
  for (;;) {
    const pids = processesWithEnvironment(`${directoryVariable}=${directory}`);
    if (pids.length === 0 || performance.now() > deadline) return;
    for (const pid of pids) signal(pid, "SIGKILL");
    await sleep(2);
  }
}

function endOf(
  directory: string,
  exit: Exit,
  cgroup: Cgroup | null,
  sampler: UsageSampler | null,
  logs: { readonly stdout: LogWriter; readonly stderr: LogWriter },
): DriverEnd {
  const usage = sampler?.stop() ?? {
    peakMemoryBytes: cgroup?.peakMemoryBytes() ?? null,
    cpuMs: cgroup?.cpuMs() ?? null,
  };
  return {
    outcome: outcomeOf(directory, exit, cgroup?.outOfMemoryKills() ?? 0),
    usage,
    endedAtMs: exit.atMs,
    stdoutBytes: logs.stdout.totalBytes(),
    stderrBytes: logs.stderr.totalBytes(),
  };
}

function outcomeOf(directory: string, exit: Exit, kills: number): DriverEnd["outcome"] {
  const failure = executionFailure(directory, exit.code);
  if (failure !== null) return { kind: "not_started", message: failure };
  // A program that goes on to success although a child of it was killed has coped with it.
  if (kills > 0 && exit.code !== 0) return { kind: "out_of_memory" };
  if (exit.signal !== null) return { kind: "signalled", signal: exit.signal };
  return { kind: "exited", exitCode: exit.code ?? 0 };
}

async function reapProcess(
  cgroups: CgroupManager | null,
  cgroupName: string,
  directory: string,
  identity: DriverIdentity | null,
): Promise<void> {
  const leader = identity === null ? null : readProcess(Number(identity.pid));
  if (leader !== null && leader.startTicks === identity?.startTicks) {
    signal(-leader.pid, "SIGKILL");
  }
  const cgroup = cgroups?.find(cgroupName) ?? null;
  if (cgroup !== null) {
    await killCgroup(cgroup, killDeadlineMs);
    await removeDirectories(cgroup.directories);
  }
  // Also where there was a group: the supervisor may have died before the wrapper had joined it.
  await killByEnvironment(directory);
}

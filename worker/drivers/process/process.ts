/** The driver that runs a program as a process of this host. */
import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  closeSync,
  existsSync,
  fchownSync,
  mkdirSync,
  openSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { chmod, chown, mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { Result } from "../../../core/result.js";
import { giveTree } from "../../data/stage.js";
import type { Driver, DriverEnd, DriverStart, RunningAttempt } from "../../driver.js";
import { attemptDirectoryName, attemptsDirectory, digest } from "../../ipc/paths.js";
import { messageOf } from "../../log.js";
import { createLogWriter, type LogWriter } from "../../logs/segments.js";
import { giveSecretFiles } from "../../secrets/places.js";
import { type Cgroup, type CgroupManager, removeDirectories } from "./cgroup.js";
import { createCgroupManager } from "./cgroup-manager.js";
import { clearAttempt, clearGroups, createStopper, reapProcess } from "./ending.js";
import {
  buildEnvironment,
  resolveArguments,
  resolveWorkingDirectory,
  scriptPath,
} from "./environment.js";
import { createPauser } from "./pausing.js";
import { createPipePool, type OutputPipe, type PipePool, pipesDirectory } from "./pipes.js";
import {
  closedAbove,
  closedPolicy,
  confine,
  giveTo,
  type HostTools,
  notEnforced,
  type ProcessPolicy,
  probeHostTools,
  type UnixUser,
} from "./privileges.js";
import { readProcess, signal } from "./proc.js";
import { sampleUsage, type UsageSampler } from "./usage.js";
import { executionFailure, type WrappedCommand, wrapCommand, wrapperShell } from "./wrapper.js";

/** A guard against fork bombs; far above what a sane task has. */
const processesMax = 16_384;
/** How long output may go on after the program and its group are gone. */
const outputDrainMs = 1_000;

export interface ProcessDriverOptions {
  readonly dataDirectory: string;
  /** false: as on a host without control groups; for tests of that case. */
  readonly useCgroups?: boolean;
  /** Absent: nothing is allowed that a task must ask for. */
  readonly policy?: ProcessPolicy;
}

interface Context {
  readonly cgroups: CgroupManager | null;
  readonly pipes: PipePool;
  readonly policy: ProcessPolicy;
  readonly host: HostTools;
}

export function createProcessDriver(options: ProcessDriverOptions): Driver {
  const parentName = `almanac-${digest(options.dataDirectory)}`;
  const cgroups = options.useCgroups === false ? null : createCgroupManager(parentName);
  const pipes = createPipePool(pipesDirectory(options.dataDirectory));
  const { policy = closedPolicy } = options;
  const limitsProcesses = (cgroups?.processLimit ?? "not_enforced") !== "not_enforced";
  const host = probeHostTools(limitsProcesses);
  const context: Context = { cgroups, pipes, policy, host };
  if (host.uid === 0 && (policy.defaultUser !== null || policy.users.length > 0)) {
    // Others may pass through to what is theirs, and list nothing on the way.
    const attempts = attemptsDirectory(options.dataDirectory);
    mkdirSync(attempts, { recursive: true });
    for (const path of [options.dataDirectory, attempts]) chmodSync(path, 0o711);
  }
  // Of a supervisor that was killed while it cleaned up behind attempts that had ended.
  const swept = clearGroups(cgroups);
  return {
    name: "process",
    standing: () => ({
      kind: "available",
      facts: {
        name: "process",
        cpuLimit: cgroups?.cpuLimit ?? "not_enforced",
        memoryLimit: cgroups?.memoryLimit ?? "not_enforced",
        notEnforced: notEnforced(host),
        stagesData: true,
        givesSecrets: true,
      },
    }),
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

async function startProcess(
  context: Context,
  start: DriverStart,
): Promise<Result<RunningAttempt, string>> {
  const { options } = start.command;
  const asked = options?.kind === "process" ? options : null;
  const confined = confine(asked, context.policy, context.host);
  if (!confined.ok) return confined;
  const { user, prefix, processesMax } = confined.value;
  const made = await makeDirectories(start, user);
  if (!made.ok) return made;
  const directory = resolveWorkingDirectory(start);
  if (!directory.ok) return directory;
  const environment = buildEnvironment(start, directory.value, homeOf(user, directory.value));
  const output: (OutputPipe | null)[] = [];
  let cgroup: Cgroup | null = null;
  let child: ChildProcess | null = null;
  try {
    const argv = resolveArguments(start, environment, directory.value);
    if (!argv.ok) return argv;
    giveTo(user, scriptPath(start.directory));
    cgroup = createCgroup(context.cgroups, start, processesMax);
    const joinFiles = cgroup?.joinFiles ?? [];
    const wrapped = wrapCommand(start.directory, joinFiles, prefix, argv.value, environment);
    output.push(await context.pipes.take(), await context.pipes.take());
    await start.durable;
    child = spawnChild(start, directory.value, wrapped, output, user);
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

/** The working directory belongs to the attempt's user alone; the logs beside it to the worker. */
async function makeDirectories(
  { directory, staged, secrets }: DriverStart,
  user: UnixUser | null,
): Promise<Result<null, string>> {
  const work = join(directory, "work");
  try {
    await mkdir(work, { recursive: true, mode: 0o700 });
    await chmod(directory, user === null ? 0o700 : 0o711);
    if (user === null) return { ok: true, value: null };
    if (secrets?.hasFiles === true) await giveSecretFiles(secrets.directory, user);
    if (staged === true) await giveTree(work, user);
    else await chown(work, user.uid, user.gid);
    const closed = closedAbove(work, user);
    if (closed === null) return { ok: true, value: null };
    const error = `process.user: ${user.name} may not enter ${closed}, above the attempt's directory; choose a worker.dataDirectory that others can reach`;
    return { ok: false, error };
  } catch (error) {
    return { ok: false, error: messageOf(error) };
  }
}

/** Of the user, where there is such a place; else what the attempt can write to. */
function homeOf(user: UnixUser | null, workingDirectory: string): string {
  if (user === null) return homedir();
  return user.home !== "" && existsSync(user.home) ? user.home : workingDirectory;
}

function createCgroup(
  manager: CgroupManager | null,
  start: DriverStart,
  askedProcesses: number | null,
): Cgroup | null {
  if (manager === null) return null;
  return manager.create(attemptDirectoryName(start.attempt), {
    cpuMillis: start.resources.cpuMillis,
    throttle: start.throttle,
    memoryBytes: start.resources.memoryBytes,
    processesMax: Math.min(askedProcesses ?? processesMax, processesMax),
  });
}

function spawnChild(
  start: DriverStart,
  workingDirectory: string,
  wrapped: WrappedCommand,
  output: readonly (OutputPipe | null)[],
  user: UnixUser | null,
): ChildProcess {
  const stdin = openStdin(start);
  try {
    if (user !== null) {
      // `/dev/stdout` and the like are opened anew, by the program's own rights.
      const fds = [stdin, ...output.map((pipe) => pipe?.writerFd ?? null)];
      for (const fd of fds) if (fd !== null) fchownSync(fd, user.uid, user.gid);
    }
    return spawn(wrapperShell, wrapped.argv, {
      cwd: workingDirectory,
      env: { ...wrapped.environment },
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
  return { pid, startedAtMs, ended, ...createPauser(pid, cgroup, stopper) };
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
export async function copyOutput(reader: Readable | null, log: LogWriter): Promise<void> {
  if (reader === null) return;
  try {
    for await (const chunk of reader) await log.append(chunk);
  } catch {
    // Destroyed after the drain time: what was read is kept.
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

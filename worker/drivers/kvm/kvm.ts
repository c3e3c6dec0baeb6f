/**
 * The driver that runs a program in a virtual machine of its own. The machine has the task's memory
 * and as many cores as it asks for, rounded up; QEMU's own needs come on top of the memory, and are
 * charged to the worker (core/charge.ts).
 *
 * An attempt has started when its machine runs: booting belongs to it, for it holds the resources.
 */
import { machineOverheadBytes } from "../../../core/charge.js";
import type { Result } from "../../../core/result.js";
import type { Driver, DriverEnd, DriverStart, RunningAttempt } from "../../driver.js";
import { attemptDirectoryName, digest } from "../../ipc/paths.js";
import { messageOf } from "../../log.js";
import { createLogWriter, type LogWriter } from "../../logs/segments.js";
import { type Cgroup, type CgroupManager, removeDirectories } from "../process/cgroup.js";
import { createCgroupManager } from "../process/cgroup-manager.js";
import { clearAttempt, clearGroups, reapProcess } from "../process/ending.js";
import { directoryVariable } from "../process/environment.js";
import { readProcess, signal } from "../process/proc.js";
import { copyOutput } from "../process/process.js";
import { sampleUsage } from "../process/usage.js";
import { type Accelerator, machineArguments } from "./arguments.js";
import { removeBootFiles } from "./boot-files.js";
import { createDiskUse } from "./disks.js";
import { closeDisks, type Machine, startMachine } from "./machine.js";
import { moveData } from "./machine-data.js";
import { machineOutcome, noteOf, outputsProblemOf, wordOf } from "./outcome.js";
import {
  bootDirectoryOf,
  mebibyte,
  type Prepared,
  type PrepareOptions,
  prepareMachine,
} from "./prepare.js";
import type { KvmSettings } from "./settings.js";
import { createStopper } from "./stopper.js";
import { createImageVerifier } from "./sums.js";

export interface KvmDriverOptions {
  readonly dataDirectory: string;
  readonly settings: KvmSettings;
  /** How machines run here now, or why none does. */
  readonly machines: () => Result<Accelerator, string>;
  readonly bootLimitMs?: number;
  readonly onClose?: () => void;
}

/** Of QEMU's threads; a guest's processes are none of the host's. */
const processesMax = 1_024;
/** A host with far more guests than cores takes long to boot each. */
const bootLimitsMs = { initramfs: 120_000, disk: 600_000 } as const;

/** Distinct from the process driver's, which clears its own at the start. */
const groupsOf = (dataDirectory: string): CgroupManager | null =>
  createCgroupManager(`almanac-kvm-${digest(dataDirectory)}`);

export function createKvmDriver(options: KvmDriverOptions): Driver {
  const cgroups = groupsOf(options.dataDirectory);
  const swept = clearGroups(cgroups);
  const { settings, machines } = options;
  const context: Context = {
    ...options,
    prepare: { settings, verifier: createImageVerifier(), diskUse: createDiskUse() },
    cgroups,
  };
  return {
    name: "kvm",
    standing() {
      const found = machines();
      if (!found.ok) {
        return { kind: "unavailable", driver: { name: "kvm", reason: found.error } };
      }
      const cpuLimit = cgroups?.cpuLimit ?? "not_enforced";
      const memoryLimit = cgroups?.memoryLimit ?? "not_enforced";
      // A guest's processes are none of the host's: they end where the machine's memory does.
      const facts = { name: "kvm", cpuLimit, memoryLimit, notEnforced: ["processes"] } as const;
      return { kind: "available", facts: { ...facts, stagesData: true, givesSecrets: true } };
    },
    get labels(): Readonly<Record<string, string>> {
      const found = machines();
      return found.ok ? { "almanac.kvm": found.value } : {};
    },
    async start(start) {
      const found = machines();
      return found.ok ? startAttempt(context, found.value, start) : found;
    },
    reap: (...left) => reapMachine(cgroups, ...left),
    async close() {
      options.onClose?.();
      await swept;
      await clearGroups(cgroups);
      await cgroups?.close();
    },
  };
}

/** For a supervisor that runs no machines, but may come after one that did. */
export function createKvmReaper(dataDirectory: string): Pick<Driver, "name" | "reap"> {
  return {
    name: "kvm",
    async reap(...left) {
      const cgroups = groupsOf(dataDirectory);
      await reapMachine(cgroups, ...left);
      await cgroups?.close();
    },
  };
}

async function reapMachine(
  cgroups: CgroupManager | null,
  ...[attempt, directory, identity]: Parameters<Driver["reap"]>
): Promise<void> {
  await reapProcess(cgroups, attemptDirectoryName(attempt), directory, identity);
  removeBootFiles(directory);
}

interface Context extends KvmDriverOptions {
  readonly prepare: PrepareOptions;
  readonly cgroups: CgroupManager | null;
}

async function startAttempt(
  context: Context,
  accelerator: Accelerator,
  start: DriverStart,
): Promise<Result<RunningAttempt, string>> {
  try {
    const prepared = await prepareMachine(context.prepare, start);
    return prepared.ok
      ? await startPrepared(context, accelerator, start, prepared.value)
      : prepared;
  } catch (error) {
    return { ok: false, error: messageOf(error) };
  }
}

async function startPrepared(
  { cgroups, settings, bootLimitMs }: Context,
  accelerator: Accelerator,
  start: DriverStart,
  prepared: Prepared,
): Promise<Result<RunningAttempt, string>> {
  const { memoryMiB, release, disks } = prepared;
  let cgroup: Cgroup | null = null;
  let machine: Machine | null = null;
  let disksAreOurs = true;
  try {
    cgroup =
      cgroups?.create(attemptDirectoryName(start.attempt), {
        cpuMillis: start.resources.cpuMillis,
        throttle: start.throttle,
        memoryBytes: memoryMiB * mebibyte + machineOverheadBytes,
        processesMax,
      }) ?? null;
    await start.durable;
    disksAreOurs = false;
    machine = await startMachine({
      qemu: settings.qemu,
      arguments: machineArguments({ ...prepared, accelerator }),
      disks,
      directory: start.directory,
      environment: {
        PATH: "/usr/local/bin:/usr/bin:/bin",
        // For what the guest writes to its image's disk.
        TMPDIR: start.directory,
        [directoryVariable]: start.directory,
      },
      joinFiles: cgroup?.joinFiles ?? [],
    });
    void machine.ended.then(release);
    start.identify({ pid: machine.pid, startTicks: readProcess(machine.pid)?.startTicks ?? 0 });
    const limitMs = bootLimitMs ?? bootLimitsMs[prepared.image.kind];
    return { ok: true, value: supervise(start, machine, cgroup, limitMs) };
  } catch (error) {
    if (disksAreOurs) closeDisks(disks);
    if (machine === null) release();
    // Not recorded: it still waits at the gate, and must not pass.
    if (machine !== null) signal(-machine.pid, "SIGKILL");
    if (cgroup !== null) await removeDirectories(cgroup.directories);
    return { ok: false, error: messageOf(error) };
  }
}

function supervise(
  start: DriverStart,
  machine: Machine,
  cgroup: Cgroup | null,
  bootLimitMs: number,
): RunningAttempt {
  const logs = {
    stdout: createLogWriter(start.directory, "stdout", start.logBytesMax),
    stderr: createLogWriter(start.directory, "stderr", start.logBytesMax),
  };
  const copied = Promise.all([
    copyOutput(machine.stdout, logs.stdout),
    copyOutput(machine.stderr, logs.stderr),
  ]);
  const sampler = cgroup === null ? sampleUsage(machine.pid) : null;
  const stopper = createStopper(machine);
  let state: "booting" | "ready" | "late" = "booting";
  let bootLimit: NodeJS.Timeout;
  const limitBoot = (): void => {
    bootLimit = setTimeout(() => {
      // A machine that was held has not had its time.
      if (stopper.wasPaused()) return limitBoot();
      state = "late";
      machine.quit();
    }, bootLimitMs);
  };
  limitBoot();
  void machine.ready.then(() => {
    clearTimeout(bootLimit);
    state = "ready";
    stopper.ready();
    // The guest has its copy of it, or QEMU has it open.
    removeBootFiles(bootDirectoryOf(start));
  });
  const startedAtMs = Date.now();
  machine.open();
  const data = moveData(start, machine, stopper.wasPaused);

  const ended = machine.ended.then(async (end): Promise<DriverEnd> => {
    clearTimeout(bootLimit);
    stopper.ended();
    await clearAttempt(machine.pid, start.directory, cgroup);
    await copied;
    const received = await data.received;
    const facts = {
      end: { ...end, word: wordOf(end, received) },
      state,
      killedBy: stopper.killedBy(),
      hostKills: cgroup?.outOfMemoryKills() ?? 0,
      lastWords: machine.lastWords(),
    };
    const note = noteOf(facts);
    if (note !== null) await logs.stderr.append(Buffer.from(note));
    await closeLogs(logs);
    removeBootFiles(bootDirectoryOf(start));
    const usage = sampler?.stop() ?? {
      peakMemoryBytes: cgroup?.peakMemoryBytes() ?? null,
      cpuMs: cgroup?.cpuMs() ?? null,
    };
    // Not waited for: an empty group does no harm while it goes.
    if (cgroup !== null) void removeDirectories(cgroup.directories);
    const outcome = machineOutcome(facts);
    const outputsProblem = outputsProblemOf(outcome, received);
    return {
      outcome,
      usage,
      endedAtMs: end.atMs,
      stdoutBytes: logs.stdout.totalBytes(),
      stderrBytes: logs.stderr.totalBytes(),
      ...(outputsProblem !== null && { outputsProblem }),
    };
  });
  const { stop, pause, resume, isPaused } = stopper;
  return { pid: machine.pid, startedAtMs, ended, stop, pause, resume, isPaused };
}

const closeLogs = (logs: {
  readonly stdout: LogWriter;
  readonly stderr: LogWriter;
}): Promise<unknown> => Promise.all([logs.stdout.close(), logs.stderr.close()]);

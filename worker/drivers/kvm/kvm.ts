/**
 * The driver that runs a program in a virtual machine of its own. The machine has the task's memory
 * and as many cores as it asks for, rounded up; QEMU's own needs come on top of the memory.
 *
 * An attempt has started when its machine runs: booting belongs to it, for it holds the resources.
 */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KvmOptions, MachineNetwork } from "../../../core/drivers.js";
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
import { attemptArchive } from "./attempt-files.js";
import { defaultImageName, findImage, type MachineImage } from "./images.js";
import { type Machine, startMachine } from "./machine.js";
import { machineOutcome, noteOf } from "./outcome.js";

export interface KvmDriverOptions {
  readonly dataDirectory: string;
  readonly images: string;
  readonly qemu: string;
  readonly accelerator: Accelerator;
  /** The most that tasks may ask for. */
  readonly network: MachineNetwork;
  readonly bootLimitMs?: number;
}

export const mebibyte = 1024 ** 2;
/** The kernel needs so much before it can start anything. */
const memoryMiBMin = 96;
const memoryMiBDefault = 256;
/** QEMU's own: its code, its buffers, the cache of translated code under TCG. */
const overheadBytes = 192 * mebibyte;
const coresMax = 255;
/** Of QEMU's threads; a guest's processes are none of the host's. */
const processesMax = 1_024;
/** A host with far more guests than cores takes long to boot each. */
const bootLimitDefaultMs = 120_000;
/** A longer delay would overflow Node's timers and fire at once. */
const timerMsMax = 2 ** 31 - 1;

/** Distinct from the process driver's, which clears its own at the start. */
const groupsOf = (dataDirectory: string): CgroupManager | null =>
  createCgroupManager(`almanac-kvm-${digest(dataDirectory)}`);

export function createKvmDriver(options: KvmDriverOptions): Driver {
  const cgroups = groupsOf(options.dataDirectory);
  const swept = clearGroups(cgroups);
  return {
    name: "kvm",
    standing: () => ({
      kind: "available",
      facts: {
        name: "kvm",
        cpuLimit: cgroups?.cpuLimit ?? "not_enforced",
        memoryLimit: cgroups?.memoryLimit ?? "not_enforced",
      },
    }),
    labels: { "almanac.kvm": options.accelerator },
    start: (start) => startAttempt(options, cgroups, start),
    reap: (...left) => reapMachine(cgroups, ...left),
    async close() {
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

/** Where no machine runs: says why, and ends what an earlier supervisor ran. */
export function createAbsentKvmDriver(dataDirectory: string, reason: string): Driver {
  return {
    ...createKvmReaper(dataDirectory),
    standing: () => ({ kind: "unavailable", driver: { name: "kvm", reason } }),
    start: async () => no(reason),
    close: async () => undefined,
  };
}

async function reapMachine(
  cgroups: CgroupManager | null,
  ...[attempt, directory, identity]: Parameters<Driver["reap"]>
): Promise<void> {
  await reapProcess(cgroups, attemptDirectoryName(attempt), directory, identity);
  rmSync(initrdOf(directory), { force: true });
}

async function startAttempt(
  options: KvmDriverOptions,
  cgroups: CgroupManager | null,
  start: DriverStart,
): Promise<Result<RunningAttempt, string>> {
  let cgroup: Cgroup | null = null;
  let machine: Machine | null = null;
  try {
    const prepared = prepare(options, start);
    if (!prepared.ok) return prepared;
    const { memoryMiB } = prepared.value;
    cgroup =
      cgroups?.create(attemptDirectoryName(start.attempt), {
        cpuMillis: start.resources.cpuMillis,
        throttle: start.throttle,
        memoryBytes: memoryMiB * mebibyte + overheadBytes,
        processesMax,
      }) ?? null;
    await start.durable;
    machine = await startMachine({
      qemu: options.qemu,
      arguments: machineArguments({ ...prepared.value, accelerator: options.accelerator }),
      directory: start.directory,
      environment: {
        PATH: "/usr/local/bin:/usr/bin:/bin",
        [directoryVariable]: start.directory,
      },
      joinFiles: cgroup?.joinFiles ?? [],
      stdin: start.command.stdin,
    });
    start.identify({ pid: machine.pid, startTicks: readProcess(machine.pid)?.startTicks ?? 0 });
    const limitMs = options.bootLimitMs ?? bootLimitDefaultMs;
    return { ok: true, value: supervise(start, machine, cgroup, limitMs) };
  } catch (error) {
    // Not recorded: it still waits at the gate, and must not pass.
    if (machine !== null) signal(-machine.pid, "SIGKILL");
    if (cgroup !== null) await removeDirectories(cgroup.directories);
    return { ok: false, error: messageOf(error) };
  }
}

interface Prepared {
  readonly image: MachineImage;
  readonly initrd: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly network: MachineNetwork;
}

function prepare(options: KvmDriverOptions, start: DriverStart): Result<Prepared, string> {
  const asked = askedOf(start);
  if (start.devices.length > 0) return no("the kvm driver gives machines no devices");
  if (asked.network === "user" && options.network !== "user") {
    return no("kvm.network: user is not allowed on this worker (its worker.kvm.network is none)");
  }
  const { cpuMillis, memoryBytes } = start.resources;
  const cores = Math.max(1, Math.ceil(cpuMillis / 1000));
  if (cores > coresMax) return no(`a machine has at most ${coresMax} cores, not ${cores}`);
  const memoryMiB = memoryBytes === 0 ? memoryMiBDefault : Math.floor(memoryBytes / mebibyte);
  if (memoryMiB < memoryMiBMin) {
    return no(`resources.memory: a machine needs ${memoryMiBMin}Mi at least, not ${memoryMiB}Mi`);
  }
  const image = findImage(options.images, asked.image);
  if (!image.ok) return image;
  const files = attemptArchive(start, asked.network);
  if (!files.ok) return files;
  mkdirSync(start.directory, { recursive: true, mode: 0o700 });
  const initrd = initrdOf(start.directory);
  copyFileSync(image.value.initramfs, initrd);
  writeFileSync(initrd, files.value, { flag: "a", mode: 0o600 });
  return {
    ok: true,
    value: { image: image.value, initrd, cores, memoryMiB, network: asked.network },
  };
}

const initrdOf = (directory: string): string => join(directory, "initrd");

function askedOf({ command }: DriverStart): KvmOptions {
  if (command.options?.kind === "kvm") return command.options;
  return { kind: "kvm", image: defaultImageName, network: "none" };
}

function supervise(
  start: DriverStart,
  machine: Machine,
  cgroup: Cgroup | null,
  bootLimitMs: number,
): RunningAttempt {
  const initrd = initrdOf(start.directory);
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
  const bootLimit = setTimeout(() => {
    state = "late";
    machine.quit();
  }, bootLimitMs);
  void machine.ready.then(() => {
    clearTimeout(bootLimit);
    state = "ready";
    stopper.ready();
    // The guest has its copy of it.
    rmSync(initrd, { force: true });
  });
  const startedAtMs = Date.now();
  machine.open();

  const ended = machine.ended.then(async (end): Promise<DriverEnd> => {
    clearTimeout(bootLimit);
    stopper.ended();
    await clearAttempt(machine.pid, start.directory, cgroup);
    await copied;
    const facts = {
      end,
      state,
      killedBy: stopper.killedBy(),
      hostKills: cgroup?.outOfMemoryKills() ?? 0,
      lastWords: machine.lastWords(),
    };
    const note = noteOf(facts);
    if (note !== null) await logs.stderr.append(Buffer.from(note));
    await closeLogs(logs);
    rmSync(initrd, { force: true });
    const usage = sampler?.stop() ?? {
      peakMemoryBytes: cgroup?.peakMemoryBytes() ?? null,
      cpuMs: cgroup?.cpuMs() ?? null,
    };
    // Not waited for: an empty group does no harm while it goes.
    if (cgroup !== null) void removeDirectories(cgroup.directories);
    return {
      outcome: machineOutcome(facts),
      usage,
      endedAtMs: end.atMs,
      stdoutBytes: logs.stdout.totalBytes(),
      stderrBytes: logs.stderr.totalBytes(),
    };
  });
  return { pid: machine.pid, startedAtMs, ended, stop: stopper.stop };
}

const closeLogs = (logs: {
  readonly stdout: LogWriter;
  readonly stderr: LogWriter;
}): Promise<unknown> => Promise.all([logs.stdout.close(), logs.stderr.close()]);

interface Stopper {
  stop(graceMs: number): void;
  ready(): void;
  ended(): void;
  /** The signal that stands for how we ended the machine; null: we did not. */
  killedBy(): "SIGTERM" | "SIGKILL" | null;
}

/** The guest is asked first; a guest that is still booting has no program that could use the grace. */
function createStopper(machine: Machine): Stopper {
  let isReady = false;
  let done = false;
  let timer: NodeJS.Timeout | null = null;
  let killAtMs = Number.POSITIVE_INFINITY;
  let killedBy: "SIGTERM" | "SIGKILL" | null = null;
  const end = (by: "SIGTERM" | "SIGKILL"): void => {
    killedBy ??= by;
    machine.quit();
  };
  return {
    stop(graceMs) {
      if (done) return;
      if (!isReady) return end("SIGTERM");
      if (killAtMs === Number.POSITIVE_INFINITY) machine.terminate();
      const at = performance.now() + graceMs;
      if (at >= killAtMs) return;
      killAtMs = at;
      if (timer !== null) clearTimeout(timer);
      timer = setTimeout(() => end("SIGKILL"), Math.min(graceMs, timerMsMax));
    },
    ready() {
      isReady = true;
    },
    ended() {
      done = true;
      if (timer !== null) clearTimeout(timer);
    },
    killedBy: () => killedBy,
  };
}

const no = (message: string): { readonly ok: false; readonly error: string } => ({
  ok: false,
  error: message,
});

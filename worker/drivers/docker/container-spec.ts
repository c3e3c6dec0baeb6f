/** A container as the daemon is to make it: closed but for what the task asked and the policy allowed. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import type { DockerOptions, Mount } from "../../../core/drivers.js";
import { jobOfTask, taskOfAttempt } from "../../../core/ids.js";
import { unreachable } from "../../../core/result.js";
import type { DriverStart } from "../../driver.js";
import { attemptDirectoryName } from "../../ipc/paths.js";
import { secretFilesIn } from "../../secrets/places.js";
import {
  attemptEnvironment,
  directoryVariable,
  scriptArgumentBytesMax,
  secretsEnvironment,
} from "../process/environment.js";
import { fail, type Outcome, ok } from "./outcome.js";
import { containerDirectory, type DockerPolicy } from "./policy.js";

/** Names this worker's containers, and stays in the environment of whatever runs in one. */
export const containerVariable = "ALMANAC_CONTAINER";
export const ownerLabel = "almanac.owner";
const nobody = "65534:65534";
const workDirectory = `${containerDirectory}/work`;
const scriptPath = `${containerDirectory}/script`;
const secretsDirectory = `${containerDirectory}/secrets`;
const cpuPeriodUs = 100_000;
/** The kernel takes no smaller quota. */
const cpuQuotaUsMin = 1_000;
/** Docker takes no smaller limit. */
const memoryBytesMin = 6 * 1024 * 1024;
/** As for processes: when memory runs out, an attempt goes before the node's own services. */
const oomScoreAdjust = 500;

/**
 * What a container writes goes through a log of the daemon's, from which it can be read again after
 * the daemon was away. `local` keeps every byte, which `json-file` does not, and takes at most
 * twice this on the disk.
 */
const logConfig = {
  Type: "local",
  Config: { "max-size": "64m", "max-file": "2", compress: "false" },
};

/** Whom staged files are given to; null: whoever runs there, where that cannot be told or done. */
export function ownerOf(user: string | null): { uid: number; gid: number } | null {
  const [, uid, gid] = /^(\d+)(?::(\d+))?$/.exec(user ?? nobody) ?? [];
  if (uid === undefined || process.getuid?.() !== 0) return null;
  return { uid: Number(uid), gid: Number(gid ?? uid) };
}

export const containerName = (owner: string, attempt: string): string =>
  `almanac-${owner}-${attemptDirectoryName(attempt)}`;

export interface ContainerRequest {
  readonly start: DriverStart;
  readonly options: DockerOptions;
  /** As the policy has resolved them. */
  readonly mounts: readonly Mount[];
  readonly policy: DockerPolicy;
  readonly owner: string;
}

/** Makes the attempt's directories as well. */
export function containerSpec(request: ContainerRequest): Outcome<Docker.ContainerCreateOptions> {
  const { start, options, owner } = request;
  const { command } = start;
  const directory = command.workingDirectory ?? workDirectory;
  const script = makeFiles(start);
  const [program, ...rest] = argumentsOf(start, script);
  if (program === undefined || program === "") return fail("program: the argument vector is empty");
  if ([program, ...rest].some((one) => one.includes("\0"))) {
    return fail("program: an argument holds a NUL byte");
  }
  const name = containerName(owner, start.attempt);
  const task = taskOfAttempt(start.attempt);
  return ok({
    name,
    Image: options.image,
    Entrypoint: [program],
    Cmd: rest,
    Env: environment(start, directory, name),
    WorkingDir: directory,
    User: options.user ?? nobody,
    OpenStdin: command.stdin !== null,
    StdinOnce: command.stdin !== null,
    AttachStdin: command.stdin !== null,
    Labels: {
      [ownerLabel]: owner,
      "almanac.worker": start.worker,
      "almanac.job": jobOfTask(task),
      "almanac.task": task,
      "almanac.attempt": start.attempt,
    },
    HostConfig: hostConfig(request, script),
  });
}

function hostConfig(
  { start, options, mounts, policy }: ContainerRequest,
  script: string | null,
): Docker.HostConfig {
  const own = [{ source: join(start.directory, "work"), target: workDirectory, writable: true }];
  if (script !== null) own.push({ source: script, target: scriptPath, writable: false });
  if (start.secrets?.hasFiles === true) {
    const source = secretFilesIn(start.secrets.directory);
    own.push({ source, target: secretsDirectory, writable: false });
  }
  return {
    ...limits(start),
    ...devices(start, policy),
    PidsLimit: options.processesMax ?? policy.processes,
    OomScoreAdj: oomScoreAdjust,
    NetworkMode: options.network,
    ReadonlyRootfs: !options.writableRoot,
    CapDrop: ["ALL"],
    CapAdd: [...options.capabilities],
    SecurityOpt: options.newPrivileges ? [] : ["no-new-privileges"],
    IpcMode: "private",
    Privileged: false,
    // A first process that passes signals on: the kernel keeps most of them from the first itself.
    Init: true,
    RestartPolicy: { Name: "no" },
    LogConfig: logConfig,
    Mounts: [...own, ...mounts].map(({ source, target, writable }) => ({
      Type: "bind",
      Source: source,
      Target: target,
      ReadOnly: !writable,
      BindOptions: { Propagation: "rprivate" },
    })),
    Tmpfs: Object.fromEntries(
      options.tmpfs.map(({ target, bytes }) => [target, `rw,nosuid,nodev,size=${bytes},mode=1777`]),
    ),
  };
}

/** By UUID or index, as the worker lists them. Without any, NVIDIA_VISIBLE_DEVICES says `void`. */
function devices({ devices: granted }: DriverStart, { gpus }: DockerPolicy): Docker.HostConfig {
  if (granted.length === 0) return {};
  if (gpus === "runtime") return { Runtime: "nvidia" };
  const request = { Driver: "nvidia", DeviceIDs: [...granted], Capabilities: [["gpu"]] };
  return { DeviceRequests: [request] };
}

function limits({ resources, throttle }: DriverStart): Docker.HostConfig {
  const cores = (resources.cpuMillis / 1_000) * (throttle ?? 1);
  const memory = resources.memoryBytes === 0 ? 0 : Math.max(resources.memoryBytes, memoryBytesMin);
  return {
    // Not NanoCpus, which refuses more than the host's cores.
    ...(cores > 0 && {
      CpuPeriod: cpuPeriodUs,
      CpuQuota: Math.max(cpuQuotaUsMin, Math.round(cores * cpuPeriodUs)),
    }),
    // Without the second, as much swap again would be allowed.
    ...(memory > 0 && { Memory: memory, MemorySwap: memory }),
  };
}

/**
 * The working directory, open to whoever the container runs as: on the node the worker's data
 * directory above it is closed to everybody else. Returns the file of a script too long to be an
 * argument.
 */
function makeFiles({ directory, command }: DriverStart): string | null {
  const work = join(directory, "work");
  mkdirSync(work, { recursive: true, mode: 0o700 });
  chmodSync(work, 0o777);
  const { program } = command;
  if (program.kind !== "script") return null;
  if (Buffer.byteLength(program.script) <= scriptArgumentBytesMax) return null;
  const path = join(directory, "script");
  writeFileSync(path, program.script, { mode: 0o644 });
  return path;
}

function argumentsOf({ command: { program } }: DriverStart, script: string | null): string[] {
  switch (program.kind) {
    case "argv":
      return [...program.argv];
    case "script":
      return script === null
        ? [...program.shell, "-c", program.script]
        : [...program.shell, scriptPath];
    default:
      return unreachable(program);
  }
}

/** The image's own PATH holds; home and temporary files are where a read-only root allows writing. */
function environment(start: DriverStart, directory: string, name: string): string[] {
  const all: Record<string, string> = {
    HOME: workDirectory,
    LANG: "C.UTF-8",
    TMPDIR: workDirectory,
    ...start.command.env,
    PWD: directory,
    ...attemptEnvironment(start),
    [directoryVariable]: containerDirectory,
    ...secretsEnvironment(start, secretsDirectory),
    [containerVariable]: name,
    // What the runtime puts into the container beside the devices: CUDA and nvidia-smi.
    ...(start.devices.length > 0 && { NVIDIA_DRIVER_CAPABILITIES: "compute,utility" }),
  };
  return Object.entries(all).map(([key, value]) => `${key}=${value}`);
}

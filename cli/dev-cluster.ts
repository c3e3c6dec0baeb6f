/**
 * A cluster on this machine: one master, one planner and some workers, each a process of its own,
 * as children of this one. Used by `almanac dev`, by `npm start`, by tests and by benches.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { type Child, type Exit, startChild } from "./cluster/child.js";
import { untilConnected } from "./cluster/connected.js";
import { processesOf, waitUntilGone } from "./cluster/processes.js";
import { secretKeyVariable } from "./cluster/secret-keys.js";

export interface WorkerShape {
  readonly name: string;
  /** Cores offered: `2`, `0.5`. */
  readonly cpu?: string;
  /** `512Mi`. */
  readonly memory?: string;
  readonly speed?: number;
  /** Emulates a slower node by cutting the cpu quota of its attempts: 0 to 1. */
  readonly throttle?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly link?: string;
  readonly costPerHour?: number;
}

export interface ClusterOptions {
  /** `dist/cli/main.js`. */
  readonly entry: string;
  readonly dataDirectory: string;
  readonly workers: readonly WorkerShape[];
  /** `127.0.0.1:0`: any free port. */
  readonly listen?: string;
  /** null: no planner, the master's own greedy placement alone. */
  readonly planner?: { readonly listen?: string; readonly args?: readonly string[] } | null;
  readonly masterArgs?: readonly string[];
  readonly workerArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly readyTimeoutMs?: number;
  /** Told of every child that ends without having been asked to. */
  readonly onDeath?: (child: Child, exit: Exit) => void;
}

/** A process of the cluster that may be killed and started again under the same address. */
export interface Member {
  readonly name: string;
  readonly pid: () => number;
  readonly address: () => string;
  readonly logPath: string;
  readonly running: () => boolean;
  kill(signal?: NodeJS.Signals): Promise<Exit>;
  /** Starts it again, where it has ended, with the data it had. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface WorkerMember extends Member {
  readonly dataDirectory: string;
  /** As when the machine loses power: agent, supervisor and attempts, all by SIGKILL. */
  killNode(): Promise<void>;
}

export interface Cluster {
  readonly address: string;
  readonly dataDirectory: string;
  readonly master: Member;
  readonly planner: Member | null;
  readonly workers: readonly WorkerMember[];
  /** Workers first, so that the master hears how their attempts end. Leaves nothing running. */
  stop(): Promise<void>;
}

const loopback = "127.0.0.1:0";
const readyTimeoutDefaultMs = 30_000;

/** Resolves when every worker has registered; rejects, with nothing left running, where one cannot. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const started: Member[] = [];
  const workers: WorkerMember[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.stop()));
    for (const member of [...started].reverse()) await member.stop();
  };
  try {
    const planner = options.planner === null ? null : await startPlannerOf(options);
    if (planner !== null) started.push(planner);
    const master = await startMasterOf(options, planner);
    started.push(master);
    const starting = options.workers.map((shape) => startWorkerOf(options, shape, master));
    const results = await Promise.allSettled(starting);
    for (const result of results) if (result.status === "fulfilled") workers.push(result.value);
    for (const result of results) if (result.status === "rejected") throw result.reason;
    const names = options.workers.map(({ name }) => name);
    await untilConnected(master.address(), names, options.readyTimeoutMs ?? readyTimeoutDefaultMs);
    const { dataDirectory } = options;
    return { address: master.address(), dataDirectory, master, planner, workers, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** All on this machine: nobody joins, whatever the settings say of other clusters. */
const plainText = ["--tls", "off"];

function startPlannerOf(options: ClusterOptions): Promise<Member> {
  const { listen = loopback, args = [] } = options.planner ?? {};
  return startMember(options, "planner", (address) => [
    "planner",
    ...["--listen", address ?? listen],
    ...plainText,
    ...["--data-directory", join(options.dataDirectory, "planner")],
    ...args,
  ]);
}

function startMasterOf(options: ClusterOptions, planner: Member | null): Promise<Member> {
  return startMember(options, "master", (address) => [
    "master",
    ...["--listen", address ?? options.listen ?? loopback],
    ...plainText,
    ...["--data-directory", join(options.dataDirectory, "master")],
    ...["--planner", planner === null ? "off" : planner.address()],
    ...(options.masterArgs ?? []),
  ]);
}

async function startWorkerOf(
  options: ClusterOptions,
  shape: WorkerShape,
  master: Member,
): Promise<WorkerMember> {
  const dataDirectory = join(options.dataDirectory, `worker-${shape.name}`);
  const member = await startMember(options, `worker-${shape.name}`, () => [
    "worker",
    ...["--name", shape.name, "--master", master.address(), "--data-directory", dataDirectory],
    ...shapeArguments(shape),
    ...(options.workerArgs ?? []),
  ]);
  const killNode = async (): Promise<void> => {
    // What they are is read before the first dies: orphans cannot be found by their parents.
    const processes = processesOf(dataDirectory);
    const ended = member.kill("SIGKILL");
    for (const pid of processes) killQuietly(pid);
    await ended;
    await waitUntilGone(processes);
  };
  return {
    ...member,
    dataDirectory,
    killNode,
    async stop() {
      await member.stop();
      // An agent that was killed has left its supervisor, as it should; here all must go.
      const left = processesOf(dataDirectory);
      for (const pid of left) killQuietly(pid);
      await waitUntilGone(left);
    },
  };
}

/** Several machines stand on one here, so what they offer together may be more than it has. */
function shapeArguments(shape: WorkerShape): string[] {
  const { cpu, memory, speed, throttle, labels = {}, link, costPerHour } = shape;
  return [
    "--overcommit",
    ...(cpu === undefined ? [] : ["--cpu", cpu]),
    ...(memory === undefined ? [] : ["--memory", memory]),
    ...(speed === undefined ? [] : ["--speed", String(speed)]),
    ...(throttle === undefined ? [] : ["--throttle", String(throttle)]),
    ...(Object.keys(labels).length === 0 ? [] : ["--labels", JSON.stringify(labels)]),
    ...(link === undefined ? [] : ["--link", link]),
    ...(costPerHour === undefined ? [] : ["--cost-per-hour", String(costPerHour)]),
  ];
}

/** `args` is given the address to take again, null the first time. */
async function startMember(
  options: ClusterOptions,
  name: string,
  args: (address: string | null) => readonly string[],
): Promise<Member> {
  const logPath = join(options.dataDirectory, "logs", `${name}.log`);
  const launch = async (address: string | null): Promise<Child> => {
    const child = await startChild({
      name: name.replace("-", " "),
      entry: options.entry,
      args: args(address),
      env: environmentOf(options, name),
      logPath,
      readyTimeoutMs: options.readyTimeoutMs ?? readyTimeoutDefaultMs,
    });
    void child.exited.then((exit) => {
      if (!child.stopping()) options.onDeath?.(child, exit);
    });
    return child;
  };
  let child = await launch(null);
  return {
    name,
    logPath,
    pid: () => child.pid,
    address: () => child.ready.address,
    running: () => child.exit() === null,
    kill: (signal = "SIGKILL") => child.kill(signal),
    async restart() {
      if (child.exit() === null) await child.stop();
      child = await launch(child.ready.address);
    },
    async stop() {
      if (child.exit() === null) await child.stop();
    },
  };
}

/** The keys of secrets are the master's alone. */
const environmentOf = ({ env }: ClusterOptions, name: string) => ({
  ...process.env,
  ALMANAC_CONFIG: undefined,
  ...env,
  ...(name === "master" ? {} : { [secretKeyVariable]: undefined }),
});

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // gone already
  }
}

/** A directory name for the data of one cluster, so that two never share one. */
export const clusterDirectoryName = (): string =>
  `${new Date().toISOString().replace(/[-:]/g, "").slice(0, 15)}-${randomUUID().slice(0, 4)}`;

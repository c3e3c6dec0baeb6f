/** The driver that runs a program in a container of this host's Docker daemon. */
import type Docker from "dockerode";
import type { AttemptId } from "../../../core/ids.js";
import type { Driver } from "../../driver.js";
import { digest } from "../../ipc/paths.js";
import { messageOf, type WorkerLog } from "../../log.js";
import { startContainer } from "./container.js";
import type { ContainerContext } from "./container-end.js";
import { containerName, ownerLabel } from "./container-spec.js";
import { connectDaemon, type Daemon } from "./daemon.js";
import type { DockerPolicy } from "./policy.js";
import { killContainerProcesses, removeContainer } from "./removal.js";
import { takeUpContainer } from "./take-up.js";

export interface DockerDriverOptions {
  readonly dataDirectory: string;
  readonly policy: DockerPolicy;
  readonly log: WorkerLog;
  /** The daemon has gone or come back. */
  readonly onChange: () => void;
  /** Attempts of an earlier supervisor, which the driver will be asked to take up or to reap. */
  readonly left?: readonly AttemptId[];
  readonly probeEveryMs?: number;
}

/** A supervisor that starts waits this long for a daemon that is to remove what was left. */
const reapDeadlineMs = 5_000;
const closeDeadlineMs = 5_000;

/** Resolves at once where there is no daemon: it may come later. */
export async function createDockerDriver(options: DockerDriverOptions): Promise<Driver> {
  const { policy, log, onChange, probeEveryMs } = options;
  const owner = digest(options.dataDirectory);
  // Known before the daemon is looked for: then what belongs to no attempt is removed.
  const live = new Set((options.left ?? []).map((attempt) => containerName(owner, attempt)));
  const removals = new Set<Promise<void>>();

  function track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => log.warn({ error: messageOf(error) }, "cannot remove containers"))
      .finally(() => removals.delete(tracked));
    removals.add(tracked);
  }

  const daemon = await connectDaemon({
    socket: policy.socket,
    log,
    onChange,
    onBack: (docker) => track(sweep(docker, owner, live)),
    ...(probeEveryMs !== undefined && { probeEveryMs }),
  });
  const context: ContainerContext = { daemon, policy, owner, live, track };
  return {
    name: "docker",
    standing: daemon.standing,
    start: (start) => startContainer(context, start),
    takeUp: (left) => takeUpContainer(context, left),
    async reap(attempt) {
      const name = containerName(owner, attempt);
      await reap(daemon, name, log);
      live.delete(name);
    },
    async close() {
      const deadline = new Promise((resolve) => setTimeout(resolve, closeDeadlineMs).unref());
      await Promise.race([Promise.all(removals), deadline]);
      daemon.close();
    },
  };
}

/** For a supervisor that runs no containers, but may come after one that did. */
export function createDockerReaper(dataDirectory: string): Pick<Driver, "name" | "reap"> {
  const owner = digest(dataDirectory);
  return {
    name: "docker",
    reap: (attempt) => killContainerProcesses(containerName(owner, attempt)),
  };
}

/** Removes what an earlier supervisor, or an outage of the daemon, has left of this worker. */
async function sweep(docker: Docker, owner: string, live: ReadonlySet<string>): Promise<void> {
  const filters = { label: [`${ownerLabel}=${owner}`] };
  const found: Promise<Docker.ContainerInfo[]> = docker.listContainers({ all: true, filters });
  for (const { Id, Names } of await found) {
    if (!Names.some((name) => live.has(name.slice(1)))) await removeContainer(docker, Id);
  }
}

/**
 * By name, which is known even where the earlier supervisor died before it had an id. Without the
 * daemon its processes are killed, and the container is swept when the daemon is back.
 */
async function reap(daemon: Daemon, name: string, log: WorkerLog): Promise<void> {
  try {
    const options = { deadlineMs: reapDeadlineMs };
    await daemon.call((docker) => removeContainer(docker, name), options);
  } catch (error) {
    log.warn({ name, error: messageOf(error) }, "no daemon to remove a container, killing it");
    await killContainerProcesses(name);
  }
}

/** Ends and removes a container, whatever state it is in. */
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { freezerOfProcess } from "../process/freezer-of-process.js";
import { processesWithEnvironment, signal } from "../process/proc.js";
import { containerVariable } from "./container-spec.js";
import { statusOf } from "./daemon.js";

const goneDeadlineMs = 10_000;
const killDeadlineMs = 5_000;
const pollMs = 25;

/** Returns when the daemon knows it no more. */
export async function removeContainer(docker: Docker, nameOrId: string): Promise<void> {
  const deadline = performance.now() + goneDeadlineMs;
  for (;;) {
    try {
      const removed: Promise<unknown> = docker
        .getContainer(nameOrId)
        .remove({ force: true, v: true });
      await removed;
    } catch (error) {
      if (statusOf(error) === 404) return;
      // 409: it is being removed already.
      if (statusOf(error) !== 409 || performance.now() > deadline) throw error;
      await sleep(pollMs);
    }
  }
}

/**
 * For when the daemon is away: containers may outlive it. They are told by the environment that
 * they were started with; with its first process the kernel ends all of a container.
 */
export async function killContainerProcesses(name: string): Promise<void> {
  const deadline = performance.now() + killDeadlineMs;
  for (;;) {
    const pids = processesWithEnvironment(`${containerVariable}=${name}`);
    if (pids.length === 0 || performance.now() > deadline) return;
    for (const pid of pids) signal(pid, "SIGKILL");
    // A paused one dies only then.
    for (const pid of pids) freezerOfProcess(pid)?.thaw();
    await sleep(pollMs);
  }
}

/** A container that runs, until its end: its output, its outcome, and that nothing stays of it. */
import { constants } from "node:os";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { DriverEnd } from "../../driver.js";
import { copyLogs } from "./container-logs.js";
import { type Daemon, statusOf } from "./daemon.js";
import { executionFailure } from "./failure-words.js";
import type { LogProgress } from "./log-progress.js";
import type { DockerPolicy } from "./policy.js";
import { removeContainer } from "./removal.js";
import type { Stopper } from "./stopper.js";
import type { ContainerUsage } from "./usage.js";

export interface ContainerContext {
  readonly daemon: Daemon;
  readonly policy: DockerPolicy;
  /** Tells this worker's containers from those of others. */
  readonly owner: string;
  /** Names of the containers that are in use, which nobody else may remove. */
  readonly live: Set<string>;
  /** For what goes on after an attempt's end. */
  readonly track: (work: Promise<void>) => void;
}

const inspectRetryMs = 100;
/** Exit codes above it are signals. Docker does not tell them from a program's own codes. */
const signalBase = 128;

/** Not waited for: nobody needs it any more. */
export function discard({ daemon, live, track }: ContainerContext, name: string): void {
  const removed = daemon.call((docker) => removeContainer(docker, name));
  track(removed.finally(() => live.delete(name)));
}

interface RunningContainer {
  readonly id: string;
  readonly usage: ContainerUsage;
}

/** Of a container that has been started, by this supervisor or by one before it. */
export async function supervise(
  context: ContainerContext,
  name: string,
  { id, usage }: RunningContainer,
  stopper: Stopper,
  progress: LogProgress,
): Promise<DriverEnd> {
  const { daemon } = context;
  const { logs } = progress;
  const copy = copyLogs(daemon, id, progress);
  const state = await untilExited(daemon, id);
  stopper.ended();
  const used = usage.stop();
  await copy.finish();
  await Promise.all([logs.stdout.close(), logs.stderr.close()]);
  discard(context, name);
  return {
    outcome: outcomeOf(state, copy.stderrTail()),
    usage: used,
    endedAtMs: endOf(state),
    stdoutBytes: logs.stdout.totalBytes(),
    stderrBytes: logs.stderr.totalBytes(),
  };
}

type State = Docker.ContainerInspectInfo["State"];

/**
 * Waits from after the start, not from before it (`next-exit`): then no answer can be missed, and the
 * same question is right after an outage. The answer itself is not looked at, only the state after
 * it. null: somebody has removed the container.
 */
async function untilExited(daemon: Daemon, id: string): Promise<State | null> {
  for (;;) {
    try {
      await daemon.call((docker) => notRunning(docker, id), { long: true });
      const { State } = await daemon.call((docker) => docker.getContainer(id).inspect());
      if (!State.Running && !State.Restarting && !State.Paused) return State;
    } catch (error) {
      if (statusOf(error) === 404) return null;
      if (statusOf(error) === null) throw error;
    }
    await sleep(inspectRetryMs);
  }
}

/**
 * As a stream, because dockerode's own `wait` never settles if the daemon dies after it has begun to
 * answer.
 */
function notRunning(docker: Docker, id: string): Promise<void> {
  const request = {
    path: `/containers/${id}/wait?condition=not-running`,
    method: "POST",
    isStream: true,
    statusCodes: { 200: true, 404: "no such container", 500: "server error" },
  };
  return new Promise((resolve, reject) => {
    docker.modem.dial(request, (error: unknown, answer: unknown) => {
      if (!(answer instanceof Readable)) return reject(error);
      answer.resume();
      answer.once("error", reject);
      answer.once("end", resolve);
      answer.once("close", () => reject(new Error("the daemon has gone")));
    });
  });
}

function outcomeOf(state: State | null, stderrTail: string): DriverEnd["outcome"] {
  // Removing a running container kills it.
  if (state === null) return { kind: "signalled", signal: "SIGKILL" };
  const { ExitCode: exitCode } = state;
  const failure = executionFailure(exitCode, stderrTail);
  if (failure !== null) return { kind: "not_started", message: failure };
  // A program that goes on to success although a child of it was killed has coped with it.
  if (state.OOMKilled && exitCode !== 0) return { kind: "out_of_memory" };
  const signal = signalNames.get(exitCode - signalBase);
  return signal === undefined ? { kind: "exited", exitCode } : { kind: "signalled", signal };
}

const signalNames = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name]),
);

/** By the daemon's clock, which is ours. */
function endOf(state: State | null): number {
  const atMs = Date.parse(state?.FinishedAt ?? "");
  return Number.isFinite(atMs) && atMs > 0 ? atMs : Date.now();
}

/** One attempt as a container, from its image to its end. */
import { constants } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Result } from "../../../core/result.js";
import { giveTree } from "../../data/stage.js";
import type { DriverEnd, DriverStart, RunningAttempt } from "../../driver.js";
import { createLogWriter } from "../../logs/segments.js";
import { copyLogs, type LogWriters } from "./container-logs.js";
import { type ContainerRequest, containerName, containerSpec, ownerOf } from "./container-spec.js";
import { type Daemon, statusOf } from "./daemon.js";
import { executionFailure, failureWords } from "./failure-words.js";
import { ensureImage } from "./images.js";
import { fail, type Outcome, ok } from "./outcome.js";
import { applyPolicy, type DockerPolicy } from "./policy.js";
import { removeContainer } from "./removal.js";
import { createStopper, type Stopper } from "./stopper.js";
import { type ContainerUsage, sampleContainer } from "./usage.js";

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

/**
 * The supervisor's state waits for every launch to settle, so an attempt whose image takes longer
 * than this to come counts as started without a process.
 */
const settledWithinMs = 3_000;
/** A launch waits so long for a daemon that is away. */
const daemonDeadlineMs = 60_000;
const inspectRetryMs = 100;
/** Exit codes above it are signals. Docker does not tell them from a program's own codes. */
const signalBase = 128;

interface Started {
  readonly id: string;
  readonly pid: number;
  readonly atMs: number;
  readonly usage: ContainerUsage;
}

export async function startContainer(
  context: ContainerContext,
  start: DriverStart,
): Promise<Result<RunningAttempt, string>> {
  const { options } = start.command;
  if (options?.kind !== "docker") return fail("docker.image: the task names no image");
  const mounts = applyPolicy(options, context.policy);
  if (!mounts.ok) return mounts;
  const { policy, owner, daemon, live } = context;
  const request: ContainerRequest = { start, options, mounts: mounts.value, policy, owner };
  const name = containerName(owner, start.attempt);
  const stopper = createStopper(daemon, name);
  live.add(name);
  const prepared = prepare(context, request, stopper).then((result) => {
    if (!result.ok) discard(context, name);
    return result;
  });
  const settled = await Promise.race([prepared, sleep(settledWithinMs, null, { ref: false })]);
  if (settled !== null && !settled.ok) return settled;
  const startedAtMs = settled?.value.atMs ?? Date.now();
  const ended = prepared.then((result) =>
    result.ok ? supervise(context, start, result.value, stopper) : notStarted(result.error),
  );
  return ok({ pid: settled?.value.pid ?? 0, startedAtMs, ended, stop: stopper.stop });
}

/** Not waited for: nobody needs it any more. */
function discard({ daemon, live, track }: ContainerContext, name: string): void {
  const removed = daemon.call((docker) => removeContainer(docker, name));
  track(removed.finally(() => live.delete(name)));
}

/** An error is in words for the user; nothing runs then. */
async function prepare(
  context: ContainerContext,
  request: ContainerRequest,
  stopper: Stopper,
): Promise<Outcome<Started>> {
  const { daemon, policy } = context;
  const { start, options } = request;
  const { signal } = stopper;
  try {
    const spec = containerSpec(request);
    if (!spec.ok) return spec;
    if (start.staged === true) await giveTree(join(start.directory, "work"), ownerOf(options.user));
    const limits = { deadlineMs: daemonDeadlineMs, signal };
    await unlessStopped(
      daemon.call((docker) => docker.ping(), limits),
      signal,
    );
    const image = await unlessStopped(ensureImage(daemon, options, policy, signal), signal);
    if (!image.ok) return image;
    const created = daemon.call((docker) => createContainer(docker, spec.value), limits);
    const id = await unlessStopped(created, signal).catch((error: unknown) => {
      // Stopped while it was being made: it is there afterwards all the same.
      const name = containerName(context.owner, start.attempt);
      created.then(() => discard(context, name)).catch(() => undefined);
      throw error;
    });
    const stdin = await openStdin(daemon, id, start);
    await start.durable;
    signal.throwIfAborted();
    start.identify({ container: id });
    await daemon.call((docker) => startOnce(docker, id), { deadlineMs: daemonDeadlineMs });
    stopper.started();
    stdin?.end(start.command.stdin ?? "");
    const { State } = await daemon.call((docker) => docker.getContainer(id).inspect());
    const usage = sampleContainer(State.Pid);
    return ok({ id, pid: State.Pid, atMs: Date.now(), usage });
  } catch (error) {
    stopper.ended();
    return fail(failureWords(error, options));
  }
}

/** A daemon that hangs must not keep a stopped attempt. */
function unlessStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}

/** A name that is taken is ours: made by a call whose answer was lost, or left by a supervisor. */
async function createContainer(
  docker: Docker,
  spec: Docker.ContainerCreateOptions,
): Promise<string> {
  try {
    return (await docker.createContainer(spec)).id;
  } catch (error) {
    if (statusOf(error) !== 409 || spec.name === undefined) throw error;
    await removeContainer(docker, spec.name);
    return (await docker.createContainer(spec)).id;
  }
}

/**
 * Standard input lives in the daemon's memory: what the program has not read when the daemon dies is
 * lost to it, and it sees the end.
 */
async function openStdin(
  daemon: Daemon,
  id: string,
  start: DriverStart,
): Promise<NodeJS.ReadWriteStream | null> {
  if (start.command.stdin === null) return null;
  const options = { stream: true, stdin: true, hijack: true };
  const stream = await daemon.call((docker) => docker.getContainer(id).attach(options));
  stream.on("error", () => undefined);
  stream.resume();
  return stream;
}

/** 304, which dockerode gives as an error: it runs already, by a call whose answer was lost. */
async function startOnce(docker: Docker, id: string): Promise<void> {
  try {
    await docker.getContainer(id).start();
  } catch (error) {
    if (statusOf(error) !== 304) throw error;
  }
}

async function supervise(
  context: ContainerContext,
  start: DriverStart,
  { id, usage }: Started,
  stopper: Stopper,
): Promise<DriverEnd> {
  const { daemon } = context;
  const logs: LogWriters = {
    stdout: createLogWriter(start.directory, "stdout", start.logBytesMax),
    stderr: createLogWriter(start.directory, "stderr", start.logBytesMax),
  };
  const copy = copyLogs(daemon, id, logs);
  const state = await untilExited(daemon, id);
  stopper.ended();
  const used = usage.stop();
  await copy.finish();
  await Promise.all([logs.stdout.close(), logs.stderr.close()]);
  discard(context, containerName(context.owner, start.attempt));
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

const notStarted = (message: string): DriverEnd => ({
  outcome: { kind: "not_started", message },
  usage: { peakMemoryBytes: null, cpuMs: null },
  endedAtMs: Date.now(),
  stdoutBytes: 0,
  stderrBytes: 0,
});

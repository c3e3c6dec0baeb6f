/** One attempt as a container, from its image to its start. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Result } from "../../../core/result.js";
import { giveTree } from "../../data/stage.js";
import type { DriverEnd, DriverStart, RunningAttempt } from "../../driver.js";
import { giveSecretFiles } from "../../secrets/places.js";
import { type ContainerContext, discard, supervise } from "./container-end.js";
import { type ContainerRequest, containerName, containerSpec, ownerOf } from "./container-spec.js";
import { type Daemon, statusOf } from "./daemon.js";
import { failureWords } from "./failure-words.js";
import { ensureImage } from "./images.js";
import { inputGiven, inputPending } from "./input-mark.js";
import { beginLogProgress } from "./log-progress.js";
import { fail, type Outcome, ok } from "./outcome.js";
import { applyPolicy } from "./policy.js";
import { removeContainer } from "./removal.js";
import { createStopper, type Stopper } from "./stopper.js";
import { type ContainerUsage, sampleContainer } from "./usage.js";

/**
 * The supervisor's state waits for every launch to settle, so an attempt whose image takes longer
 * than this to come counts as started without a process.
 */
const settledWithinMs = 3_000;
/** A launch waits so long for a daemon that is away. */
const daemonDeadlineMs = 60_000;

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
  if (start.devices.length > 0 && context.policy.gpus === "none") {
    return fail("resources.devices: containers get no GPUs here, worker.docker.gpus is none");
  }
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
    result.ok
      ? supervise(context, name, result.value, stopper, beginLogProgress(start))
      : notStarted(result.error),
  );
  const { stop, pause, resume, isPaused } = stopper;
  return ok({ pid: settled?.value.pid ?? 0, startedAtMs, ended, stop, pause, resume, isPaused });
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
    if (start.secrets?.hasFiles === true) {
      await giveSecretFiles(start.secrets.directory, ownerOf(options.user));
    }
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
    stdin?.end(start.command.stdin ?? "", () => inputGiven(start.directory));
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
  inputPending(start.directory);
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

const notStarted = (message: string): DriverEnd => ({
  outcome: { kind: "not_started", message },
  usage: { peakMemoryBytes: null, cpuMs: null },
  endedAtMs: Date.now(),
  stdoutBytes: 0,
  stderrBytes: 0,
});

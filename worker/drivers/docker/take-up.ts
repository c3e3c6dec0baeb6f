/**
 * A container that an earlier supervisor has started. The daemon kept it, its output and its exit
 * code; it is never started again.
 */
import type { DriverLeft, RunningAttempt } from "../../driver.js";
import { type ContainerContext, supervise } from "./container-end.js";
import { containerName } from "./container-spec.js";
import { statusOf } from "./daemon.js";
import { isInputPending } from "./input-mark.js";
import { resumeLogProgress } from "./log-progress.js";
import { createStopper } from "./stopper.js";
import { sampleContainer } from "./usage.js";

/** A supervisor's start waits no longer for a daemon that is away. */
const inspectDeadlineMs = 5_000;

/** What is known of it now; null for what only an absent daemon knows. */
interface Found {
  readonly id: string;
  readonly pid: number;
  readonly startedAtMs: number;
  readonly isPaused: boolean | null;
}

/** null: there is none that has been started, or it could not be given the rest of its input. */
export async function takeUpContainer(
  context: ContainerContext,
  left: DriverLeft,
): Promise<RunningAttempt | null> {
  if (isInputPending(left.directory)) return null;
  const found = await find(context, left);
  if (found === null) return null;
  const { daemon, owner, live } = context;
  const name = containerName(owner, left.attempt);
  live.add(name);
  const stopper = createStopper(daemon, name);
  stopper.started(found.isPaused);
  const progress = await resumeLogProgress(left);
  const container = { id: found.id, usage: sampleContainer(found.pid) };
  const ended = supervise(context, name, container, stopper, progress);
  const { stop, pause, resume, isPaused } = stopper;
  const { pid, startedAtMs } = found;
  return { pid, startedAtMs, ended, stop, pause, resume, isPaused };
}

/**
 * A container whose daemon is away may run all the same, and its end is known when the daemon is
 * back: it is taken up on the word of the earlier supervisor that it was started.
 */
async function find({ daemon, owner }: ContainerContext, left: DriverLeft): Promise<Found | null> {
  const { started, identity } = left;
  const id = String(identity.container);
  try {
    const name = containerName(owner, left.attempt);
    const inspected = await daemon.call((docker) => docker.getContainer(id).inspect(), {
      deadlineMs: inspectDeadlineMs,
    });
    const { State: state, Name: foundName } = inspected;
    if (foundName !== `/${name}` || state.Status === "created") return null;
    const startedAtMs = started?.startedAtMs ?? Date.parse(state.StartedAt);
    return { id, pid: state.Pid, startedAtMs, isPaused: state.Paused };
  } catch (error) {
    if (statusOf(error) !== null || started === null) return null;
    return { id, pid: started.pid, startedAtMs: started.startedAtMs, isPaused: null };
  }
}

/** Stops and holds a container. The stop: SIGTERM, then SIGKILL after the grace, whether the daemon is there or not. */
import type Docker from "dockerode";
import type { RunningAttempt } from "../../driver.js";
import { messageOf } from "../../log.js";
import type { Daemon } from "./daemon.js";
import { fail, type Outcome, ok } from "./outcome.js";
import { killContainerProcesses } from "./removal.js";

/** A longer delay would overflow Node's timers and fire at once. */
const timerMsMax = 2 ** 31 - 1;
/** A daemon that has not killed by then is away or hangs. */
const killByDaemonMs = 2_000;
const holdDeadlineMs = 10_000;
/** The daemon's words against a pause of what is paused, and a resumption of what is not. */
const isSoAlready = /already paused|is not paused/i;

export interface Stopper extends Pick<RunningAttempt, "pause" | "resume" | "isPaused"> {
  /** Aborted by the first stop before the container runs: it is not to run then. */
  readonly signal: AbortSignal;
  stop(graceMs: number): void;
  /** null: it may be paused or not. */
  started(isPaused?: boolean | null): void;
  ended(): void;
}

export function createStopper(daemon: Daemon, name: string): Stopper {
  const abort = new AbortController();
  const done = new AbortController();
  let running = false;
  let termSent = false;
  let timer: NodeJS.Timeout | null = null;
  let killAtMs = Number.POSITIVE_INFINITY;
  let paused = false;
  let mayBePaused = false;

  async function send(signal: string, deadlineMs?: number): Promise<void> {
    const limits = deadlineMs === undefined ? {} : { deadlineMs };
    const options = { signal: done.signal, ...limits };
    await daemon.call((docker) => docker.getContainer(name).kill({ signal }), options);
  }

  async function kill(): Promise<void> {
    // Not running any more is as good as killed.
    send("SIGKILL", killByDaemonMs).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, killByDaemonMs).unref());
    if (!done.signal.aborted) await killContainerProcesses(name);
  }

  async function setPaused(held: boolean): Promise<void> {
    const options = { signal: done.signal, deadlineMs: holdDeadlineMs };
    const change = async (docker: Docker): Promise<void> => {
      const container = docker.getContainer(name);
      await (held ? container.pause() : container.unpause());
    };
    await daemon.call(change, options).catch((error: unknown) => {
      if (!isSoAlready.test(messageOf(error))) throw error;
    });
  }

  async function hold(held: boolean): Promise<Outcome<null>> {
    if (!running) return fail("it has not started");
    if (done.signal.aborted || termSent) return fail("it is ending");
    mayBePaused ||= held;
    try {
      await setPaused(held);
      // A stop that came meanwhile must not wait for its grace in vain.
      if (termSent) await setPaused(false);
      paused = held && !termSent;
      return ok(null);
    } catch (error) {
      return fail(
        `the Docker daemon does not ${held ? "pause" : "resume"} it: ${messageOf(error)}`,
      );
    }
  }

  function arm(): void {
    if (!running || done.signal.aborted || killAtMs === Number.POSITIVE_INFINITY) return;
    if (!termSent) {
      termSent = true;
      const term = send("SIGTERM").catch(() => undefined);
      // What is held could not end on it.
      if (mayBePaused) void term.then(() => setPaused(false)).catch(() => undefined);
      paused = false;
    }
    if (timer !== null) clearTimeout(timer);
    const delayMs = Math.max(0, killAtMs - performance.now());
    timer = setTimeout(() => void kill(), Math.min(delayMs, timerMsMax));
  }

  return {
    signal: abort.signal,
    stop(graceMs) {
      if (done.signal.aborted) return;
      abort.abort(new Error("stopped before it ran"));
      const at = performance.now() + graceMs;
      if (at >= killAtMs) return;
      killAtMs = at;
      arm();
    },
    pause: () => hold(true),
    resume: () => hold(false),
    isPaused: () => paused,
    started(isPaused = false) {
      running = true;
      paused = isPaused === true;
      mayBePaused = isPaused !== false;
      arm();
    },
    ended() {
      if (timer !== null) clearTimeout(timer);
      done.abort();
    },
  };
}

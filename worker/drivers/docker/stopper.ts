/** Stops a container: SIGTERM, then SIGKILL after the grace, whether the daemon is there or not. */
import type { Daemon } from "./daemon.js";
import { killContainerProcesses } from "./removal.js";

/** A longer delay would overflow Node's timers and fire at once. */
const timerMsMax = 2 ** 31 - 1;
/** A daemon that has not killed by then is away or hangs. */
const killByDaemonMs = 2_000;

export interface Stopper {
  /** Aborted by the first stop before the container runs: it is not to run then. */
  readonly signal: AbortSignal;
  stop(graceMs: number): void;
  started(): void;
  ended(): void;
}

export function createStopper(daemon: Daemon, name: string): Stopper {
  const abort = new AbortController();
  const done = new AbortController();
  let running = false;
  let termSent = false;
  let timer: NodeJS.Timeout | null = null;
  let killAtMs = Number.POSITIVE_INFINITY;

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

  function arm(): void {
    if (!running || done.signal.aborted || killAtMs === Number.POSITIVE_INFINITY) return;
    if (!termSent) {
      termSent = true;
      send("SIGTERM").catch(() => undefined);
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
    started() {
      running = true;
      arm();
    },
    ended() {
      if (timer !== null) clearTimeout(timer);
      done.abort();
    },
  };
}

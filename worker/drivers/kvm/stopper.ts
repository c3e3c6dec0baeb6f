/** Stops and holds a machine. */
import type { Result } from "../../../core/result.js";
import type { RunningAttempt } from "../../driver.js";
import type { Machine } from "./machine.js";

interface MachineStopper extends Pick<RunningAttempt, "stop" | "pause" | "resume" | "isPaused"> {
  ready(): void;
  ended(): void;
  /** The signal that stands for how we ended the machine; null: we did not. */
  killedBy(): "SIGTERM" | "SIGKILL" | null;
  /** It is held, or was since this was last asked. */
  wasPaused(): boolean;
}

/** A longer delay would overflow Node's timers and fire at once. */
const timerMsMax = 2 ** 31 - 1;

/** The guest is asked first; a guest that is still booting has no program that could use the grace. */
export function createStopper(machine: Machine): MachineStopper {
  let isReady = false;
  let done = false;
  let timer: NodeJS.Timeout | null = null;
  let killAtMs = Number.POSITIVE_INFINITY;
  let killedBy: "SIGTERM" | "SIGKILL" | null = null;
  let paused = false;
  let pausedSince = false;

  const end = (by: "SIGTERM" | "SIGKILL"): void => {
    killedBy ??= by;
    machine.quit();
  };

  async function hold(held: boolean): Promise<Result<null, string>> {
    if (done || killAtMs !== Number.POSITIVE_INFINITY) return no("it is ending");
    pausedSince ||= held;
    const result = await machine.hold(held);
    if (!result.ok) return result;
    paused = held && killAtMs === Number.POSITIVE_INFINITY;
    return { ok: true, value: null };
  }

  return {
    stop(graceMs) {
      if (done) return;
      if (!isReady) return end("SIGTERM");
      if (killAtMs === Number.POSITIVE_INFINITY) {
        machine.terminate();
        // QEMU takes commands in order, so this comes behind a hold that has not been answered yet.
        paused = false;
        void machine.hold(false);
      }
      const at = performance.now() + graceMs;
      if (at >= killAtMs) return;
      killAtMs = at;
      if (timer !== null) clearTimeout(timer);
      timer = setTimeout(() => end("SIGKILL"), Math.min(graceMs, timerMsMax));
    },
    pause: () => hold(true),
    resume: () => hold(false),
    isPaused: () => paused,
    wasPaused() {
      const was = pausedSince;
      pausedSince = paused;
      return was;
    },
    ready() {
      isReady = true;
    },
    ended() {
      done = true;
      if (timer !== null) clearTimeout(timer);
    },
    killedBy: () => killedBy,
  };
}

const no = (error: string): { readonly ok: false; readonly error: string } => ({
  ok: false,
  error,
});

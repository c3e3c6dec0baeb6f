/**
 * Holding a program where it is. With a freezer that is every process of the attempt, unseen by
 * them; without one its process group is stopped, and what has left the group runs on.
 */
import type { RunningAttempt } from "../../driver.js";
import type { Cgroup } from "./cgroup.js";
import type { ProcessStopper } from "./ending.js";
import { signal } from "./proc.js";

type Pauser = Pick<RunningAttempt, "stop" | "pause" | "resume" | "isPaused">;

/** With the stop, because what is held could not end on its SIGTERM. */
export function createPauser(pid: number, cgroup: Cgroup | null, stopper: ProcessStopper): Pauser {
  const freezer = cgroup?.freezer ?? null;
  let paused = false;
  let stopping = false;

  function letGo(): void {
    paused = false;
    freezer?.thaw();
  }

  async function hold(): Promise<string | null> {
    if (stopping || stopper.isDone()) return "it is ending";
    const held = freezer === null ? signal(-pid, "SIGSTOP") : await freezer.freeze();
    if (!held) return "some of its processes would not stand still";
    paused = true;
    // It came while the freezer was waited for.
    if (stopping) letGo();
    return null;
  }

  return {
    stop(graceMs) {
      stopping = true;
      // Sends SIGCONT as well.
      stopper.stop(graceMs);
      letGo();
    },
    async pause() {
      const why = await hold();
      return why === null ? { ok: true, value: null } : { ok: false, error: why };
    },
    async resume() {
      if (!stopper.isDone() && freezer === null) signal(-pid, "SIGCONT");
      letGo();
      return { ok: true, value: null };
    },
    isPaused: () => paused,
  };
}

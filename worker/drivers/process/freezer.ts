/**
 * The freezers of control groups, which hold every process of a group between two instructions,
 * whatever it does about signals (kernel: admin-guide/cgroup-v1/freezer-subsystem, cgroup-v2).
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Freezer, readKey, readText } from "./cgroup.js";

/** A process in the middle of a system call that cannot be interrupted is waited for. */
const freezeDeadlineMs = 5_000;
const pollMs = 2;

export const freezerV1 = (directory: string): Freezer | null =>
  freezerOf(join(directory, "freezer.state"), "FROZEN", "THAWED", (path) =>
    readText(path).startsWith("FROZEN"),
  );

export const freezerV2 = (directory: string): Freezer | null =>
  freezerOf(
    join(directory, "cgroup.freeze"),
    "1",
    "0",
    () => readKey(join(directory, "cgroup.events"), "frozen") === 1,
  );

function freezerOf(
  path: string,
  frozen: string,
  thawed: string,
  isFrozen: (path: string) => boolean,
): Freezer | null {
  if (!existsSync(path)) return null;
  const write = (state: string): boolean => {
    try {
      writeFileSync(path, state);
      return true;
    } catch {
      // The group has gone, with all that was in it.
      return false;
    }
  };
  return {
    async freeze() {
      const deadline = performance.now() + freezeDeadlineMs;
      while (performance.now() < deadline) {
        // Again and again: version 1 gives up when a process forks meanwhile.
        if (!write(frozen)) return false;
        if (isFrozen(path)) return true;
        await sleep(pollMs);
      }
      write(thawed);
      return false;
    },
    thaw: () => void write(thawed),
  };
}

/**
 * Processes that a test run left behind. The run puts a mark of its own into its environment, which
 * whatever it starts inherits, detached or not; afterwards nobody may still carry it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export const markName = "ALMANAC_TEST_RUN";

/** The processes that carry a mark, as `{ pid, command }`; none where there is no /proc. */
export function processesWith(mark) {
  const needle = `${markName}=${mark}`;
  return pids().flatMap((pid) => {
    const environment = read(`/proc/${pid}/environ`);
    if (pid === process.pid || !environment.split("\0").includes(needle)) return [];
    return [{ pid, command: read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim() }];
  });
}

/** Those that are still there after a grace, which are then killed. */
export async function removeLeftovers(mark, graceMs = 3_000) {
  const deadline = Date.now() + graceMs;
  let left = processesWith(mark);
  while (left.length > 0 && Date.now() < deadline) {
    await sleep(100);
    left = processesWith(mark);
  }
  for (const { pid } of left) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself meanwhile.
    }
  }
  return left;
}

function pids() {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** Empty for a process that has ended, or that is somebody else's. */
function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

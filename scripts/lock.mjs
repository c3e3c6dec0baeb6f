/** A lock file, so that two set-ups of one checkout at once do not write over each other. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Runs `work` while holding the lock at `path`; waits for a holder that is alive. */
export async function withLock(path, work, { timeoutMs = 600_000, onWait = () => {} } = {}) {
  mkdirSync(dirname(path), { recursive: true });
  const deadline = Date.now() + timeoutMs;
  let waited = false;
  while (!tryLock(path)) {
    const holder = readHolder(path);
    if (holder !== null && !isAlive(holder)) {
      breakLock(path, holder);
      continue;
    }
    if (Date.now() > deadline) {
      throw new Error(`${path} is held by process ${holder ?? "?"} for too long; remove it`);
    }
    if (!waited) onWait(holder);
    waited = true;
    await sleep(100);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function tryLock(path) {
  // Written aside and linked into place, so that nobody ever reads a lock without its holder.
  const own = `${path}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

function readHolder(path) {
  try {
    const pid = Number(readFileSync(path, "utf8"));
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/**
 * Takes a dead holder's lock away. Another process may have done so and locked anew since we
 * looked: then what we moved aside is a living lock, and it goes back.
 */
function breakLock(path, deadHolder) {
  const aside = `${path}.broken.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (readHolder(aside) !== deadHolder) {
    try {
      linkSync(aside, path);
    } catch {
      // A third process locked it in between; both of them check the stamps before they work.
    }
  }
  rmSync(aside, { force: true });
}

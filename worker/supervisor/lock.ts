/**
 * One supervisor per data directory. The lock is a listening socket in Linux's abstract namespace:
 * the kernel releases it with the death of its holder, so no stale lock is ever taken for a live one
 * or the other way round, as happens to files with a pid in them.
 */
import { createServer } from "node:net";
import { supervisorLockName } from "../ipc/paths.js";
import { systemErrorCode } from "../log.js";

/** False: another supervisor holds the lock. */
export function lockSupervisor(dataDirectory: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once("error", (error) => {
      if (systemErrorCode(error) === "EADDRINUSE") resolve(false);
      else reject(error);
    });
    server.listen(supervisorLockName(dataDirectory), () => resolve(true));
  });
}

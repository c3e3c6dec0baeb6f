/** Lives seeds of a cluster with one planted bug, on several threads, until a life finds it. */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { buildPlanted } from "./build.mjs";

/** A life takes a second; one that does not end has found something too. */
const lifeLimitMs = 60_000;

/**
 * `{ name, seed, promise, what, lives, wallMs }`; `seed` is the lowest that found it among those that
 * were lived, null: none did. Throws where the bug cannot be planted.
 */
export async function hunt({ root, bug, directory, seeds, threads, scale, signal }) {
  const beganMs = performance.now();
  await buildPlanted(root, bug.changes, directory);
  const entry = join(directory, "life-thread.js");
  let next = 1;
  let lives = 0;
  let found = null;
  const crew = Array.from({ length: Math.min(threads, seeds) }, async () => {
    let thread = null;
    while (found === null && next <= seeds && !signal.aborted) {
      const seed = next;
      next += 1;
      thread ??= startThread(entry, scale);
      const violation = await firstViolation(thread, seed, signal);
      if (violation?.isFatal === true) {
        await thread.terminate();
        thread = null;
      }
      if (signal.aborted) break;
      lives += 1;
      if (violation !== null && (found === null || seed < found.seed))
        found = { seed, ...violation };
    }
    await thread?.terminate();
  });
  await Promise.all(crew);
  const { seed = null, promise = "", what = "" } = found ?? {};
  return { name: bug.name, seed, promise, what, lives, wallMs: performance.now() - beganMs };
}

function startThread(entry, scale) {
  const thread = new Worker(entry, { workerData: scale });
  // What a broken thread says later must not end this process.
  thread.on("error", () => undefined);
  return thread;
}

/** null: every promise was kept. */
function firstViolation(thread, seed, signal) {
  return new Promise((resolve) => {
    const done = (violation) => {
      clearTimeout(late);
      thread.off("message", heard);
      thread.off("error", broken);
      signal.removeEventListener("abort", stop);
      resolve(violation);
    };
    const stop = () => done(null);
    const heard = ({ violations }) => done(violations[0] ?? null);
    const fatal = (what) => done({ promise: "a life comes to its end", what, isFatal: true });
    const broken = (error) => fatal(error.message);
    const late = setTimeout(() => fatal(`none after ${lifeLimitMs / 1_000} s`), lifeLimitMs);
    signal.addEventListener("abort", stop);
    thread.on("error", broken);
    thread.on("message", heard);
    thread.postMessage({ seed });
  });
}

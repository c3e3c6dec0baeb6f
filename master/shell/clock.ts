import type { Clock } from "../../core/clock.js";

/**
 * Its wall clock never goes back and does not jump: it is the one at the start, carried on by the
 * monotonic one. A stepped system clock must not make workers look silent.
 */
export function masterClock(): Clock {
  const offsetMs = Date.now() - performance.now();
  return {
    nowMs: () => Math.round(offsetMs + performance.now()),
    monotonicMs: () => performance.now(),
    after(delayMs, action) {
      const timer = setTimeout(action, delayMs);
      return { clear: () => clearTimeout(timer) };
    },
    every(intervalMs, action) {
      const timer = setInterval(action, intervalMs);
      return { clear: () => clearInterval(timer) };
    },
    soon: setImmediate,
  };
}

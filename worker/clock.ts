import type { Clock, Timer } from "../core/clock.js";

/** Delays past 2^31 - 1 ms (24.8 days), at which Node's own timers would fire at once. */
const delayMsMax = 2 ** 31 - 1;

export const workerClock: Clock = {
  nowMs: Date.now,
  // CLOCK_MONOTONIC, which all processes of one boot share; `performance.now()` is each one's own.
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  after,
  every(intervalMs, action) {
    const timer = setInterval(action, intervalMs);
    return { clear: () => clearInterval(timer) };
  },
  soon: setImmediate,
};

function after(delayMs: number, action: () => void): Timer {
  let timer: NodeJS.Timeout;
  const arm = (leftMs: number): void => {
    if (leftMs <= delayMsMax) timer = setTimeout(action, leftMs);
    else timer = setTimeout(() => arm(leftMs - delayMsMax), delayMsMax);
  };
  arm(delayMs);
  return { clear: () => clearTimeout(timer) };
}

export const sleepOn = (clock: Clock, delayMs: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });

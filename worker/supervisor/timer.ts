/** Delays past 2^31 - 1 ms (24.8 days), at which Node's own timers would fire at once. */
const delayMsMax = 2 ** 31 - 1;

export interface LongTimer {
  clear(): void;
}

export function setLongTimeout(action: () => void, delayMs: number): LongTimer {
  let timer: NodeJS.Timeout;
  const arm = (leftMs: number): void => {
    if (leftMs <= delayMsMax) timer = setTimeout(action, leftMs);
    else timer = setTimeout(() => arm(leftMs - delayMsMax), delayMsMax);
  };
  arm(delayMs);
  return { clear: () => clearTimeout(timer) };
}

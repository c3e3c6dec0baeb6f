/** Exponential backoff with full jitter over its upper half, so that a cluster does not come back at once. */
export interface Backoff {
  nextMs(): number;
  reset(): void;
}

export function createBackoff(
  firstMs: number,
  maxMs: number,
  random: () => number = Math.random,
): Backoff {
  let delayMs = firstMs;
  return {
    nextMs() {
      const jittered = delayMs * (0.5 + random() / 2);
      delayMs = Math.min(maxMs, delayMs * 2);
      return jittered;
    },
    reset() {
      delayMs = firstMs;
    },
  };
}

/**
 * Wall-clock milliseconds that never go back and do not jump: the wall clock at start, carried on
 * by the monotonic one. A stepped system clock must not make workers look silent.
 */
export function monotonicClock(): () => number {
  const offsetMs = Date.now() - performance.now();
  return () => Math.round(offsetMs + performance.now());
}

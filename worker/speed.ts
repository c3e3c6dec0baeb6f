/**
 * A small loop of integer and floating-point work with a little memory traffic, in the cache. It
 * cannot be optimised away, for each step depends on the one before.
 */
const tableEntries = 4_096;
const batchIterations = 20_000;

/** Iterations per millisecond of cpu time, so that others at work do not make the core look slow. */
export function measureLoop(durationMs: number): number {
  const table = new Float64Array(tableEntries);
  let state = 0x9e3779b9;
  let sum = 0;
  let iterations = 0;
  const startedAt = process.cpuUsage();
  let elapsedMs = 0;
  do {
    for (let i = 0; i < batchIterations; i += 1) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      const index = state & (tableEntries - 1);
      const value = (table[index] as number) * 0.5 + (state >>> 8);
      table[index] = value;
      sum = (sum + Math.sqrt(value)) % 1e9;
    }
    iterations += batchIterations;
    const { user, system } = process.cpuUsage(startedAt);
    elapsedMs = (user + system) / 1_000;
  } while (elapsedMs < durationMs);
  return sum < 0 ? 0 : iterations / elapsedMs;
}

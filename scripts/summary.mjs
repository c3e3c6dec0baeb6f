/** The last line of every run, which people and machines read: how it is written and counted. */

export function summaryLine({ passed, failed, skipped }) {
  const line = `${passed} passed, ${failed} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}

/** The counts of the last non-empty line of an output, or null if that is not a summary. */
export function parseSummary(output) {
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  const match = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(last.trim());
  if (match === null) return null;
  return { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(match[3] ?? 0) };
}

/**
 * What a test run comes to: the counts that its reporter left (null if it left none), and its exit
 * code. A run that failed without a failed test, or ran nothing, counts as one failure.
 */
export function finalCounts(counts, exitCode) {
  if (counts === null) return { passed: 0, failed: 1, skipped: 0 };
  const ranNothing = counts.passed + counts.failed === 0;
  if (counts.failed === 0 && (exitCode !== 0 || ranNothing)) return { ...counts, failed: 1 };
  return counts;
}

/** The counts with one check more. */
export const addCheck = (counts, passed) => ({
  ...counts,
  passed: counts.passed + (passed ? 1 : 0),
  failed: counts.failed + (passed ? 0 : 1),
});

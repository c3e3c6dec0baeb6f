/** A vitest reporter that counts, and leaves the counts as JSON where `ALMANAC_TEST_COUNTS` says. */
import { writeFileSync } from "node:fs";

export default class CountingReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = countTests(modules);
    counts.failed += unhandledErrors.length;
    const path = process.env.ALMANAC_TEST_COUNTS;
    if (path !== undefined) writeFileSync(path, JSON.stringify(counts));
  }
}

/**
 * Each test counts once; so does each failure that belongs to no test: a file that cannot be
 * loaded, a hook that throws, a test that never came to run.
 */
export function countTests(modules) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const module of modules) {
    const failedBefore = counts.failed;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === "passed" || state === "skipped") counts[state] += 1;
      else counts.failed += 1;
    }
    if (module.state() === "failed" && counts.failed === failedBefore) counts.failed += 1;
  }
  return counts;
}

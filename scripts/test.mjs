/**
 * Runs the tests and ends with one plain line, `N passed, N failed` (`, N skipped` where there are
 * any). Arguments go to vitest: `npm test -- worker`. A run without a single test fails, and so does
 * one that leaves a process behind.
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { markName, removeLeftovers } from "./leftovers.mjs";
import { addCheck, finalCounts, summaryLine } from "./summary.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Runs vitest; resolves to its exit code, `null` if a signal ended it. */
function runVitest(args, countsPath, mark) {
  const command = [
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    "--reporter=default",
    `--reporter=${join(root, "scripts/test-reporter.mjs")}`,
    ...args,
  ];
  const env = { ...process.env, ALMANAC_TEST_COUNTS: countsPath, [markName]: mark };
  const child = spawn(process.execPath, command, { cwd: root, env, stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  return new Promise((done, failed) => {
    child.on("error", failed);
    child.on("close", (code) => done(code));
  });
}

function readCounts(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null; // vitest did not come to its end
  }
}

const folder = mkdtempSync(join(tmpdir(), "almanac-tests-"));
try {
  const countsPath = join(folder, "counts.json");
  const mark = randomUUID();
  const code = await runVitest(process.argv.slice(2), countsPath, mark);
  let counts = finalCounts(readCounts(countsPath), code);
  const left = await removeLeftovers(mark);
  for (const { pid, command } of left) console.log(`left running: process ${pid}, ${command}`);
  if (left.length > 0) counts = addCheck(counts, false);
  if (counts.passed + counts.skipped === 0) console.log("no test has passed");
  console.log(summaryLine(counts));
  process.exitCode = counts.failed === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/**
 * Everything that a reviewer would run: the tests, then format and lint, types, layers, purity,
 * protos and dead code. Each check counts as one beside the tests; all of them run, whatever fails,
 * and the last line says how it ended.
 *
 *   node scripts/check.mjs [--no-tests]
 */
import { spawn } from "node:child_process";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { addCheck, parseSummary, summaryLine } from "./summary.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Each is the name of a script in package.json, so that it can be run by itself. */
const checks = ["lint", "types", "layers", "pure", "proto:lint", "proto:breaking", "deadcode"];

/** Runs `npm run` with a script, its output passed on; resolves to exit code, output and time. */
function runScript(name) {
  const startedAtMs = Date.now();
  const stdio = ["ignore", "pipe", "pipe"];
  const child = spawn("npm", ["run", "--silent", name], { cwd: root, stdio });
  let tail = "";
  child.stdout.on("data", (chunk) => {
    process.stdout.write(chunk);
    tail = (tail + chunk).slice(-2_000);
  });
  child.stderr.on("data", (chunk) => process.stderr.write(chunk));
  return new Promise((done) => {
    const finish = (code) => done({ code, tail, seconds: (Date.now() - startedAtMs) / 1_000 });
    child.on("error", (error) => {
      console.error(error.message);
      finish(1);
    });
    child.on("close", (code) => finish(code ?? 1));
  });
}

let counts = { passed: 0, failed: 0, skipped: 0 };
const lines = [];

if (process.argv.includes("--no-tests")) {
  await runScript("build");
} else {
  const { code, tail, seconds } = await runScript("test");
  // Without a summary the tests did not come to their end: that is one failure.
  counts = parseSummary(tail) ?? { passed: 0, failed: 1, skipped: 0 };
  if (code !== 0 && counts.failed === 0) counts = addCheck(counts, false);
  lines.push(`${code === 0 ? "ok    " : "FAILED"} tests (${seconds.toFixed(1)} s)`);
}

for (const check of checks) {
  console.log(`\n--- ${check}`);
  const { code, seconds } = await runScript(check);
  counts = addCheck(counts, code === 0);
  lines.push(`${code === 0 ? "ok    " : "FAILED"} ${check} (${seconds.toFixed(1)} s)`);
}

console.log(`\n${lines.join("\n")}\n${summaryLine(counts)}`);
process.exitCode = counts.failed === 0 ? 0 : 1;

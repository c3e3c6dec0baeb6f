/**
 * Each planted bug until a life finds it.
 *
 *   node simulation/planted/campaign.mjs [--seeds N] [--bug TEXT]… [--threads N] [--json FILE] [--list]
 *
 * Ends with 1 where a bug is not found within so many seeds, with 2 on what it does not understand.
 * Whatever happens, Ctrl-C included, its bundles are removed.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { hunt } from "./hunt.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
/** Of a life, as `npm run simulate -- faults` has it. */
const scale = { tasks: 50, faults: 10 };

const options = {
  seeds: { type: "string", default: "1000" },
  threads: { type: "string", default: String(availableParallelism()) },
  bug: { type: "string", multiple: true, default: [] },
  json: { type: "string" },
  list: { type: "boolean", default: false },
};

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 2;
}

async function main() {
  const { values } = parseArgs({ options });
  const [seeds, threads] = [wholeNumber("seeds", values), wholeNumber("threads", values)];
  // Beside the packages, or the bundles would not find them.
  const out = mkdtempSync(join(root, "node_modules/.planted-"));
  const interrupted = new AbortController();
  const stop = () => interrupted.abort();
  for (const name of ["SIGINT", "SIGTERM"]) process.once(name, stop);
  try {
    const bugs = chosen(await loadBugs(out), values.bug);
    if (values.list) {
      process.stdout.write(`${bugs.map(({ name }) => name).join("\n")}\n`);
      return 0;
    }
    const results = [];
    for (const [index, bug] of bugs.entries()) {
      const directory = join(out, String(index));
      const { signal } = interrupted;
      const result = await hunt({ root, bug, directory, seeds, threads, scale, signal });
      rmSync(directory, { recursive: true, force: true });
      if (signal.aborted) break;
      results.push(result);
      process.stderr.write(`${results.length} of ${bugs.length}: ${lineOf(result)}\n`);
    }
    process.stdout.write(`${table(results)}\n`);
    if (values.json !== undefined) {
      writeFileSync(values.json, `${JSON.stringify({ seeds, scale, results }, null, 2)}\n`);
    }
    if (interrupted.signal.aborted) return 130;
    return results.every(({ seed }) => seed !== null) ? 0 : 1;
  } finally {
    rmSync(out, { recursive: true, force: true });
    for (const name of ["SIGINT", "SIGTERM"]) process.off(name, stop);
  }
}

function wholeNumber(name, values) {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name}: a whole number`);
  return value;
}

/** The list is TypeScript, and read as it stands in the source. */
async function loadBugs(out) {
  const outfile = join(out, "bugs.mjs");
  await build({ entryPoints: [join(here, "bugs.ts")], outfile, format: "esm" });
  return (await import(pathToFileURL(outfile).href)).plantedBugs;
}

function chosen(bugs, wanted) {
  for (const text of wanted) {
    if (!bugs.some(({ name }) => name.includes(text))) throw new Error(`no planted bug: ${text}`);
  }
  return wanted.length === 0
    ? bugs
    : bugs.filter(({ name }) => wanted.some((text) => name.includes(text)));
}

function lineOf({ name, seed, promise }) {
  return `${name}: ${seed === null ? "NOT FOUND" : `seed ${seed}, ${promise}`}`;
}

function table(results) {
  const rows = results.map(({ name, seed, promise, what, wallMs }) => [
    name,
    seed === null ? "NOT FOUND" : String(seed),
    `${(wallMs / 1_000).toFixed(0)} s`,
    seed === null ? "" : `${promise}: ${what.split("\n", 1)[0].slice(0, 80)}`,
  ]);
  const all = [["planted bug", "seed", "took", "what broke"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column].length)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const missed = results.filter(({ seed }) => seed === null).length;
  return [...lines, "", `${results.length - missed} of ${results.length} found`].join("\n");
}

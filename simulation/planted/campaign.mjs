/** Each planted bug until a life finds it: `node simulation/planted/campaign.mjs [--seeds N] [NAME…]`. */
import { mkdtempSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { buildPlanted } from "./build.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const seedsMax = Number(process.env.SEEDS ?? 1000);
const out = mkdtempSync(join(root, "node_modules/.planted-"));
await build({
  entryPoints: [join(here, "bugs.ts")],
  outfile: join(out, "bugs.mjs"),
  format: "esm",
});
const { plantedBugs } = await import(pathToFileURL(join(out, "bugs.mjs")).href);
const names = process.argv.slice(2);
for (const { name, changes } of plantedBugs) {
  if (names.length > 0 && !names.some((one) => name.includes(one))) continue;
  const directory = join(out, name.replaceAll(/\W+/g, "-"));
  await buildPlanted(root, changes, directory);
  const entry = join(directory, "life-thread.js");
  let found = null;
  let seed = 0;
  const t = performance.now();
  const worker = new Worker(entry, { workerData: { tasks: 50, faults: 10 } });
  while (found === null && seed < seedsMax) {
    seed += 1;
    const result = await new Promise((done) => {
      worker
        .removeAllListeners()
        .once("error", (error) =>
          done({ violations: [{ promise: "the process lives", what: error.message }] }),
        );
      worker.once("message", done);
      worker.postMessage({ seed });
    });
    found = result.violations[0] ?? null;
  }
  await worker.terminate();
  process.stdout.write(
    `${found === null ? "NOT FOUND" : `seed ${seed}`}  ${name}  ${found === null ? "" : `${found.promise}: ${found.what.slice(0, 100)}`} ${((performance.now() - t) / 1000).toFixed(0)} s\n`,
  );
}
rmSync(out, { recursive: true });

/**
 * The worker as one file, for nodes: `dist/standalone/almanac.cjs`, which any Node runs, and
 * `dist/standalone/almanac`, the same with this Node inside (a single executable application).
 * The same sources, dependencies and Node give the same bytes; what is there already is left alone.
 *
 *   node scripts/build-worker.mjs
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { withLock } from "./lock.mjs";
import { readStamp, writeStamp } from "./stamp.mjs";

const output = "dist/standalone";

/** Marks in Node's executable the place where it looks for a program inside itself. */
const fuse = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

/**
 * dockerode speaks to daemons over SSH by these, which bring native code. A worker speaks to the
 * socket of its own machine, so nothing of them is ever called.
 */
const unused = /^(ssh2|cpu-features)$/;

/** What must not get in: native code, and what belongs to the planner. */
const banned = /\.node$|node_modules\/(ssh2|cpu-features|onnxruntime-node|highs)\//;

const stubs = {
  name: "stubs",
  setup(build) {
    build.onResolve({ filter: unused }, ({ path }) => ({ path, namespace: "stub" }));
    build.onLoad({ filter: /.*/, namespace: "stub" }, () => ({
      contents: "module.exports = {};",
      loader: "js",
    }));
  },
};

/** Of package.json only what is asked for goes in; `version`, for tests of mixed ones, instead of its own. */
const described = (version) => ({
  name: "described",
  setup(build) {
    build.onLoad({ filter: /\/package\.json$/ }, ({ path }) => {
      const { name, version: own, engines } = JSON.parse(readFileSync(path, "utf8"));
      if (name !== "almanac") return null;
      return {
        contents: JSON.stringify({ name, version: version ?? own, engines }),
        loader: "json",
      };
    });
  },
});

/** The bundle's text. `version`: what it says that it is, instead of package.json's. */
export async function bundleWorker(root, { version = null } = {}) {
  const { build } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["cli/worker-main.ts"],
    outfile: `${output}/almanac.cjs`,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    legalComments: "eof",
    plugins: [stubs, described(version)],
    // There is no file beside it that an address of the module could lead to.
    logOverride: { "empty-import-meta": "error" },
    metafile: true,
    write: false,
    logLevel: "error",
  });
  const intruders = Object.keys(metafile.inputs).filter((path) => banned.test(path));
  if (intruders.length > 0) throw new Error(`must not be in the bundle: ${intruders.join(", ")}`);
  return outputFiles[0].text;
}

/** Makes both; returns the executable's path, size and digest, and whether it was made now. */
export async function buildWorker(root) {
  const folder = join(root, output);
  const bundle = await bundleWorker(root);
  mkdirSync(folder, { recursive: true });
  return await withLock(join(root, ".almanac/worker-binary.lock"), async () => {
    const strip = await succeeds("strip", ["--version"]);
    const stamp = sha256(`${bundle}\0${process.version}\0${process.arch}\0strip ${strip}`);
    const made = readStamp(root, output) !== stamp;
    if (made) {
      const work = mkdtempSync(join(folder, ".work-"));
      try {
        await makeExecutable(work, bundle, strip);
        renameSync(join(work, "almanac.cjs"), join(folder, "almanac.cjs"));
        // In place of the old one at once: workers that run it keep theirs.
        renameSync(join(work, "almanac"), join(folder, "almanac"));
      } finally {
        rmSync(work, { recursive: true, force: true });
      }
      writeStamp(root, output, stamp);
    }
    const path = join(folder, "almanac");
    return { path, bytes: statSync(path).size, sha256: sha256(readFileSync(path)), made };
  });
}

async function makeExecutable(work, bundle, strip) {
  const program = join(work, "almanac");
  writeFileSync(join(work, "almanac.cjs"), bundle);
  // Relative names, because they get into the blob.
  const config = { main: "almanac.cjs", output: "blob", disableExperimentalSEAWarning: true };
  writeFileSync(join(work, "sea.json"), JSON.stringify(config));
  await run(process.execPath, ["--experimental-sea-config", "sea.json"], work);
  copyFileSync(process.execPath, program);
  chmodSync(program, 0o755);
  if (!readFileSync(program).includes(fuse)) {
    throw new Error(
      `${process.execPath} has no place for a program (as where a distribution builds Node as a library): use Node from https://nodejs.org`,
    );
  }
  if (strip) await run("strip", [program], work);
  const { inject } = await import("postject");
  await quietly(() =>
    inject(program, "NODE_SEA_BLOB", readFileSync(join(work, "blob")), { sentinelFuse: fuse }),
  );
}

/** postject talks to the console and has no option against it. */
async function quietly(work) {
  const { log, warn, error } = console;
  Object.assign(console, { log: () => {}, warn: () => {}, error: () => {} });
  try {
    return await work();
  } finally {
    Object.assign(console, { log, warn, error });
  }
}

const sha256 = (content) => createHash("sha256").update(content).digest("hex");

function run(program, args, cwd) {
  const child = spawn(program, args, { cwd, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said = (said + chunk).slice(-2_000);
  });
  return new Promise((done, failed) => {
    child.on("error", failed);
    child.on("close", (code) =>
      code === 0 ? done() : failed(new Error(`${program} ended with ${code}: ${said}`)),
    );
  });
}

const succeeds = (program, args) =>
  run(program, args, "/").then(
    () => true,
    () => false,
  );

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
  const { path, bytes, sha256: digest, made } = await buildWorker(root);
  console.log(`${made ? "built" : "kept, for nothing has changed:"} ${path}`);
  console.log(`${(bytes / 1e6).toFixed(1)} MB, sha256 ${digest}`);
}

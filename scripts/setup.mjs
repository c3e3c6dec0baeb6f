/**
 * Makes a checkout ready to run: dependencies, generated code, build. Each step is left out while
 * the stamp in its output still matches its inputs, so that calling this always is cheap. Plain
 * Node, for it runs before anything is installed.
 *
 *   node scripts/setup.mjs [--quiet] [--force] [--only-generate] [--prepare]
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, sourcesOf } from "./build.mjs";
import { withLock } from "./lock.mjs";
import { clearStamp, filesUnder, hashOf, readStamp, writeStamp } from "./stamp.mjs";

/** Set for our own `npm ci`, whose `prepare` would otherwise wait for the lock that we hold. */
const nestedMark = "ALMANAC_SETUP_RUNNING";

/** The steps in order. */
const steps = [
  {
    name: "install",
    what: "installing dependencies",
    isDue: (root) => !isInstalled(root),
    run: (root, report) => run(root, report, "npm", ["ci", "--include=dev", "--no-progress"]),
  },
  stamped({
    name: "generate",
    what: "generating code from proto/",
    output: "proto/gen",
    inputs: (root) => [...protosOf(root), "buf.yaml", "buf.gen.yaml", "package-lock.json"],
    run: generate,
  }),
  stamped({
    name: "build",
    what: "building",
    output: "dist",
    // Compiled from the generated code too, which stands under proto/.
    inputs: (root) => [...sourcesOf(root), "scripts/build.mjs", "package-lock.json"],
    run: (root) => build(root),
  }),
];

/** A step whose output carries a stamp of its inputs. */
function stamped({ name, what, output, inputs, run }) {
  const stamp = (root) => hashOf(root, inputs(root));
  return {
    name,
    what,
    isDue: (root) => readStamp(root, output) !== stamp(root),
    run: async (root, report) => {
      clearStamp(root, output);
      await run(root, report);
      writeStamp(root, output, stamp(root));
    },
  };
}

/**
 * Whether node_modules is what package-lock.json asks for, by the record that npm itself leaves at
 * the end of an installation: so an `npm ci` or `npm install` by hand counts too.
 */
export function isInstalled(root) {
  const record = packagesIn(join(root, "node_modules/.package-lock.json"));
  const wanted = packagesIn(join(root, "package-lock.json"));
  if (record === null || wanted === null) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "") return true;
    const installed = record[path];
    // Packages for other platforms are optional and rightly absent.
    if (installed === undefined) return entry.optional === true || entry.peer === true;
    return installed.version === entry.version && installed.integrity === entry.integrity;
  });
}

function packagesIn(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages ?? null;
  } catch {
    return null;
  }
}

const protosOf = (root) => filesUnder(root, ["proto"], (path) => path.endsWith(".proto"));

async function generate(root, report) {
  const buf = join(root, "node_modules/@bufbuild/buf/bin/buf");
  await run(root, report, process.execPath, [buf, "generate"]);
  const descriptors = ["build", "--as-file-descriptor-set", "-o", "proto/gen/descriptors.binpb"];
  await run(root, report, process.execPath, [buf, ...descriptors]);
}

/** Does what is due. `report` is told each step before it starts; returns the names of those done. */
export async function setUp(
  root,
  { force = false, only = null, install = true, report = () => {} },
) {
  const wanted = steps.filter(
    ({ name }) => (only === null || name === only) && (install || name !== "install"),
  );
  if (!force && !wanted.some((step) => step.isDue(root))) return [];

  const onWait = (holder) => report(`waiting for the set-up that process ${holder} is doing`);
  return withLock(
    join(root, ".almanac/setup.lock"),
    async () => {
      const done = [];
      for (const step of wanted) {
        // Asked again under the lock: another set-up may have done it meanwhile.
        if (!force && !step.isDue(root)) continue;
        report(step.what);
        await step.run(root, report);
        done.push(step.name);
      }
      return done;
    },
    { onWait },
  );
}

/** What is wrong with this Node, or null. `engines` are of the form `>=20.19`. */
export function nodeProblem(version, engines) {
  const [needMajor = 0, needMinor = 0] = engines.replace(/^>=/, "").split(".").map(Number);
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return null;
  return (
    `Almanac needs Node ${needMajor}.${needMinor} or newer; this is ${version}. ` +
    "See https://nodejs.org/en/download, or use nvm: nvm install 20"
  );
}

function run(root, report, command, args) {
  return new Promise((done, failed) => {
    // The package has its CPU binaries in it; what its installer would fetch besides is for CUDA.
    const env = { ...process.env, [nestedMark]: "1", ONNXRUNTIME_NODE_INSTALL: "skip" };
    const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    const output = [];
    child.stdout.on("data", (chunk) => output.push(chunk));
    child.stderr.on("data", (chunk) => output.push(chunk));
    child.on("error", (error) => failed(new Error(`cannot run ${command}: ${error.message}`)));
    child.on("close", (code, signal) => {
      if (code === 0) return done();
      report(Buffer.concat(output).toString());
      failed(new Error(`\`${command} ${args.join(" ")}\` ended with ${signal ?? `code ${code}`}`));
    });
  });
}

async function main() {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
  const args = new Set(process.argv.slice(2));
  if (args.has("--prepare")) {
    // npm's own hook: nothing to do inside our `npm ci`, nor where tools were left out on purpose.
    if (process.env[nestedMark] !== undefined) return;
    if (!existsSync(join(root, "node_modules/esbuild"))) return;
  }
  const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const problem = nodeProblem(process.version, engines.node);
  if (problem !== null) throw new Error(problem);
  const startedAtMs = Date.now();
  const quiet = args.has("--quiet");
  const report = (text) => quiet || console.error(`setup: ${text.trimEnd()}`);
  const done = await setUp(root, {
    force: args.has("--force"),
    only: args.has("--only-generate") ? "generate" : null,
    install: !args.has("--prepare"),
    report,
  });
  if (done.length > 0) report(`done in ${((Date.now() - startedAtMs) / 1_000).toFixed(1)} s`);
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    await main();
  } catch (error) {
    console.error(`setup: ${error.message}`);
    process.exitCode = 1;
  }
}

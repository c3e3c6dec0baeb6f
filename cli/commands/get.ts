/** `almanac get TASK [PATH]`: what a task has left, from the store: its worker may be gone. */

import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { type DataFile, sumBytes } from "../../core/data.js";
import { matchesGlob } from "../../core/glob.js";
import { blobError } from "../../data/blob-failure.js";
import type { BlobStore } from "../../data/blob-store.js";
import type { TaskOutputs } from "../../proto/codec/data.js";
import { CommandFailure, failure, unwrap } from "../failure.js";
import { note, printJson, printLines, screenOf } from "../output.js";
import { outputsJson, renderOutputs } from "../render/outputs.js";
import { formatBytes, plural } from "../render/units.js";
import type { Program } from "../root.js";
import { type Session, withSession } from "../session.js";
import { type TransferProgress, transferProgress } from "../transfer-progress.js";

export function addGet(program: Program): void {
  program
    .command("get")
    .description("list what a task has left, or fetch it")
    .argument("<task>", "JOB/TASK; JOB alone where it has one task")
    .argument("[path]", "one of its outputs, a pattern like 'out/*.csv', or a directory with `/`")
    .option("-o, --output <where>", "fetch into this directory (all, without a path); `-`: print")
    .option("--force", "write over files that exist")
    .action(async (task, path, options, command) => {
      await withSession(command.optsWithGlobals(), async (session) => {
        const found = unwrap(await session.client.outputs(task));
        const outputs = choose(found, path);
        const where = options.output ?? (path === undefined ? null : ".");
        if (where === null) return list(session, { ...found, outputs });
        if (where === "-") return await print(await session.store(), outputs);
        const targets = placesOf(outputs, where, path);
        await fetchAll(await session.store(), targets, options.force === true);
        report(session, { ...found, outputs }, targets);
      });
    });
}

function choose({ task, attempt, outputs }: TaskOutputs, path: string | undefined) {
  if (attempt === "") {
    throw failure("failed_precondition", `${task} has not succeeded, so it left nothing`);
  }
  if (path === undefined) return outputs;
  const chosen = outputs.filter((file) => matchesGlob(path, file.path));
  if (chosen.length > 0) return chosen;
  throw failure("not_found", `${task} left nothing that matches ${path}`);
}

function list({ json, quiet }: Session, found: TaskOutputs): void {
  if (json) return printJson(outputsJson(found, null));
  const paths = found.outputs.map((file) => file.path);
  printLines(quiet ? paths : renderOutputs(found, screenOf()));
}

function report({ json, quiet }: Session, found: TaskOutputs, targets: readonly Target[]): void {
  if (json) {
    const to = new Map(targets.map(({ file, target }) => [file.path, target]));
    return printJson(outputsJson(found, to));
  }
  printLines(targets.map(({ target }) => target));
  if (!quiet) note(`${plural(targets.length, "file")}, ${formatBytes(sumBytes(found.outputs))}`);
}

interface Target {
  readonly file: DataFile;
  readonly target: string;
}

/** One file that was named lands by its own name, others with the directories they lay in. */
function placesOf(files: readonly DataFile[], where: string, path: string | undefined): Target[] {
  return files.map((file) => {
    const name = file.path === path ? basename(file.path) : file.path;
    return { file, target: join(where, name) };
  });
}

async function print(store: BlobStore, files: readonly DataFile[]): Promise<void> {
  const [file] = files;
  if (file === undefined || files.length > 1) {
    throw failure("invalid_argument", `--output -: prints one file, not ${files.length}`);
  }
  const progress: TransferProgress = { add: () => undefined, finish: () => undefined };
  await receive(store, file, progress, async (chunk) => {
    if (process.stdout.write(chunk)) return;
    await new Promise((drained) => process.stdout.once("drain", drained));
  });
}

async function fetchAll(
  store: BlobStore,
  targets: readonly Target[],
  force: boolean,
): Promise<void> {
  const total = sumBytes(targets.map(({ file }) => file));
  const progress = transferProgress("fetching", targets.length, total);
  try {
    for (const target of targets) await fetchOne(store, target, force, progress);
  } finally {
    progress.finish();
  }
}

/** Under its own name only once it is whole and verified. */
async function fetchOne(
  store: BlobStore,
  { file, target }: Target,
  force: boolean,
  progress: TransferProgress,
): Promise<void> {
  const path = resolve(target);
  await mkdir(dirname(path), { recursive: true });
  if (!force) await refuseExisting(path, target);
  const temporary = `${path}.${randomUUID().slice(0, 8)}.part`;
  let output: FileHandle | null = null;
  try {
    const opened = await open(temporary, "wx", file.executable ? 0o777 : 0o666);
    output = opened;
    await receive(store, file, progress, async (chunk) => {
      await opened.writeFile(chunk);
    });
    await opened.close();
    output = null;
    if (!force) await refuseExisting(path, target);
    await rename(temporary, path);
  } catch (error) {
    await output?.close();
    await rm(temporary, { force: true });
    throw error;
  }
}

async function refuseExisting(path: string, shown: string): Promise<void> {
  const there = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(
    (error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? null : error),
  );
  if (there === null) return;
  if (!(there instanceof Error)) await there.close();
  throw failure("already_exists", `${shown} exists; --force writes over it`);
}

async function receive(
  store: BlobStore,
  file: DataFile,
  progress: TransferProgress,
  take: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of store.read(file.sha256, new AbortController().signal)) {
      hash.update(chunk);
      progress.add(chunk.length);
      await take(chunk);
    }
  } catch (error) {
    const wrong = blobError(error);
    throw new CommandFailure({ ...wrong, message: `${file.path}: ${wrong.message}` });
  }
  if (hash.digest("hex") === file.sha256) return;
  throw failure("internal", `${file.path}: what came is not what the task left`);
}

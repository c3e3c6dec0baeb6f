/** Jobs with files through a client: local inputs sent as `almanac submit` does, outputs read back. */
import type { Client } from "../../cli/client.js";
import { unwrap } from "../../cli/failure.js";
import { localInputs } from "../../cli/local-inputs.js";
import { missingInputs, sizeOf, upload } from "../../cli/upload.js";
import type { JobView } from "../../core/views.js";
import { parseJob } from "../../spec/job.js";
import { jobHasEnded, untilJob } from "./jobs.js";

interface Submitted {
  readonly id: string;
  /** Files that the store lacked. */
  readonly sent: number;
}

/** Paths of inputs are relative to `directory`. */
export async function submitWithFiles(
  client: Client,
  directory: string,
  text: string,
): Promise<Submitted> {
  const local = localInputs(directory);
  const around = { source: "data.yaml", now: Date.now(), readInput: local.read };
  const { spec } = unwrap(parseJob(text, around));
  const missing = await missingInputs(client.store, spec, local.files);
  await upload(client.store, missing);
  const receipt = unwrap(await client.submit({ spec, idempotencyKey: "", dryRun: false }));
  return { id: receipt.jobId, sent: sizeOf(missing).files };
}

export async function runWithFiles(
  client: Client,
  directory: string,
  text: string,
  timeoutMs = 60_000,
): Promise<JobView> {
  const { id } = await submitWithFiles(client, directory, text);
  return untilJob(client, id, jobHasEnded, timeoutMs);
}

/** What a task has left at a path; each chunk is told as it comes. */
export async function readOutput(
  client: Client,
  task: string,
  path: string,
  onChunk: (chunk: Uint8Array) => void,
): Promise<void> {
  const { outputs } = unwrap(await client.outputs(task));
  const file = outputs.find((one) => one.path === path);
  if (file === undefined) throw new Error(`${task} left no ${path}`);
  for await (const chunk of client.store.read(file.sha256, new AbortController().signal)) {
    onChunk(chunk);
  }
}

export async function outputText(client: Client, task: string, path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  await readOutput(client, task, path, (chunk) => void chunks.push(chunk));
  return Buffer.concat(chunks).toString();
}

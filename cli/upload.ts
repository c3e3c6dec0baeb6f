/** Sends the local inputs of a job before the job itself: only what the cluster does not hold. */
import { setTimeout as sleep } from "node:timers/promises";
import type { JobSpec } from "../core/job.js";
import { ok, type Result } from "../core/result.js";
import { type BlobStore, fileContent } from "../data/blob-store.js";
import { unwrap } from "./failure.js";
import type { LocalContent } from "./local-inputs.js";
import { counted, transferProgress } from "./transfer-progress.js";

export interface Upload {
  readonly files: number;
  readonly bytes: number;
}

type Missing = ReadonlyMap<string, LocalContent>;

const atOnceMax = 4;
const retryPausesMs = [200, 400, 800, 1_600, 3_200];

/** What of a job's local inputs would have to be sent. */
export async function missingInputs(
  store: BlobStore,
  spec: JobSpec,
  local: ReadonlyMap<string, LocalContent>,
): Promise<Missing> {
  const named = new Set(
    spec.templates.flatMap(({ data }) =>
      (data?.inputs ?? []).flatMap((input) => (input.kind === "file" ? [input.file.sha256] : [])),
    ),
  );
  const own = [...named].filter((sha256) => local.has(sha256));
  if (own.length === 0) return new Map();
  const absent = unwrap(await withRetries(() => store.missing(own)));
  return new Map(
    absent.flatMap((sha256) => {
      const content = local.get(sha256);
      return content === undefined ? [] : [[sha256, content] as const];
    }),
  );
}

export function sizeOf(missing: Missing): Upload {
  let bytes = 0;
  for (const { sizeBytes } of missing.values()) bytes += sizeBytes;
  return { files: missing.size, bytes };
}

export async function upload(store: BlobStore, missing: Missing): Promise<void> {
  const { files, bytes } = sizeOf(missing);
  if (files === 0) return;
  const progress = transferProgress("sending", files, bytes);
  const abort = new AbortController();
  const waiting = [...missing];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [sha256, { path, sizeBytes }] = next;
      const options = { signal: abort.signal, attempt: "" };
      const send = () =>
        store.put({ sha256, sizeBytes }, counted(fileContent(path), progress), options);
      const answer = await withRetries(send);
      if (answer.ok) continue;
      const { error } = answer;
      unwrap({ ok: false, error: { ...error, message: `${path}: ${error.message}` } });
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnceMax }, worker));
  } finally {
    abort.abort();
    progress.finish();
  }
}

/** A master that is away for a moment, or was killed in the middle, costs a file, not the upload. */
async function withRetries<T>(call: () => Promise<Result<T>>): Promise<Result<T>> {
  for (const pauseMs of retryPausesMs) {
    const answer = await call();
    if (answer.ok) return ok(answer.value);
    const away = answer.error.code === "unavailable";
    if (!away) return answer;
    await sleep(pauseMs);
  }
  return call();
}

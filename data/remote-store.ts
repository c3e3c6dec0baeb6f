/** A master's store, over the wire: never more in memory than what is under way. */
import type { Metadata } from "@grpc/grpc-js";
import { dataLimits } from "../core/data.js";
import { ok, type Result } from "../core/result.js";
import { decodeHashes } from "../proto/codec/data.js";
import { fromServiceError } from "../proto/codec/errors.js";
import type { DataServiceClient } from "../proto/codec/services.js";
import type { Blob } from "./blob-directory.js";
import { BlobFailure, blobError } from "./blob-failure.js";
import type { BlobStore, PutOptions } from "./blob-store.js";

const missingTimeoutMs = 30_000;

/** `metadata`: who is asking. */
export function remoteStore(client: DataServiceClient, metadata: () => Metadata): BlobStore {
  return {
    async missing(hashes) {
      const absent: string[] = [];
      for (let from = 0; from < hashes.length; from += dataLimits.inputFiles) {
        const some = hashes.slice(from, from + dataLimits.inputFiles);
        const answer = await missing(client, metadata(), some);
        if (!answer.ok) return answer;
        absent.push(...answer.value);
      }
      return ok(absent);
    },
    read: (sha256, signal) => read(client, metadata(), sha256, signal),
    put: (blob, content, options) => put(client, metadata(), blob, content, options),
    close: () => client.close(),
  };
}

function missing(
  client: DataServiceClient,
  metadata: Metadata,
  sha256: readonly string[],
): Promise<Result<readonly string[]>> {
  return new Promise((resolve) => {
    const options = { deadline: Date.now() + missingTimeoutMs };
    client.missing({ sha256: [...sha256] }, metadata, options, (error, answer) => {
      if (error === null) resolve(decodeHashes(answer.sha256));
      else resolve({ ok: false, error: fromServiceError(error) });
    });
  });
}

async function* read(
  client: DataServiceClient,
  metadata: Metadata,
  sha256: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const stream = client.fetch({ sha256 }, metadata);
  const cancel = (): void => stream.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  if (signal.aborted) cancel();
  try {
    for await (const { data } of stream) yield data;
  } catch (error) {
    const { code, message } = fromServiceError(error);
    throw new BlobFailure(code, message);
  } finally {
    signal.removeEventListener("abort", cancel);
    stream.cancel();
  }
}

/** The other side takes what it can, and this side waits: `drain` is the wire's flow control. */
function put(
  client: DataServiceClient,
  metadata: Metadata,
  { sha256, sizeBytes }: Blob,
  content: AsyncIterable<Uint8Array>,
  { signal, attempt }: PutOptions,
): Promise<Result<null>> {
  return new Promise((resolve) => {
    let over: () => void = () => undefined;
    let answered = false;
    const ended = new Promise<void>((settle) => {
      over = settle;
    });
    const call = client.put(metadata, (error) => {
      answered = true;
      over();
      signal.removeEventListener("abort", cancel);
      resolve(error === null ? ok(null) : { ok: false, error: fromServiceError(error) });
    });
    const cancel = (): void => call.cancel();
    call.on("error", () => undefined);
    signal.addEventListener("abort", cancel, { once: true });
    if (signal.aborted) cancel();
    const send = async (): Promise<void> => {
      call.write({ header: { sha256, sizeBytes, attemptId: attempt }, data: Buffer.alloc(0) });
      for await (const chunk of content) {
        if (answered) return;
        const data = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
        if (call.write({ header: undefined, data })) continue;
        await Promise.race([ended, new Promise<void>((drained) => call.once("drain", drained))]);
      }
      call.end();
    };
    send().catch((error: unknown) => {
      resolve({ ok: false, error: blobError(error) });
      call.cancel();
    });
  });
}

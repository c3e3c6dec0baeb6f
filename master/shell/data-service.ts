/**
 * DataService: content by its hash. A user may put and read anything; a worker only what an attempt
 * that is live on it leaves or takes in.
 */
import type { ServerReadableStream, ServerWritableStream } from "@grpc/grpc-js";
import { type Identity, identityOfPrincipal } from "../../core/identity.js";
import { parseAttemptId, workerId } from "../../core/ids.js";
import { type AlmanacError, fail, ok } from "../../core/result.js";
import { blobError, shortHash } from "../../data/blob-failure.js";
import { directoryStore, take } from "../../data/blob-store.js";
import {
  type BlobHeader,
  decodeHashes,
  decodePutHeader,
  encodeTaskOutputs,
} from "../../proto/codec/data.js";
import { toServiceError } from "../../proto/codec/errors.js";
import type {
  DataServiceServer,
  FetchRequestWire,
  FetchResponseWire,
  PutRequestWire,
  PutResponseWire,
} from "../../proto/codec/services.js";
import type { History } from "../history/history.js";
import { lastSuccess, mayFetch, mayPut } from "../pure/data.js";
import type { Engine } from "./engine.js";
import { drained } from "./job-watch.js";
import { principalOf } from "./principal.js";
import type { Received } from "./reported-outputs.js";
import { unary } from "./unary.js";

interface DataServiceOptions {
  readonly engine: Engine;
  readonly history: History;
  readonly received: Received;
}

/** At once, of everybody together: each has a file open and some chunks in memory. */
const transfersMax = 256;

type PutCall = ServerReadableStream<PutRequestWire, PutResponseWire>;
type FetchCall = ServerWritableStream<FetchRequestWire, FetchResponseWire>;

export function dataService({ engine, history, received }: DataServiceOptions): DataServiceServer {
  const { blobs, sent } = received;
  const store = directoryStore(blobs);
  let transfers = 0;

  async function limited<T>(work: () => Promise<T>): Promise<T | AlmanacError> {
    if (transfers >= transfersMax) return busy;
    transfers += 1;
    try {
      return await work();
    } catch (error) {
      return blobError(error);
    } finally {
      transfers -= 1;
    }
  }

  async function receive(call: PutCall): Promise<PutResponseWire | AlmanacError> {
    const messages = call[Symbol.asyncIterator]();
    const first = await messages.next();
    const header = decodePutHeader(first.done === true ? undefined : first.value.header);
    if (!header.ok) return header.error;
    const caller = callerOf(call);
    const refused = refusePut(engine, caller, header.value);
    if (refused !== null) return refused;
    const { sha256, attempt } = header.value;
    const known = await blobs.has(sha256);
    // All of it, though it be known: who can send it has it.
    await take(blobs, header.value, contentOf(messages));
    if (caller.role === "worker") await sent?.note(parseAttemptId(attempt), sha256);
    return { known };
  }

  async function send(call: FetchCall): Promise<AlmanacError | null> {
    const { sha256 } = call.request;
    const valid = decodeHashes([sha256]);
    if (!valid.ok) return valid.error;
    const { role, name } = callerOf(call);
    if (role === "worker" && !mayFetch(engine.state, workerId(name), sha256)) {
      return denied(`no attempt on worker ${name} takes in content ${shortHash(sha256)}`);
    }
    await blobs.touch(sha256);
    for await (const data of blobs.read(sha256)) {
      if (call.cancelled) return null;
      if (!call.write({ data })) await drained(call);
    }
    call.end();
    return null;
  }

  return {
    missing: unary(async ({ sha256 }, principal) => {
      if (isWorker(principal)) return { ok: false, error: denied("for users only") };
      const hashes = decodeHashes(sha256);
      if (!hashes.ok) return hashes;
      const absent = await store.missing(hashes.value);
      return absent.ok ? ok({ sha256: [...absent.value] }) : absent;
    }),
    put: (call, callback) => {
      call.on("cancelled", () => call.destroy());
      void limited(() => receive(call)).then((answer) => {
        if ("known" in answer) callback(null, answer);
        else callback(toServiceError(answer));
      });
    },
    fetch: (call) => {
      void limited(() => send(call)).then((error) => {
        if (error !== null) call.emit("error", toServiceError(error));
      });
    },
    listOutputs: unary(async ({ taskId }, principal) => {
      if (isWorker(principal)) return { ok: false, error: denied("for users only") };
      const found = await history.locateTask(taskId);
      if (!found.ok) return found;
      const { task } = found.value;
      return engine.read(() => {
        const { id, template } = task;
        if (template.data === undefined) {
          return fail("failed_precondition", `${id} declares no outputs`);
        }
        const { attempt = "", outputs = [] } = lastSuccess(task) ?? {};
        return ok(encodeTaskOutputs({ task: id, attempt, outputs }));
      });
    }),
  };
}

async function* contentOf(
  messages: AsyncIterator<PutRequestWire>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    const next = await messages.next();
    if (next.done === true) return;
    yield next.value.data;
  }
}

const isWorker = (principal: string): boolean => identityOfPrincipal(principal).role === "worker";

const callerOf = (call: PutCall | FetchCall): Identity =>
  identityOfPrincipal(principalOf(call.metadata));

function refusePut(
  engine: Engine,
  { role, name }: Identity,
  { attempt, sizeBytes }: BlobHeader,
): AlmanacError | null {
  if (role !== "worker") return null;
  const allowed = mayPut(engine.state, workerId(name), parseAttemptId(attempt), sizeBytes);
  return allowed ? null : denied(`no attempt ${attempt} on worker ${name} may leave this`);
}

const denied = (message: string): AlmanacError => ({
  code: "permission_denied",
  message,
  violations: [],
});

const busy: AlmanacError = {
  code: "unavailable",
  message: "too many transfers at once: try again in a moment",
  violations: [],
};

/** An archive that lives in a thread (archive-thread.ts): every call is a message and its answer. */
import { Worker } from "node:worker_threads";
import { type Archive, ArchiveError, type ArchiveErrorCode } from "./archive.js";

export type Method = keyof Archive;
type Ask<M extends Method> = Parameters<Archive[M]>[0];
type Answer<M extends Method> = Awaited<ReturnType<Archive[M]>>;
/** The port as a table, so that a method can be chosen by a name in a message. */
export type Asked = { readonly [M in Method]: (ask: Ask<M>) => Promise<Answer<M>> };

export interface AskMessage<M extends Method> {
  readonly id: number;
  readonly method: M;
  readonly ask: Ask<M>;
}

interface Told {
  readonly code: ArchiveErrorCode;
  readonly message: string;
}

export type AnswerMessage =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: Told };

export type OpenedMessage =
  | { readonly opened: true }
  | { readonly opened: false; readonly error: Told };

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: ArchiveError) => void;
}

/** Throws what opening the file throws. `entry`: the bundled archive-thread.ts. */
export async function openThreadedArchive(entry: string, path: string): Promise<Archive> {
  const thread = new Worker(entry, { workerData: path });
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  let closed = false;
  const fail = (message: string): void => {
    closed = true;
    for (const { reject } of waiting.values()) reject(new ArchiveError("closed", message));
    waiting.clear();
  };
  await opening(thread);
  thread.on("message", (message: AnswerMessage) => {
    const caller = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.ok) caller?.resolve(message.value);
    else caller?.reject(new ArchiveError(message.error.code, message.error.message));
  });
  thread.on("error", (error) => fail(`the archive's thread failed: ${error.message}`));
  thread.on("exit", () => fail("the archive is closed"));

  function call<M extends Method>(method: M): (ask: Ask<M>) => Promise<Answer<M>> {
    return (ask) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new ArchiveError("closed", "the archive is closed"));
        const id = ++asked;
        // What the thread answers is what its own archive returned.
        waiting.set(id, { resolve: (value) => resolve(value as Answer<M>), reject });
        thread.postMessage({ id, method, ask } satisfies AskMessage<M>);
      });
  }
  const close = call("close");
  return {
    put: call("put"),
    cursor: call("cursor"),
    setCursor: call("setCursor"),
    get: call("get"),
    find: call("find"),
    ends: call("ends"),
    list: call("list"),
    usage: call("usage"),
    records: call("records"),
    named: call("named"),
    verify: call("verify"),
    async close(ask) {
      if (!closed) await close(ask);
      await thread.terminate();
    },
  };
}

function opening(thread: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    thread.once("message", (message: OpenedMessage) => {
      thread.removeListener("error", reject);
      if (message.opened) return resolve();
      const { code, message: why } = message.error;
      reject(new ArchiveError(code, why));
    });
    thread.once("error", reject);
  });
}

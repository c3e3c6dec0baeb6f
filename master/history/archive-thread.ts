/**
 * A thread that owns the archive's file: nothing that the disk does there holds the master up. It
 * is told the file, says that it is open or why not, and then answers one message with another.
 */
import { parentPort, workerData } from "node:worker_threads";
import { type Archive, ArchiveError } from "./archive.js";
import { openSqliteArchive } from "./sqlite-archive.js";
import type {
  AnswerMessage,
  Asked,
  AskMessage,
  Method,
  OpenedMessage,
} from "./threaded-archive.js";

const port = parentPort;
if (port === null) throw new Error("the archive's thread was started as a program");

const say = (message: AnswerMessage | OpenedMessage): void => port.postMessage(message);

function answer<M extends Method>(archive: Asked, { method, ask }: AskMessage<M>) {
  return archive[method](ask);
}

async function serve(archive: Archive, { id, ...message }: AskMessage<Method>): Promise<void> {
  try {
    say({ id, ok: true, value: await answer(archive, { id, ...message }) });
  } catch (error) {
    say({ id, ok: false, error: told(error) });
  }
}

/** What crosses to another thread of an error. */
function told(error: unknown) {
  if (error instanceof ArchiveError) return { code: error.code, message: error.message };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: "io_failed" as const, message };
}

try {
  const archive = openSqliteArchive(String(workerData));
  // One after another: a commit is not overtaken by what was asked behind it.
  let last: Promise<void> = Promise.resolve();
  port.on("message", (message: AskMessage<Method>) => {
    last = last.then(() => serve(archive, message));
    if (message.method === "close") void last.then(() => port.close());
  });
  say({ opened: true });
} catch (error) {
  say({ opened: false, error: told(error) });
  port.close();
}

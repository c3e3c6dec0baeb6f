/**
 * A client of QEMU's machine protocol (qemu: interop/qmp-spec): one JSON value per line; answers
 * carry the command's id, events have none.
 */
import type { Duplex } from "node:stream";
import type { Result } from "../../../core/result.js";
import { readLines } from "./lines.js";

export interface QmpClient {
  /** An error is QEMU's own words, or that it has gone. */
  execute(command: "quit" | "stop" | "cont" | "query-status"): Promise<Result<unknown, string>>;
}

type Answer = (result: Result<unknown, string>) => void;

/** More than this unanswered, and QEMU hangs. */
const waitingMax = 64;
const lineBytesMax = 64 * 1024;

export function createQmpClient(stream: Duplex): QmpClient {
  const waiting = new Map<string, Answer>();
  let count = 0;
  let gone = false;

  readLines(stream, lineBytesMax, (line) => {
    const message = parse(line);
    const id = message?.id;
    if (message === null || typeof id !== "string") return;
    const answer = waiting.get(id);
    waiting.delete(id);
    if (message.error === undefined) answer?.({ ok: true, value: message.return });
    else answer?.({ ok: false, error: descriptionOf(message.error) });
  });
  stream.on("close", () => {
    gone = true;
    for (const answer of waiting.values()) answer({ ok: false, error: "QEMU has gone" });
    waiting.clear();
  });

  function send(command: string): Promise<Result<unknown, string>> {
    return new Promise((resolve) => {
      if (gone || stream.destroyed) return resolve({ ok: false, error: "QEMU has gone" });
      if (waiting.size >= waitingMax) return resolve({ ok: false, error: "QEMU does not answer" });
      count += 1;
      const id = String(count);
      waiting.set(id, resolve);
      stream.write(`${JSON.stringify({ execute: command, id })}\n`);
    });
  }

  // Commands before it are refused; they are taken in order, so nobody has to wait for its answer.
  void send("qmp_capabilities");
  return { execute: send };
}

type Message = Readonly<Record<string, unknown>>;

function parse(line: string): Message | null {
  try {
    const value: unknown = JSON.parse(line);
    return isMessage(value) ? value : null;
  } catch {
    return null;
  }
}

const isMessage = (value: unknown): value is Message =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const descriptionOf = (error: unknown): string =>
  isMessage(error) && typeof error.desc === "string" ? error.desc : "QEMU refused the command";

/**
 * The process's terminal or pipes. Results go to standard output; what is said about the work
 * (progress, hints, warnings) goes to standard error, so that a pipe carries results only.
 */
import type { AlmanacError } from "../core/result.js";
import { renderError } from "./render/errors.js";
import { errorJson, formatJson, type Json } from "./render/json.js";
import { coloursFor, type Screen } from "./render/screen.js";

const defaultWidth = 100;
const widthMin = 40;

/** A reader that has gone (`almanac list | head`) is the end of the command, not an error. */
export function endQuietlyOnBrokenPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(process.exitCode ?? 0);
      throw error;
    });
  }
}

export const printLines = (lines: readonly string[]): void => {
  if (lines.length > 0) process.stdout.write(`${lines.join("\n")}\n`);
};

export const printJson = (json: Json): void => {
  process.stdout.write(formatJson(json));
};

/** One document per line, for streams of them. */
export const printJsonLine = (json: Json): void => {
  process.stdout.write(`${JSON.stringify(json)}\n`);
};

/** Said to a person beside the result. */
export const note = (lines: string | readonly string[]): void => {
  const text = typeof lines === "string" ? lines : lines.join("\n");
  if (text !== "") process.stderr.write(`${text}\n`);
};

/** With --json an error is a result like any other: a reader always gets one document. */
export function printError(error: AlmanacError, json: boolean): void {
  if (json) return printJson(errorJson(error));
  note(renderError(error, screenOf(process.stderr), null));
  if (error.code === "unavailable") {
    note("hint: is a master running there? `almanac dev` starts a cluster on this machine");
  }
}

export function screenOf(stream: NodeJS.WriteStream = process.stdout): Screen {
  const columns = Number(process.env.COLUMNS);
  const given = Number.isInteger(columns) && columns > 0 ? columns : defaultWidth;
  return {
    width: Math.max(widthMin, (stream.isTTY === true && stream.columns) || given),
    nowMs: Date.now(),
    colour: coloursFor(process.env, stream.isTTY === true),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

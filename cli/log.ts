/**
 * The log of a process of the cluster: pino on standard error. A terminal gets one short line per
 * entry, anything else JSON lines.
 */
import { type DestinationStream, type Logger, pino } from "pino";
import { type Colours, coloursFor } from "./render/screen.js";
import { plain } from "./render/text.js";

export function createLogger(name: string, level: string): Logger {
  const options = { name, level, base: { name, pid: process.pid } };
  if (process.stderr.isTTY !== true) {
    // Synchronous: the last lines before a crash are the ones that matter.
    return pino(options, pino.destination({ fd: 2, sync: true }));
  }
  const colour = coloursFor(process.env, true);
  const terminal: DestinationStream = {
    write: (line) => {
      process.stderr.write(`${prettyLine(line, colour)}\n`);
    },
  };
  return pino(options, terminal);
}

const levelNames = new Map<number, string>([
  [10, "trace"],
  [20, "debug"],
  [30, "info"],
  [40, "warn"],
  [50, "error"],
  [60, "fatal"],
]);
const usual = new Set(["level", "time", "name", "pid", "msg"]);

/** `12:03:04.120 warn  master  worker lost  worker=big silentMs=10012`. */
export function prettyLine(line: string, colour: Colours): string {
  let entry: Readonly<Record<string, unknown>>;
  try {
    entry = JSON.parse(line);
  } catch {
    return line.trimEnd();
  }
  const level = Number(entry.level);
  const style = level >= 50 ? colour.red : level >= 40 ? colour.yellow : colour.dim;
  const fields = Object.entries(entry)
    .filter(([key]) => !usual.has(key))
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const text = [
    colour.dim(new Date(Number(entry.time)).toISOString().slice(11, 23)),
    style((levelNames.get(level) ?? "?").padEnd(5)),
    plain(String(entry.name ?? "")).padEnd(8),
    plain(String(entry.msg ?? "")),
    ...(fields.length === 0 ? [] : [colour.dim(plain(fields.join(" ")))]),
  ];
  return text.join(" ");
}

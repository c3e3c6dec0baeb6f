/** A trace from a path: what it is shows in its name and its first line. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { unpack } from "../formats/archive.js";
import { FormatError } from "../formats/numbers.js";
import { type LotaruRun, lotaruTrace, readReports } from "./read-lotaru.js";
import { readNfcore } from "./read-nfcore.js";
import { readSwf } from "./read-swf.js";
import type { Trace } from "./trace.js";

export interface ReadTrace {
  readonly trace: Trace;
  /** Of a directory of Lotaru: the runs, for what is measured across machines. */
  readonly lotaru: readonly LotaruRun[] | null;
}

/** SWF, a Nextflow CSV, a directory of such, or one of Lotaru's reports; each plain or gzip. */
export function readTrace(path: string, readsAsInput = false): ReadTrace {
  if (statSync(path).isDirectory()) return readFolder(path, readsAsInput);
  const bytes = unpack(readFileSync(path));
  const name = nameOf(path);
  const trace = isSwf(path)
    ? readSwf(name, bytes)
    : isNextflow(bytes)
      ? readNfcore(name, [{ pipeline: name, bytes }], readsAsInput)
      : unknownFormat(path);
  return { trace: nonEmpty(trace, path), lotaru: null };
}

function readFolder(path: string, readsAsInput: boolean): ReadTrace {
  const names = readdirSync(path).sort();
  const load = (name: string): Buffer => unpack(readFileSync(join(path, name)));
  const reports = names.filter((name) => /^execution_reports.*\.csv(\.gz)?$/.test(name));
  if (reports.length > 0) {
    const lotaru = readReports(reports.map((name) => ({ name, bytes: load(name) })));
    return { trace: nonEmpty(lotaruTrace(basename(path), lotaru), path), lotaru };
  }
  const files = names
    .filter((name) => /\.csv(\.gz)?$/.test(name))
    .map((name) => ({ pipeline: nameOf(name), bytes: load(name) }))
    .filter(({ bytes }) => isNextflow(bytes));
  if (files.length === 0) return unknownFormat(path);
  return { trace: nonEmpty(readNfcore(basename(path), files, readsAsInput), path), lotaru: null };
}

const nameOf = (path: string): string => basename(path).replace(/(\.swf|\.csv)?(\.gz|\.zip)?$/, "");

const isSwf = (path: string): boolean => /\.swf(\.gz|\.zip)?$/.test(path);

const isNextflow = (bytes: Buffer): boolean => /^task_id,.*realtime/.test(firstLine(bytes));

function firstLine(bytes: Buffer): string {
  const end = bytes.indexOf(0x0a);
  return bytes.toString("utf8", 0, end === -1 ? bytes.length : end);
}

function nonEmpty(trace: Trace, path: string): Trace {
  if (trace.rows === 0) throw new FormatError(`${path}: no run with a submission and a duration`);
  return trace;
}

function unknownFormat(path: string): never {
  throw new FormatError(
    `${path}: expected SWF (.swf), a Nextflow trace (.csv with task_id and realtime), or a directory of such or of Lotaru's execution_reports*.csv`,
  );
}

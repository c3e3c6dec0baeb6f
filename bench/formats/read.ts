/**
 * Reads an instance of any format. The family, which is the name of its folder, says which; so does
 * the ending of the file where it is a format's own.
 *
 *   const { problem } = readInstance("data/rcpsp-j30/j301_1.sm");
 *   const { problem } = readInstance("data/stg50/rand0000.stg@p4");
 */
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { unpack } from "./archive.js";
import { readAssemblyShop } from "./assembly-shop.js";
import { readDot } from "./dot.js";
import { readHeterogeneous } from "./heterogeneous-csv.js";
import type { Instance, Read } from "./instance.js";
import { readFlexibleJobShop, readJobShop } from "./job-shop.js";
import { FormatError } from "./numbers.js";
import { readPatterson } from "./patterson.js";
import { readPsplib } from "./psplib.js";
import { readStg } from "./stg.js";
import { readUnrelated } from "./unrelated.js";
import { type ClusterFile, defaultCluster, readRecordedWorkflow } from "./workflow.js";

export const formats = [
  "psplib",
  "patterson",
  "job-shop",
  "flexible-job-shop",
  "assembly-shop",
  "unrelated",
  "stg",
  "dot",
  "heterogeneous",
  "wfformat",
] as const;
export type Format = (typeof formats)[number];

export interface ReadOptions {
  /** Default: by the ending of the file and the name of its folder. */
  readonly format?: Format;
  /** Default: the name of the folder. */
  readonly family?: string;
  /** For recorded workflows. Default: four nodes of four cores. */
  readonly cluster?: ClusterFile;
}

/** `path` may end in `@pN`, the number of processors. Throws `FormatError`. */
export function readInstance(path: string, options: ReadOptions = {}): Instance {
  const { file, processors } = splitPath(path);
  const family = options.family ?? basename(dirname(file));
  const format = options.format ?? formatOf(file);
  if (format === null) throw new FormatError(`${file}: of no known format`);
  const cluster = options.cluster ?? defaultCluster;
  try {
    const read = readers[format](file, { processors, cluster });
    return { instance: `${family}/${nameOf(path)}`, family, ...read };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(`${file}: ${error.message}`);
  }
}

/** null: no format that is read here. */
export function formatOf(path: string): Format | null {
  const name = basename(path).replace(/\.gz$/, "");
  const family = basename(dirname(path));
  if (/\.(sm|mm)$/.test(name)) return "psplib";
  if (name.endsWith(".rcp")) return "patterson";
  if (name.endsWith(".stg")) return "stg";
  if (name.endsWith(".dot")) return "dot";
  if (name.endsWith(connectivity)) return "heterogeneous";
  if (name.endsWith(".json")) return "wfformat";
  if (!/\.(txt|zip|jsp|fjs)$/.test(name)) return null;
  if (family.startsWith("jobshop") || name.endsWith(".jsp")) return "job-shop";
  if (family.startsWith("fjsp") || name.endsWith(".fjs")) return "flexible-job-shop";
  if (family.startsWith("fajsp")) return "assembly-shop";
  if (family.startsWith("rcmax")) return "unrelated";
  return null;
}

/** What the file is called in lists of best known values. */
export function nameOf(path: string): string {
  const { file, processors } = splitPath(path);
  const name = basename(file)
    .replace(/\.gz$/, "")
    .replace(connectivity, "")
    .replace(/\.(sm|mm|rcp|stg|dot|json|txt|zip|jsp|fjs)$/, "");
  return processors === null ? name : `${name}@p${processors}`;
}

const connectivity = "_task_connectivity.csv";

interface Context {
  readonly processors: number | null;
  readonly cluster: ClusterFile;
}

const textOf = (file: string): string => unpack(readFileSync(file)).toString("utf8");

const readers: Readonly<Record<Format, (file: string, context: Context) => Read>> = {
  psplib: (file) => readPsplib(textOf(file)),
  patterson: (file) => readPatterson(textOf(file)),
  "job-shop": (file) => readJobShop(textOf(file)),
  "flexible-job-shop": (file) => readFlexibleJobShop(textOf(file)),
  "assembly-shop": (file) => readAssemblyShop(textOf(file)),
  unrelated: (file) => readUnrelated(textOf(file)),
  stg: (file, { processors }) => {
    if (processors === null) throw new FormatError("say how many processors: …/file.stg@p4");
    return readStg(textOf(file), processors);
  },
  dot: (file, { processors }) => readDot(textOf(file), processors),
  heterogeneous: (file) => {
    const beside = (ending: string): string =>
      textOf(join(dirname(file), `${nameOf(file)}${ending}`));
    return readHeterogeneous({
      connectivity: textOf(file),
      times: beside("_task_exe_time.csv"),
      bandwidth: beside("_resource_BW.csv"),
    });
  },
  wfformat: (file, { cluster }) => readRecordedWorkflow(textOf(file), cluster),
};

function splitPath(path: string): { readonly file: string; readonly processors: number | null } {
  const match = path.match(/^(.*)@p(\d+)$/);
  return match === null
    ? { file: path, processors: null }
    : { file: match[1] ?? "", processors: Number(match[2]) };
}

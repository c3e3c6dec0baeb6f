/** What data pays between workers, as columns. */
import { type ClusterLinks, defaultLinks, type LinkQuality } from "../../core/links.js";
import type { LinkColumns } from "../../core/problem.js";
import type { WorkerTable } from "./problem-workers.js";
import type { State } from "./state.js";

const gibibits = 8 * 2 ** 30;
const gibibyteKib = 2 ** 20;

export interface LinkTable {
  /** Distinct names; workers without one share the empty name. */
  readonly names: readonly string[];
  /** [names × names] */
  readonly quality: readonly LinkQuality[];
}

export function describeLinks(state: State, { linkNames: names }: WorkerTable): LinkTable {
  const links = state.settings.links ?? defaultLinks;
  const quality = names.flatMap((from) => names.map((to) => qualityOf(links, from, to)));
  return { names, quality };
}

function qualityOf({ named, otherwise }: ClusterLinks, from: string, to: string): LinkQuality {
  const found = named.find(({ a, b }) => (a === from && b === to) || (a === to && b === from));
  return found ?? otherwise;
}

/** The longest that this much may travel between two workers. */
export function longestTransferMs({ quality }: LinkTable, kib: number): number {
  let longest = 0;
  for (const link of quality) {
    longest = Math.max(longest, link.latencyMs + (kib / gibibyteKib) * perGibMs(link));
  }
  return longest;
}

export function linkColumns({ names, quality }: LinkTable, tickMs: number): LinkColumns {
  const ticks = (ms: number): number => Math.ceil(ms / tickMs);
  return {
    count: names.length,
    latency: Int32Array.from(quality, ({ latencyMs }) => ticks(latencyMs)),
    perGib: Int32Array.from(quality, (link) => ticks(perGibMs(link))),
  };
}

const perGibMs = ({ bandwidthBps }: LinkQuality): number => (gibibits / bandwidthBps) * 1_000;

export const noLinks: LinkColumns = {
  count: 0,
  latency: new Int32Array(0),
  perGib: new Int32Array(0),
};

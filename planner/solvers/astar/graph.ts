/** What best-first search needs of a model again and again, over workers sorted by kind. */
import { never, type ProcessorModel } from "../../processors/model.js";
import { longestPaths } from "../../processors/paths.js";

/** Sets of activities are two words. */
export const activitiesMax = 62;
/** A finish and a worker share a word of a key. */
export const finishMax = 2 ** 25;
export const workersMax = 31;

export interface Graph {
  readonly model: ProcessorModel;
  readonly n: number;
  readonly m: number;
  readonly head: Int32Array;
  readonly tail: Int32Array;
  /** [m] Worker of the model at each place: workers of one kind follow one another. */
  readonly workerAt: Int32Array;
  /** [m] First place of the same kind. */
  readonly kindFirst: Int32Array;
  /** [n × m] by place. */
  readonly duration: Int32Array;
  readonly earliest: Int32Array;
  readonly linkAt: Int32Array;
  /** [n × 2] Sets of predecessors and successors. */
  readonly before: Int32Array;
  readonly after: Int32Array;
  /** [n] The longest that anything waits for the data, from the end. */
  readonly longestWait: Int32Array;
  /** [n] An activity of lower index that this one is interchangeable with, or -1. */
  readonly twin: Int32Array;
  /** [n] By falling tail. */
  readonly byTail: Int32Array;
}

export function graphOfModel(model: ProcessorModel): Graph {
  const { activities: n, workers: m, arcs, kind } = model;
  const { head, tail } = longestPaths(model);
  const workerAt = Int32Array.from(kind, (_, worker) => worker).sort(
    (a, b) => (kind[a] as number) - (kind[b] as number) || a - b,
  );
  const before = new Int32Array(2 * n);
  const after = new Int32Array(2 * n);
  const longestWait = new Int32Array(n);
  for (let arc = 0; arc < arcs.count; arc++) {
    const from = arcs.from[arc] as number;
    const to = arcs.to[arc] as number;
    addTo(before, to, from);
    addTo(after, from, to);
    let longest = Math.max(longestWait[from] as number, arcs.lag[arc] as number);
    const width = arcs.links * arcs.links;
    for (let pair = arc * width; pair < (arc + 1) * width; pair++) {
      const ticks = arcs.apart[pair] as number;
      if (ticks < never) longest = Math.max(longest, ticks);
    }
    longestWait[from] = longest;
  }
  const byPlace = (column: Int32Array): Int32Array =>
    column.map((_, at) => column[at - (at % m) + (workerAt[at % m] as number)] as number);
  return {
    model,
    n,
    m,
    head,
    tail,
    workerAt,
    kindFirst: workerAt.map((worker) =>
      workerAt.findIndex((other) => kind[other] === kind[worker]),
    ),
    duration: byPlace(model.duration),
    earliest: byPlace(model.earliest),
    linkAt: workerAt.map((worker) => arcs.linkOf[worker] as number),
    before,
    after,
    longestWait,
    twin: twinsOf(model),
    byTail: Int32Array.from(tail, (_, activity) => activity).sort(
      (a, b) => (tail[b] as number) - (tail[a] as number) || a - b,
    ),
  };
}

/** Sets as pairs of words, 31 activities in each so that no sign is ever in the way. */
export function addTo(sets: Int32Array, set: number, member: number): void {
  const at = set * 2 + (member >= 31 ? 1 : 0);
  sets[at] = (sets[at] as number) | (1 << (member % 31));
}

/**
 * Activities with the same durations, releases, predecessors and successors, and the same lags and
 * transfers to them, can change places in any schedule.
 */
function twinsOf(model: ProcessorModel): Int32Array {
  const { activities: n, workers: m, arcs } = model;
  const described = new Map<string, number>();
  return Int32Array.from({ length: n }, (_, activity) => {
    const row = (column: Int32Array): string =>
      column.subarray(activity * m, (activity + 1) * m).join();
    const arc = (other: Int32Array, of: number): string => {
      const width = arcs.links * arcs.links;
      const ticks = arcs.apart.subarray(of * width, (of + 1) * width).join();
      return `${other[of]}:${arcs.lag[of]}:${ticks}`;
    };
    const into: string[] = [];
    for (let of = arcs.into[activity] as number; of < (arcs.into[activity + 1] as number); of++) {
      into.push(arc(arcs.from, of));
    }
    const out: string[] = [];
    for (let at = arcs.out[activity] as number; at < (arcs.out[activity + 1] as number); at++) {
      out.push(arc(arcs.to, arcs.outArc[at] as number));
    }
    const description = [
      row(model.duration),
      row(model.earliest),
      model.delivery[activity],
      into.sort().join(";"),
      out.sort().join(";"),
    ].join("|");
    const twin = described.get(description) ?? -1;
    described.set(description, activity);
    return twin;
  });
}

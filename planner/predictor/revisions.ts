/**
 * Estimates that have changed, by the sequence at which they did: who asks again with the same
 * records, because the answer was lost, is told the same again.
 */
import type { RevisedEstimate } from "../../core/prediction.js";

/** More than one request can bring about, but for the choice of another model. */
const kept = 16_384;

export interface Revisions {
  /** In order of sequences. */
  add(sequence: number, revised: RevisedEstimate): void;
  /** The last of each key at or behind the sequence. */
  since(sequence: number): RevisedEstimate[];
}

export function createRevisions(): Revisions {
  let all: { readonly sequence: number; readonly revised: RevisedEstimate }[] = [];
  return {
    add(sequence, revised) {
      all.push({ sequence, revised });
      if (all.length > 2 * kept) all = all.slice(-kept);
    },
    since(sequence) {
      const latest = new Map<string, RevisedEstimate>();
      for (let at = all.length - 1; at >= 0; at--) {
        const one = all[at];
        if (one === undefined || one.sequence < sequence) break;
        if (!latest.has(one.revised.key)) latest.set(one.revised.key, one.revised);
      }
      return [...latest.values()].reverse();
    },
  };
}

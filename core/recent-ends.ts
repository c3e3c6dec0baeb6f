/**
 * How the last attempts of each kind have ended, where that was their own doing: what their risk of
 * failing is told by. A fold of observations, bounded in two generations.
 */
import { admitTo, emptyGenerations, findIn, type Generations } from "./generations.js";

const kindsMax = 20_000;
const recentMax = 20;

export type RecentEnds = Generations<Ends>;

interface Ends {
  /** A letter for each, oldest first. */
  marks: string;
}

const failedMark = "x";
const wellMark = "o";

export interface EndCounts {
  readonly ends: number;
  /** At most `ends`. */
  readonly failures: number;
}

export const noEnds = (): RecentEnds => emptyGenerations();

/** In place. */
export function observeEnd(known: RecentEnds, kind: string, failed: boolean): void {
  const ends = admitTo(known, kind, kindsMax, () => ({ marks: "" }));
  ends.marks = (ends.marks + (failed ? failedMark : wellMark)).slice(-recentMax);
}

/** Of the last 20 at most. */
export function countEnds(known: RecentEnds, kind: string): EndCounts {
  const { marks } = findIn(known, kind) ?? { marks: "" };
  return { ends: marks.length, failures: marks.split(failedMark).length - 1 };
}

/** For snapshots. */
export interface PlainEnds {
  readonly young: readonly PlainKind[];
  readonly old: readonly PlainKind[];
}

type PlainKind = readonly [kind: string, marks: string];

export function plainEnds({ young, old }: RecentEnds): PlainEnds {
  const plain = (all: RecentEnds["young"]): PlainKind[] =>
    Array.from(all, ([kind, { marks }]) => [kind, marks]);
  return { young: plain(young), old: plain(old) };
}

/** `plainEnds` undone. */
export function endsOfPlain({ young, old }: PlainEnds): RecentEnds {
  const kinds = (all: readonly PlainKind[]): RecentEnds["young"] =>
    new Map(all.map(([kind, marks]) => [kind, { marks }]));
  return { young: kinds(young), old: kinds(old) };
}

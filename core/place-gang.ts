/** Places the members of a gang, which start at one instant or not at all. */
import { type Decoding, findBest } from "./choose-place.js";
import { commit, takeBack } from "./commit-place.js";
import { none } from "./problem.js";

/** Each round moves the common start to where the first member that finds no room finds some. */
export function placeGang(state: Decoding, members: Int32Array): boolean {
  const { window } = state;
  const { horizon } = state.prepared.problem;
  let from = 0;
  for (const task of members) from = Math.max(from, state.ready[task] as number);
  const groups = snapshot(state);
  let placed = 0;
  for (let round = 0; placed < members.length && round < gangRoundsMax; round++) {
    placed = 0;
    window.from = from;
    window.to = from;
    let next: number = none;
    while (placed < members.length && next === none) {
      const task = members[placed] as number;
      findBest(state, task);
      if (state.best.worker === none) {
        window.to = horizon;
        window.byStart = true;
        findBest(state, task);
        window.byStart = false;
        next = state.best.worker === none ? horizon + 1 : state.best.start;
      } else {
        commit(state, task);
        placed++;
      }
    }
    if (placed === members.length) break;
    while (placed > 0) takeBack(state, members[--placed] as number);
    restore(state, groups);
    if (next > horizon) break;
    // Room that only the others' places denied: look one tick later.
    from = Math.max(next, from + 1);
  }
  window.from = 0;
  window.to = horizon;
  return placed === members.length;
}

/** A gang that finds no common start in so many tries is given up. */
const gangRoundsMax = 10_000;

/** What groups have noted so far; a gang's members may be in other groups too. */
interface Noted {
  readonly taken: Int32Array;
  readonly used: readonly ReadonlySet<number>[];
}

const snapshot = ({ groups }: Decoding): Noted => ({
  taken: groups.taken.slice(),
  used: groups.used.map((domains) => new Set(domains)),
});

function restore({ groups }: Decoding, noted: Noted): void {
  groups.taken.set(noted.taken);
  groups.used.forEach((domains, group) => {
    domains.clear();
    for (const domain of noted.used[group] ?? []) domains.add(domain);
  });
}

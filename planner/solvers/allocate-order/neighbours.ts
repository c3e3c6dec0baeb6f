/**
 * The earliest moment at which an activity can have the data of all that it waits for, given what
 * is decided; and, read backwards, the least time from its end to the makespan over all that wait
 * for it. Sources that may still be on the activity's worker either are, and queue there, or send.
 */
import { apart, type Partial, together } from "./partial.js";
import { arcTicks, type Propagation } from "./propagation.js";

export function neighbourBound(
  run: Propagation,
  state: Partial,
  activity: number,
  forward: boolean,
): number {
  const { model, arcsScratch: scratch } = run;
  const { arcs, activities } = model;
  const { duration, pair } = state;
  const ready = forward ? state.head : state.tail;
  const first = (forward ? arcs.into[activity] : arcs.out[activity]) as number;
  const last = (forward ? arcs.into[activity + 1] : arcs.out[activity + 1]) as number;
  const width = arcs.count + 1;
  let sure = 0;
  let open = 0;
  for (let at = first; at < last; at++) {
    const arc = forward ? at : (arcs.outArc[at] as number);
    const other = (forward ? arcs.from[arc] : arcs.to[arc]) as number;
    const end = (ready[other] as number) + (duration[other] as number);
    const near = end + arcTicks(model, state, arc);
    if (near > sure) sure = near;
    const flags = pair[other * activities + activity] as number;
    if ((flags & (together | apart)) !== 0) continue;
    const far = end + (arcs.apartMin[arc] as number);
    if (far <= near) continue;
    // By falling arrival from elsewhere.
    let place = open++;
    while (place > 0 && (scratch[width + place - 1] as number) < far) {
      scratch[place] = scratch[place - 1] as number;
      scratch[width + place] = scratch[width + place - 1] as number;
      place--;
    }
    scratch[place] = other;
    scratch[width + place] = far;
  }
  if (open < 2) return sure;
  return Math.max(sure, openBound(run, ready, duration, open, sure));
}

/** Least over k of: the first k share the activity's worker, the next one sends. */
function openBound(
  { arcsScratch: scratch, model }: Propagation,
  ready: Int32Array,
  duration: Int32Array,
  open: number,
  sure: number,
): number {
  const width = model.arcs.count + 1;
  const local = 2 * width;
  let best = scratch[width] as number;
  for (let k = 1; k <= open && best > sure; k++) {
    const added = scratch[k - 1] as number;
    let place = local + k - 1;
    while (place > local) {
      const earlier = scratch[place - 1] as number;
      if ((ready[earlier] as number) <= (ready[added] as number)) break;
      scratch[place] = earlier;
      place--;
    }
    scratch[place] = added;
    let end = 0;
    for (let at = local; at < local + k; at++) {
      const of = scratch[at] as number;
      if ((ready[of] as number) > end) end = ready[of] as number;
      end += duration[of] as number;
    }
    const arrives = k < open ? (scratch[width + k] as number) : 0;
    best = Math.min(best, Math.max(end, arrives));
    if (end >= arrives) break;
  }
  return best;
}

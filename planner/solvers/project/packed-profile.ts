/**
 * A profile with one 32-bit word per tick: the free amounts of all resources side by side, each
 * under a guard bit. Whether all of them cover a demand is one subtraction: a field that is too
 * small borrows from its guard.
 */
import type { Profile } from "./profile.js";
import type { Project } from "./project.js";

export interface Packing {
  /** Guard bits of all fields. */
  readonly guards: number;
  /** Everything free, guards set. */
  readonly full: number;
  /** Of each field in use: its lowest bit, and what covers it there. */
  readonly fields: readonly { readonly shift: number; readonly mask: number }[];
  /** [modes] */
  readonly demand: Int32Array;
  /** [span + 1] Free amounts with only the blocked intervals taken. */
  readonly base: Int32Array;
}

/** null if the resources do not fit into 32 bits. */
export function packingOf(project: Project): Packing | null {
  const { resources, capacity, demand, duration, span, blocked } = project;
  const shift = new Int32Array(resources);
  const scale = new Int32Array(resources).fill(1);
  const fields: { shift: number; mask: number }[] = [];
  let guards = 0;
  let full = 0;
  let bit = 0;
  for (let k = 0; k < resources; k += 1) {
    shift[k] = bit;
    if (!isEverTaken(project, k)) {
      shift[k] = 32;
      continue;
    }
    scale[k] = commonDivisor(project, k);
    const amount = Math.floor((capacity[k] as number) / (scale[k] as number));
    const width = 32 - Math.clz32(amount);
    if (bit + width + 1 > 32) return null;
    fields.push({ shift: bit, mask: 2 ** width - 1 });
    full |= amount << bit;
    guards |= 1 << (bit + width);
    bit += width + 1;
  }
  const pack = (amounts: (k: number) => number): number => {
    let word = 0;
    for (let k = 0; k < resources; k += 1) {
      const at = shift[k] as number;
      if (at < 32) word += (amounts(k) / (scale[k] as number)) << at;
    }
    return word | 0;
  };
  const packed = Int32Array.from(duration, (_, mode) =>
    pack((k) => demand[mode * resources + k] as number),
  );
  const taken = new Int32Array((span + 1) * resources);
  for (const { from, to, use } of blocked) {
    for (let at = from; at < Math.min(to, span); at += 1) {
      use.forEach((amount, k) => {
        const place = at * resources + k;
        taken[place] = (taken[place] as number) + amount;
      });
    }
  }
  const base = new Int32Array(span + 1).fill(full | guards);
  if (blocked.length > 0) {
    for (let at = 0; at <= span; at += 1) {
      const word = pack((k) => {
        const unit = scale[k] as number;
        const free = (capacity[k] as number) - (taken[at * resources + k] as number);
        return Math.max(0, Math.floor(free / unit)) * unit;
      });
      base[at] = word | guards;
    }
  }
  return { guards, full: full | guards, fields, demand: packed, base };
}

function isEverTaken({ demand, resources, duration }: Project, k: number): boolean {
  return duration.some((ticks, mode) => ticks > 0 && (demand[mode * resources + k] as number) > 0);
}

/** Of all demands for the resource: what is left of the capacity below it is of no use. */
function commonDivisor({ demand, resources, duration }: Project, k: number): number {
  let divisor = 0;
  for (let mode = 0; mode < duration.length; mode += 1) {
    let other = demand[mode * resources + k] as number;
    while (other > 0) [divisor, other] = [other, divisor % other];
  }
  return Math.max(1, divisor);
}

export function createPackedProfile(project: Project, packing: Packing): Profile {
  const { guards, demand, base } = packing;
  const { span } = project;
  const free = base.slice();
  return {
    reset: () => free.set(base),
    earliest: (mode, duration, from) => {
      const word = demand[mode] as number;
      let start = from;
      let at = start + duration - 1;
      while (at >= start) {
        if ((((free[at] as number) - word) & guards) === guards) at -= 1;
        else {
          start = at + 1;
          at = start + duration - 1;
          if (at > span) return start;
        }
      }
      return start;
    },
    latest: (mode, duration, from) => {
      const word = demand[mode] as number;
      let start = from;
      let at = start;
      while (start >= 0 && at < start + duration) {
        if ((((free[at] as number) - word) & guards) === guards) at += 1;
        else {
          start = at - duration;
          at = start;
        }
      }
      return start;
    },
    take: (mode, start, duration) => {
      const word = demand[mode] as number;
      const end = start + duration;
      for (let at = start; at < end; at += 1) free[at] = (free[at] as number) - word;
    },
  };
}

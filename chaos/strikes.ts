/** Who is hit, when, and for how long: all of it from the seed, before anything has begun. */
import { randomInteger, seededRandom } from "../core/random.js";

/** `kill`: kill -9, and started again. `hold`: SIGSTOP, then SIGCONT. */
export type Act = "kill" | "hold";

export const roles = ["master", "planner", "agent", "supervisor"] as const;
export type Role = (typeof roles)[number];

export interface Strike {
  readonly atMs: number;
  readonly act: Act;
  readonly role: Role;
  /** Index of the worker that an agent or a supervisor belongs to. */
  readonly worker: number;
  /** How long what was killed stays away, or what is held stands still. */
  readonly forMs: number;
}

export interface StrikeOptions {
  readonly seed: number;
  readonly kills: number;
  readonly holds: number;
  readonly workers: number;
  /** They are spread evenly over so long, each somewhere in its own share. */
  readonly withinMs: number;
}

/** In the order of their time. */
export function drawStrikes({ seed, kills, holds, workers, withinMs }: StrikeOptions): Strike[] {
  const random = seededRandom(seed);
  const acts: Act[] = [
    ...Array.from({ length: kills }, (): Act => "kill"),
    ...Array.from({ length: holds }, (): Act => "hold"),
  ];
  shuffle(acts, random);
  const shareMs = withinMs / Math.max(1, acts.length);
  return acts.map(
    (act, index): Strike => ({
      atMs: (index + random()) * shareMs,
      act,
      role: drawRole(random),
      worker: randomInteger(random, workers),
      // Most are over before anybody counts as lost; some last longer than that.
      forMs: 100 * 2 ** (random() * 6.5),
    }),
  );
}

/** Workers are many and masters are one, but a master has more to lose. */
const shares: readonly (readonly [Role, number])[] = [
  ["master", 0.3],
  ["planner", 0.1],
  ["agent", 0.3],
  ["supervisor", 0.3],
];

function drawRole(random: () => number): Role {
  let left = random();
  for (const [role, share] of shares) {
    left -= share;
    if (left < 0) return role;
  }
  return "supervisor";
}

function shuffle<T>(items: T[], random: () => number): void {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = randomInteger(random, last + 1);
    const [a, b] = [items[last], items[other]];
    if (a === undefined || b === undefined) return;
    items[last] = b;
    items[other] = a;
  }
}

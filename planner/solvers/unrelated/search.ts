/**
 * Simulated annealing over assignments, guided by prices. It looks for an assignment in which no load
 * is above a target, one below the best makespan known: what it lowers is the sum of reduced costs
 * and of what loads are above the target, at twice the worker's price. A move shifts a task to one of
 * its cheapest workers, by reduced cost, or exchanges it with a task there. When the target is met it
 * is lowered. Each round of cooling is longer than the one before.
 */
import { coolingFactor, exponential, exponentialMask } from "./cooling.js";
import type { Prices } from "./prices.js";
import type { UnrelatedView } from "./view.js";

/** Workers tried for a task: those of least reduced cost. */
const candidatesMax = 8;
/** Of a load above the target, in prices. */
const overloadPrice = 2;
/** Between two looks at the clock, and two steps of cooling. */
const stride = 1024;
const coolingRatio = 0.01;
const roundGrowth = 1.3;
const roundsGrown = 20;

export class AssignmentSearch {
  /** Ticks; the makespan of `best`. */
  bestTicks: number;
  readonly best: Int32Array;
  /** Moves tried. */
  moves = 0;

  readonly #view: UnrelatedView;
  readonly #prices: Prices;
  readonly #width: number;
  /** [tasks × width] workers by reduced cost. */
  readonly #candidate: Int32Array;
  readonly #assigned: Int32Array;
  readonly #load: Float64Array;
  /** [workers × tasks] the tasks of each worker, in any order, and where each task stands in it. */
  readonly #list: Int32Array;
  readonly #count: Int32Array;
  readonly #place: Int32Array;
  readonly #weight: Float64Array;
  readonly #unit: number;
  #target: number;
  #temperature = 0;
  #factor = 1;
  #stridesLeft = 0;
  #round = 0;
  #state: number;

  constructor(view: UnrelatedView, prices: Prices, seed: number) {
    const { tasks, workers } = view;
    this.#view = view;
    this.#prices = prices;
    this.#width = Math.min(workers, candidatesMax);
    this.#candidate = cheapestWorkers(view, prices, this.#width);
    this.#assigned = firstAssignment(view, prices, this.#candidate, this.#width);
    this.#load = Float64Array.from(view.busyUntil);
    this.#list = new Int32Array(workers * tasks.length);
    this.#count = new Int32Array(workers);
    this.#place = new Int32Array(tasks.length);
    this.#weight = prices.price.map((price) => price * overloadPrice);
    // A temperature is a share of what a task pays on average.
    this.#unit = (0.15 * prices.bound) / Math.max(1, tasks.length);
    this.#state = (seed ^ 0x9e3779b9) | 1;
    this.best = this.#assigned.slice();
    this.#recount();
    this.bestTicks = this.#makespan();
    this.#target = this.bestTicks - 1;
  }

  /** Makes `stride` moves; true if a better assignment was found. */
  run(): boolean {
    if (this.#stridesLeft === 0) this.#beginRound();
    const before = this.bestTicks;
    for (let move = 0; move < stride; move += 1) this.#move();
    this.moves += stride;
    this.#temperature *= this.#factor;
    this.#stridesLeft -= 1;
    return this.bestTicks < before;
  }

  /** Somebody else has a schedule of this makespan: only better ones are of interest. */
  aimBelow(ticks: number): void {
    this.#target = Math.min(this.#target, ticks - 1);
  }

  #beginRound(): void {
    const grown = Math.min(this.#round, roundsGrown);
    let moves = Math.max(20_000, this.#view.time.length * 20);
    for (let k = 0; k < grown; k += 1) moves *= roundGrowth;
    this.#stridesLeft = Math.ceil(moves / stride);
    this.#factor = coolingFactor(coolingRatio, this.#stridesLeft);
    // Rounds begin at different heights: some only rearrange what the last one left.
    const height = this.#round === 0 ? 1 : 0.3 + 0.7 * this.#uniform();
    this.#temperature = this.#unit * height;
    this.#round += 1;
  }

  #move(): void {
    const { time, workers, tasks } = this.#view;
    const { reduced } = this.#prices;
    const load = this.#load;
    const row = Math.floor(this.#uniform() * tasks.length);
    const from = this.#assigned[row] as number;
    const choice = Math.floor(this.#uniform() * this.#width);
    const to = this.#candidate[row * this.#width + choice] as number;
    if (to === from) return;
    const draw = this.#next();
    const limit = this.#temperature * (exponential[(draw >>> 8) & exponentialMask] as number);
    const cell = row * workers;
    let delta = (reduced[cell + to] as number) - (reduced[cell + from] as number);
    let fromLoad = (load[from] as number) - (time[cell + from] as number);
    let toLoad = (load[to] as number) + (time[cell + to] as number);
    let other = -1;
    const count = this.#count[to] as number;
    if ((draw & 1) === 1 && count > 0) {
      other = this.#list[to * tasks.length + Math.floor(this.#uniform() * count)] as number;
      const otherCell = other * workers;
      delta += (reduced[otherCell + from] as number) - (reduced[otherCell + to] as number);
      fromLoad += time[otherCell + from] as number;
      toLoad -= time[otherCell + to] as number;
    }
    if (delta === Number.POSITIVE_INFINITY) return;
    const target = this.#target;
    const over = (value: number): number => (value > target ? value - target : 0);
    delta += (this.#weight[from] as number) * (over(fromLoad) - over(load[from] as number));
    delta += (this.#weight[to] as number) * (over(toLoad) - over(load[to] as number));
    if (delta > limit) return;
    load[from] = fromLoad;
    load[to] = toLoad;
    this.#take(row);
    if (other >= 0) {
      this.#take(other);
      this.#put(other, from);
    }
    this.#put(row, to);
    if (fromLoad <= target && toLoad <= target) this.#keepIfBetter();
  }

  #keepIfBetter(): void {
    const makespan = this.#makespan();
    if (makespan > this.#target) return;
    this.bestTicks = makespan;
    this.best.set(this.#assigned);
    this.#target = makespan - 1;
  }

  #makespan(): number {
    let longest = 0;
    for (const load of this.#load) if (load > longest) longest = load;
    return longest;
  }

  #recount(): void {
    const { time, workers } = this.#view;
    this.#assigned.forEach((worker, row) => {
      this.#put(row, worker);
      const ticks = time[row * workers + worker] as number;
      this.#load[worker] = (this.#load[worker] as number) + ticks;
    });
  }

  #put(row: number, worker: number): void {
    const at = this.#count[worker] as number;
    this.#list[worker * this.#view.tasks.length + at] = row;
    this.#place[row] = at;
    this.#count[worker] = at + 1;
    this.#assigned[row] = worker;
  }

  #take(row: number): void {
    const worker = this.#assigned[row] as number;
    const first = worker * this.#view.tasks.length;
    const last = (this.#count[worker] as number) - 1;
    const at = this.#place[row] as number;
    const moved = this.#list[first + last] as number;
    this.#list[first + at] = moved;
    this.#place[moved] = at;
    this.#count[worker] = last;
  }

  /** 32 random bits: xorshift (Marsaglia 2003), in place, for a call of a closure costs as much as a move. */
  #next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  #uniform(): number {
    return this.#next() / 2 ** 32;
  }
}

function cheapestWorkers(
  { tasks, workers }: UnrelatedView,
  { reduced }: Prices,
  width: number,
): Int32Array {
  const cheapest = new Int32Array(tasks.length * width);
  const order = Array.from({ length: workers }, (_, worker) => worker);
  for (let row = 0; row < tasks.length; row += 1) {
    const first = row * workers;
    const cost = (worker: number): number => reduced[first + worker] as number;
    // Infinite costs are equal, and their difference is not a number.
    const sorted = [...order].sort((a, b) => (cost(a) === cost(b) ? a - b : cost(a) - cost(b)));
    for (let k = 0; k < width; k += 1) cheapest[row * width + k] = sorted[k] as number;
  }
  return cheapest;
}

/** Tasks with most to lose first, each where load and reduced cost together are least. */
function firstAssignment(
  { tasks, workers, time, busyUntil }: UnrelatedView,
  { reduced }: Prices,
  candidate: Int32Array,
  width: number,
): Int32Array {
  const cost = (row: number, k: number): number =>
    reduced[row * workers + (candidate[row * width + k] as number)] as number;
  const regret = Float64Array.from(tasks, (_, row) =>
    width > 1 ? Math.min(cost(row, 1), Number.MAX_VALUE) : 0,
  );
  const order = Array.from(tasks, (_, row) => row).sort(
    (a, b) => (regret[b] as number) - (regret[a] as number) || a - b,
  );
  const load = Float64Array.from(busyUntil);
  const assigned = new Int32Array(tasks.length);
  for (const row of order) {
    let best = candidate[row * width] as number;
    let least = Number.POSITIVE_INFINITY;
    for (let k = 0; k < width; k += 1) {
      const worker = candidate[row * width + k] as number;
      const end = (load[worker] as number) + (time[row * workers + worker] as number);
      const price = end + 2 * workers * cost(row, k);
      if (price < least) {
        least = price;
        best = worker;
      }
    }
    assigned[row] = best;
    load[best] = (load[best] as number) + (time[row * workers + best] as number);
  }
  return assigned;
}

import { describe, expect, it } from "vitest";
import { emptyStatistics, estimate, observe } from "./estimate.js";
import { seededRandom } from "./random.js";
import {
  addClasses,
  comparisonOf,
  emptyClass,
  emptyComparison,
  emptySpeed,
  factorOf,
  isTelling,
  observeSpeed,
  plainComparison,
  rebased,
  residualsMax,
  sayOf,
  settle,
  type WorkerSpeed,
} from "./worker-speed.js";

describe("the speed of a worker, learnt", () => {
  it("is the benchmark's as long as nothing speaks against it", () => {
    const cluster = new Cluster(4, 0.1);
    for (let round = 0; round < 100; round++) cluster.round([1, 1, 1, 1]);
    for (const factor of cluster.factors()) expect(Math.abs(Math.log(factor))).toBeLessThan(0.1);
  });

  it("corrects benchmarks that are wrong, against one another", () => {
    const cluster = new Cluster(4, 0.2);
    for (let round = 0; round < 200; round++) cluster.round([0.7, 1, 1.4, 1]);
    const [slow = 0, usual = 0, fast = 0] = cluster.factors();
    expect(usual / slow).toBeGreaterThan(1.25);
    expect(usual / slow).toBeLessThan(1.7);
    expect(fast / usual).toBeGreaterThan(1.25);
    expect(fast / usual).toBeLessThan(1.7);
  });

  it.each([2, 3, 8])(
    "of one of %i that has become half as fast is known to 15 % after 20 runs, and little is said of the rest",
    (workers) => {
      for (let seed = 1; seed <= 10; seed++) {
        const cluster = new Cluster(workers, 0.1, seed);
        const truth = new Array<number>(workers).fill(1);
        for (let round = 0; round < 60; round++) cluster.round(truth);
        truth[0] = 0.5;
        for (let round = 0; round < 20; round++) cluster.round(truth);
        const [slow = 0, ...rest] = cluster.factors();
        expect(slow / meanOf(rest)).toBeGreaterThan(0.5 * 0.85);
        expect(slow / meanOf(rest)).toBeLessThan(0.5 * 1.15);
        for (const other of rest) expect(Math.abs(other - 1)).toBeLessThan(0.25);
      }
    },
  );

  it("of one that has recovered is known as soon", () => {
    const cluster = new Cluster(3, 0.1);
    for (let round = 0; round < 60; round++) cluster.round([1, 1, 1]);
    for (let round = 0; round < 40; round++) cluster.round([0.5, 1, 1]);
    for (let round = 0; round < 20; round++) cluster.round([1, 1, 1]);
    const [recovered = 0, other = 1] = cluster.factors();
    expect(recovered / other).toBeGreaterThan(0.85);
    expect(recovered / other).toBeLessThan(1.15);
  });

  it("does not hang on single runs that went wrong", () => {
    const cluster = new Cluster(2, 0.05);
    for (let round = 0; round < 60; round++) cluster.round([1, 1]);
    const before = cluster.factors();
    for (let run = 0; run < 4; run++) cluster.run(0, 0.05);
    expect(cluster.factors()[1]).toBe(before[1]);
    expect(cluster.factors()[0]).toBeGreaterThan(0.85);
  });

  it("is not what has become of the work: if all takes twice as long, that is no worker's doing", () => {
    for (const workers of [2, 3, 8]) {
      const cluster = new Cluster(workers, 0.1);
      const truth = new Array<number>(workers).fill(1);
      for (let round = 0; round < 60; round++) cluster.round(truth);
      for (let round = 0; round < 100; round++) {
        cluster.round(truth, 2);
        expect(meanOf(cluster.factors())).toBeGreaterThan(0.75);
      }
      expect(Math.abs(Math.log(meanOf(cluster.factors())))).toBeLessThan(0.12);
    }
  });

  it("does not run away while work grows by the run, not even of a worker that is alone", () => {
    for (const workers of [1, 2, 3, 8]) {
      const cluster = new Cluster(workers, 0.1);
      const truth = new Array<number>(workers).fill(1);
      let longer = 1;
      for (let round = 0; round < 1_000; round++) {
        longer *= 1.001;
        cluster.round(truth, longer);
      }
      expect(longer).toBeGreaterThan(2.7);
      for (const factor of cluster.factors()) expect(Math.abs(Math.log(factor))).toBeLessThan(0.15);
    }
  });

  it("has no mean over workers, in the long run", () => {
    const cluster = new Cluster(3, 0.1);
    for (let round = 0; round < 500; round++) cluster.round([0.5, 0.7, 1]);
    expect(Math.abs(Math.log(meanOf(cluster.factors())))).toBeLessThan(0.1);
  });

  it("is that of its class until it has shown its own", () => {
    const known = learnt(new Array<number>(20).fill(-300));
    const others = addClasses(sayOf(known), sayOf(known), 1);
    const newcomer = emptySpeed();
    settle(newcomer, others);
    expect(newcomer.correction).toBeLessThan(-150);
    expect(newcomer.correction).toBeGreaterThan(-300);
    // Its own runs outweigh what the others say.
    const own = learnt(new Array<number>(20).fill(0), others);
    expect(Math.abs(own.correction)).toBeLessThanOrEqual(64);
    expect(addClasses(others, sayOf(known), -1)).toEqual(sayOf(known));
  });

  it("believes noisy runs less than quiet ones", () => {
    const quiet = learnt(Array.from({ length: 8 }, (_, run) => -300 + (run % 2)));
    const noisy = learnt(Array.from({ length: 8 }, (_, run) => -300 + (run % 2 ? 900 : -900)));
    expect(quiet.correction).toBeLessThan(noisy.correction);
  });

  it("moves in steps, and not for little", () => {
    const cluster = new Cluster(3, 0.3);
    const seen = new Set<number>();
    for (let round = 0; round < 200; round++) {
      cluster.round([1, 1, 1]);
      for (const { correction } of cluster.speeds) seen.add(correction);
    }
    for (const correction of seen) expect(Math.abs(correction % 64)).toBe(0);
    expect(seen.size).toBeLessThan(10);
  });

  it("outlives a benchmark that came out a little different, and no other machine", () => {
    const speed = learnt(new Array<number>(20).fill(-300));
    const before = 2 * factorOf(speed);
    const again = rebased(speed, 2, 2.1);
    expect(2.1 * factorOf(again)).toBeCloseTo(before, 2);
    expect(again.residuals).toHaveLength(20);
    expect(rebased(speed, 2, 3)).toEqual(emptySpeed());
  });

  it("is the same after it was written down", () => {
    const cluster = new Cluster(3, 0.3);
    for (let round = 0; round < 30; round++) cluster.round([0.6, 1, 1.5]);
    const copy = comparisonOf(JSON.parse(JSON.stringify(plainComparison(cluster.comparison))));
    expect(copy).toEqual(cluster.comparison);
    for (const { residuals } of cluster.speeds) {
      expect(residuals.length).toBeLessThanOrEqual(residualsMax);
      for (const residual of residuals) expect(Number.isInteger(residual)).toBe(true);
    }
  });
});

it("only predictions that rest on runs of the very kind judge a worker", () => {
  const statistics = emptyStatistics();
  expect(isTelling(estimate(statistics, ["kind", "all"]))).toBe(false);
  for (let run = 0; run < 30; run++) observe(statistics, ["other", "all"], 1_000);
  expect(isTelling(estimate(statistics, ["kind", "all"]))).toBe(false);
  for (let run = 0; run < 2; run++) observe(statistics, ["kind", "all"], 1_000);
  const predicted = estimate(statistics, ["kind", "all"]);
  expect(isTelling(predicted)).toBe(true);
  expect(predicted !== null && isTelling({ ...predicted, source: "user" })).toBe(false);
});

/** Workers that run like work, with statistics that learn from the very speeds that they teach. */
class Cluster {
  readonly comparison = emptyComparison();
  readonly speeds: readonly WorkerSpeed[];
  readonly #statistics = emptyStatistics();
  readonly #random: () => number;
  readonly #noise: number;

  constructor(workers: number, noise: number, seed = 1) {
    this.speeds = Array.from({ length: workers }, emptySpeed);
    this.#noise = noise;
    this.#random = seededRandom(seed);
  }

  /** One run on each worker; `truth`: how fast each is. */
  round(truth: readonly number[], longer = 1): void {
    truth.forEach((speed, worker) => {
      this.run(worker, speed / longer);
    });
  }

  run(worker: number, truth: number): void {
    const speed = this.speeds[worker] ?? emptySpeed();
    const size = 1 + Math.floor(3 * this.#random());
    const kind = `kind${size}`;
    const ranMs = (10_000 * size * Math.exp(this.#noise * normal(this.#random))) / truth;
    const predicted = estimate(this.#statistics, [kind, "all"]);
    if (isTelling(predicted)) {
      const run = { worker: `w${worker}`, kind, predictedMs: predicted.p50Ms, ranMs, benchmark: 1 };
      observeSpeed(this.comparison, speed, run, emptyClass);
    }
    observe(this.#statistics, [kind, "all"], ranMs * factorOf(speed));
  }

  factors(): number[] {
    return this.speeds.map(factorOf);
  }
}

const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

const meanOf = (factors: readonly number[]): number =>
  Math.exp(factors.reduce((sum, factor) => sum + Math.log(factor), 0) / factors.length);

function learnt(residuals: readonly number[], others = emptyClass): WorkerSpeed {
  const speed = { residuals: [...residuals], correction: 0 };
  settle(speed, others);
  return speed;
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  emptyStatistics,
  estimate,
  fromPlain,
  type GroupStatistics,
  groupsMax,
  observe,
  remaining,
  toPlain,
  weigh,
} from "./estimate.js";
import { seededRandom } from "./random.js";

const groups = ["train/large", "train", "tenant"];

describe("estimates from statistics", () => {
  it("know nothing before anything of any group was seen", () => {
    expect(estimate(emptyStatistics(), groups)).toBeNull();
    const statistics = observed(["other"], [10]);
    expect(estimate(statistics, groups)).toBeNull();
  });

  it("follow the group itself, however different its parents are", () => {
    const statistics = observed(["short", "tenant"], new Array<number>(40).fill(1_000));
    for (let run = 0; run < 40; run++) observe(statistics, ["long", "tenant"], 100_000);
    const short = estimate(statistics, ["short", "tenant"]);
    const long = estimate(statistics, ["long", "tenant"]);
    expect(short?.p50Ms).toBeGreaterThan(900);
    expect(short?.p50Ms).toBeLessThan(1_500);
    expect(long?.p50Ms).toBeGreaterThan(70_000);
    // A kind of task never seen takes what the tenant's tasks take.
    expect(estimate(statistics, ["new", "tenant"])?.p50Ms).toBeGreaterThan(1_500);
  });

  it("shrink a single run towards the parent: a = (n·median + 2·parent) / (n + 2) in logs", () => {
    const statistics = observed(["tenant"], [100, 100, 100]);
    observe(statistics, ["train"], 1_000);
    const expected = Math.exp((Math.log(1_000) + 2 * Math.log(100)) / 3);
    expect(estimate(statistics, ["train", "tenant"])?.p50Ms).toBe(Math.round(expected));
  });

  it("leave more room for tasks of which less is known, by what was wrong with such before", () => {
    const statistics = emptyStatistics();
    const random = seededRandom(3);
    const rangeOf = (kind: string): number => {
      const { p50Ms = 1, p90Ms = 1 } = estimate(statistics, [kind, "tenant"]) ?? {};
      return p90Ms / p50Ms;
    };
    // Kinds differ by a factor of up to a hundred, the runs of one kind hardly at all.
    const sizeOf = Array.from({ length: 60 }, () => 1_000 * 100 ** random());
    for (let run = 0; run < 30; run++) {
      for (const [kind, size] of sizeOf.entries()) {
        observe(statistics, [`kind${kind}`, "tenant"], size * (0.95 + 0.1 * random()));
      }
    }
    expect(rangeOf("kind7")).toBeLessThan(1.2);
    expect(rangeOf("new")).toBeGreaterThan(4);
    const covered = sizeOf.filter((size) => {
      const { p90Ms = 0 } = estimate(statistics, ["new", "tenant"]) ?? {};
      return size <= p90Ms;
    });
    expect(covered.length / sizeOf.length).toBeGreaterThan(0.75);
  });

  it("forget all but the last 32 runs", () => {
    const statistics = observed(["train"], new Array<number>(100).fill(10_000));
    for (let run = 0; run < 32; run++) observe(statistics, ["train"], 50);
    expect(estimate(statistics, ["train"])?.p50Ms).toBe(50);
  });

  it("are surer the more runs of the very group they have seen", () => {
    const statistics = emptyStatistics();
    let before = 0;
    for (let run = 0; run < 10; run++) {
      observe(statistics, groups, 1_000);
      const confidence = estimate(statistics, groups)?.confidence ?? 0;
      expect(confidence).toBeGreaterThan(before);
      expect(confidence).toBeLessThan(1);
      before = confidence;
    }
    const unseen = estimate(statistics, ["new", "newer", "tenant"])?.confidence ?? 1;
    expect(unseen).toBeLessThan(0.6);
  });

  it("cover about nine of ten runs with p90, and never put it below p50", () => {
    const random = seededRandom(7);
    const statistics = emptyStatistics();
    let covered = 0;
    for (let run = 0; run < 2_000; run++) {
      const durationMs = 1_000 * Math.exp(0.5 * normal(random));
      const predicted = estimate(statistics, groups);
      if (run >= 100 && predicted !== null && durationMs <= predicted.p90Ms) covered++;
      if (predicted !== null) expect(predicted.p90Ms).toBeGreaterThanOrEqual(predicted.p50Ms);
      observe(statistics, groups, durationMs);
    }
    expect(covered / 1_900).toBeGreaterThan(0.86);
    expect(covered / 1_900).toBeLessThan(0.94);
  });

  it("are wide while little is known", () => {
    const few = estimate(observed(groups, [1_000, 1_000]), groups);
    const many = estimate(observed(groups, new Array<number>(40).fill(1_000)), groups);
    expect(few?.p90Ms).toBeGreaterThanOrEqual(3_000);
    expect(many?.p90Ms).toBe(1_000);
  });

  it("are the same after the state was written down and read, whatever the groups are called", () => {
    const names = fc.constantFrom("a", "b", "__proto__", "constructor", "");
    const runs = fc.array(
      fc.tuple(fc.array(names, { minLength: 1, maxLength: 3 }), fc.integer({ min: 0, max: 1e6 })),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(runs, runs, (first, second) => {
        const original = emptyStatistics();
        for (const [of, durationMs] of first) observe(original, of, durationMs);
        const copy = fromPlain(JSON.parse(JSON.stringify(toPlain(original))));
        for (const [of, durationMs] of second) {
          observe(original, of, durationMs);
          observe(copy, of, durationMs);
        }
        expect(toPlain(copy)).toEqual(toPlain(original));
        expect(estimate(copy, ["__proto__", "a"])).toEqual(estimate(original, ["__proto__", "a"]));
      }),
    );
  });

  it("are bounded: groups not seen for long are forgotten, those in use are not", () => {
    const statistics = emptyStatistics();
    for (let run = 0; run < groupsMax + 5_000; run++) {
      observe(statistics, [`group ${run}`], 10);
      if (run % 1_000 === 0) observe(statistics, ["in use"], 10);
      if (run % 100 === 0) {
        expect(statistics.young.size + statistics.old.size).toBeLessThanOrEqual(groupsMax);
      }
    }
    expect(estimate(statistics, ["group 0"])).toBeNull();
    expect(estimate(statistics, ["in use"])).not.toBeNull();
  });
});

describe("whom to believe", () => {
  const user = { p50Ms: 1_000, p90Ms: 2_000 };
  const said = { p50Ms: 1_000, p90Ms: 2_000, source: "user" };

  it("the user, until a run was held against the word", () => {
    expect(weigh(emptyStatistics(), groups, user)).toMatchObject(said);
    // Many runs of the kind, but of none had the user said anything.
    const unasked = observed(groups, new Array<number>(40).fill(5_000));
    expect(weigh(unasked, groups, user)).toMatchObject(said);
    expect(weigh(emptyStatistics(), groups, null)).toBeNull();
    expect(weigh(unasked, groups, null)).toEqual(estimate(unasked, groups));
  });

  it("statistics soon where the user is far off", () => {
    const statistics = emptyStatistics();
    for (let run = 0; run < 3; run++) observe(statistics, groups, 30_000, user);
    expect(weigh(statistics, groups, user)).toEqual(estimate(statistics, groups));
  });

  it("the user for long where tasks of one template differ and the word is fair", () => {
    const statistics = emptyStatistics();
    for (let run = 0; run < 6; run++) {
      observe(statistics, groups, run % 2 === 0 ? 700 : 1_400, user);
      expect(weigh(statistics, groups, user)?.source).toBe("user");
    }
  });

  it("statistics in the end, where they are steady and the user a little off", () => {
    const statistics = emptyStatistics();
    const sources: string[] = [];
    for (let run = 0; run < 20; run++) {
      observe(statistics, groups, 1_800, user);
      sources.push(weigh(statistics, groups, user)?.source ?? "nobody");
    }
    expect(sources.slice(0, 2)).toEqual(["user", "user"]);
    expect(sources.at(-1)).toBe("statistics");
    // Once earned, trust is not lost again by more of the same.
    expect(sources.lastIndexOf("user")).toBeLessThan(sources.indexOf("statistics"));
  });

  it("never puts p90 below p50, nor leaves what the two have said", () => {
    const run = fc.integer({ min: 1, max: 1e7 });
    fc.assert(
      fc.property(
        fc.array(run, { maxLength: 50 }),
        run,
        fc.integer({ min: 1, max: 9 }),
        (runs, p50Ms, factor) => {
          const word = { p50Ms, p90Ms: p50Ms * factor };
          const statistics = emptyStatistics();
          for (const durationMs of runs) observe(statistics, groups, durationMs, word);
          const weighed = weigh(statistics, groups, word);
          const learned = estimate(statistics, groups) ?? weighed;
          const [low, high] = [learned?.p50Ms ?? 0, p50Ms].sort((a, b) => a - b);
          expect(weighed?.p50Ms).toBeGreaterThanOrEqual(low ?? 0);
          expect(weighed?.p50Ms).toBeLessThanOrEqual(high ?? 0);
          expect(weighed?.p90Ms).toBeGreaterThanOrEqual(weighed?.p50Ms ?? 0);
        },
      ),
    );
  });

  it("is read from what was written before users' losses were kept", () => {
    const original = observed(groups, [1_000, 3_000]);
    const plain = toPlain(original);
    const older = {
      ...plain,
      young: plain.young.map(
        ([name, durations, residuals]) => [name, durations, residuals] as const,
      ),
    };
    expect(estimate(fromPlain(older), groups)).toEqual(estimate(original, groups));
  });
});

describe("what remains of a running task", () => {
  const known = { p50Ms: 10_000, p90Ms: 20_000 };

  it("is the whole at the start", () => {
    expect(remaining(known, 0)).toEqual(known);
    expect(remaining(known, 1).p50Ms).toBeGreaterThan(9_990);
  });

  it("agrees with drawing from the distribution", () => {
    const random = seededRandom(3);
    const deviation = Math.log(2) / 1.2815515655446004;
    for (const elapsedMs of [5_000, 10_000, 20_000, 30_000]) {
      const rest: number[] = [];
      while (rest.length < 4_000) {
        const total = 10_000 * Math.exp(deviation * normal(random));
        if (total > elapsedMs) rest.push(total - elapsedMs);
      }
      rest.sort((a, b) => a - b);
      const predicted = remaining(known, elapsedMs);
      // Within a tenth: what 4,000 draws can tell.
      expect(Math.abs(predicted.p50Ms / (rest[2_000] ?? 0) - 1)).toBeLessThan(0.1);
      expect(Math.abs(predicted.p90Ms / (rest[3_600] ?? 0) - 1)).toBeLessThan(0.1);
    }
  });

  it("is never nothing, and its tail grows with the time already overrun", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e9 }),
        fc.double({ min: 1, max: 50, noNaN: true }),
        fc.integer({ min: 0, max: 2e9 }),
        (p50Ms, ratio, elapsedMs) => {
          const { p50Ms: half, p90Ms: most } = remaining(
            { p50Ms, p90Ms: p50Ms * ratio },
            elapsedMs,
          );
          expect(half).toBeGreaterThanOrEqual(1);
          expect(most).toBeGreaterThanOrEqual(half);
          expect(Number.isSafeInteger(most)).toBe(true);
        },
      ),
    );
    let before = 0;
    for (let elapsedMs = 40_000; elapsedMs < 10_000_000; elapsedMs *= 1.3) {
      const { p50Ms } = remaining(known, elapsedMs);
      expect(p50Ms).toBeGreaterThan(before);
      before = p50Ms;
    }
  });
});

function observed(of: readonly string[], durations: readonly number[]): GroupStatistics {
  const statistics = emptyStatistics();
  for (const durationMs of durations) observe(statistics, of, durationMs);
  return statistics;
}

/** Box and Muller. */
const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

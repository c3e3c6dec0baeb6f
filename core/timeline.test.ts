import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { none } from "./problem.js";
import { randomInteger, seededRandom } from "./random.js";
import {
  addInterval,
  chooseDevices,
  copyTimeline,
  createTimeline,
  earliestFit,
  type GpuNeed,
  removeInterval,
  type Timeline,
} from "./timeline.js";

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const noLimit = 1_000;
const share = (thousandths: number, memory = 0): GpuNeed => ({
  whole: 0,
  share: thousandths,
  type: none,
  memory,
});
const whole = (count: number, type = none, memory = 0): GpuNeed => ({
  whole: count,
  share: 0,
  type,
  memory,
});
const nothing = Int32Array.of(0);

describe("the profile of a worker", () => {
  it("finds the start that a search tick by tick finds, after any additions and removals", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = seededRandom(seed);
        const { timeline, live } = randomTimeline(random, 25);
        for (let query = 0; query < 10; query++) {
          const demand = Int32Array.of(randomInteger(random, 5), randomInteger(random, 5));
          const from = randomInteger(random, 40);
          const duration = 1 + randomInteger(random, 8);
          const latest = from + randomInteger(random, 60);
          const found = earliestFit(timeline, from, duration, demand, 0, null, latest);
          expect(found).toBe(naiveFit(live, from, duration, demand, latest));
        }
      }),
      { numRuns: 200 },
    );
  });

  it("is as it was, in as many segments, once everything added is removed", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { timeline, live } = randomTimeline(seededRandom(seed), 25);
        for (const { start, end, demand } of live) {
          removeInterval(timeline, start, end, demand, 0, null, 0);
        }
        expect(timeline.count).toBe(1);
        expect([...timeline.free.subarray(0, 2)]).toEqual(capacity);
      }),
    );
  });

  it("joins intervals of equal demand that follow one another", () => {
    const timeline = createTimeline([4]);
    for (let at = 0; at < 100; at++) {
      addInterval(timeline, at, at + 1, Int32Array.of(2), 0, null, 0);
    }
    expect(timeline.count).toBe(3);
  });

  it("lets nothing in where facts over-commit it, but what needs none of that dimension", () => {
    const timeline = createTimeline([4, 4]);
    addInterval(timeline, -10, 20, Int32Array.of(9, 1), 0, null, 0);
    expect(earliestFit(timeline, 0, 5, Int32Array.of(1, 1), 0, null, noLimit)).toBe(20);
    expect(earliestFit(timeline, 0, 5, Int32Array.of(0, 3), 0, null, noLimit)).toBe(0);
  });

  it("answers none for a demand beyond capacity, and for a start past the latest", () => {
    const timeline = createTimeline([4]);
    expect(earliestFit(timeline, 0, 1, Int32Array.of(5), 0, null, noLimit)).toBe(none);
    addInterval(timeline, 0, 50, Int32Array.of(4), 0, null, 0);
    expect(earliestFit(timeline, 0, 1, Int32Array.of(1), 0, null, 49)).toBe(none);
    expect(earliestFit(timeline, 0, 1, Int32Array.of(1), 0, null, 50)).toBe(50);
  });

  it("copies into a timeline that was longer or shorter", () => {
    const long = createTimeline([4]);
    for (let at = 0; at < 50; at++) {
      addInterval(long, 2 * at, 2 * at + 1, Int32Array.of(1), 0, null, 0);
    }
    const other = createTimeline([4]);
    copyTimeline(long, other);
    expect(other.count).toBe(long.count);
    copyTimeline(createTimeline([4]), other);
    expect(earliestFit(other, 0, 9, Int32Array.of(4), 0, null, noLimit)).toBe(0);
  });
});

describe("the devices of a worker", () => {
  const worker = (): Timeline => createTimeline([1], [0, 1, 1], [40, 80, 80]);

  it("keep a share within one device, and put it where least is left over", () => {
    const timeline = worker();
    addInterval(timeline, 0, 10, nothing, 0, share(600), 0b010);
    expect(chooseDevices(timeline, 0, 5, share(400))).toBe(0b010);
    expect(chooseDevices(timeline, 0, 5, share(500))).toBe(0b001);
    addInterval(timeline, 0, 10, nothing, 0, share(600), 0b001);
    addInterval(timeline, 0, 10, nothing, 0, share(600), 0b100);
    expect(earliestFit(timeline, 0, 5, nothing, 0, share(500), noLimit)).toBe(10);
  });

  it("are counted whole, of a type, with enough memory, the smallest first", () => {
    const timeline = worker();
    expect(chooseDevices(timeline, 0, 5, whole(1))).toBe(0b001);
    expect(chooseDevices(timeline, 0, 5, whole(1, 1))).toBe(0b010);
    expect(chooseDevices(timeline, 0, 5, whole(2, none, 60))).toBe(0b110);
    expect(earliestFit(timeline, 0, 5, nothing, 0, whole(2, 0), noLimit)).toBe(none);
    addInterval(timeline, 3, 6, nothing, 0, share(1), 0b100);
    expect(earliestFit(timeline, 0, 4, nothing, 0, whole(2, 1), noLimit)).toBe(6);
    expect(earliestFit(timeline, 0, 3, nothing, 0, whole(2, 1), noLimit)).toBe(0);
  });

  it("charge a share's memory", () => {
    const timeline = worker();
    addInterval(timeline, 0, 10, nothing, 0, share(100, 50), 0b010);
    addInterval(timeline, 0, 10, nothing, 0, share(100, 50), 0b100);
    expect(earliestFit(timeline, 0, 5, nothing, 0, share(100, 40), noLimit)).toBe(0);
    expect(earliestFit(timeline, 0, 5, nothing, 0, share(100, 41), noLimit)).toBe(10);
  });

  it("must stay the same for the whole of an interval", () => {
    const timeline = createTimeline([1], [0, 0], [40, 40]);
    addInterval(timeline, 0, 5, nothing, 0, whole(1), 0b01);
    addInterval(timeline, 4, 9, nothing, 0, whole(1), 0b10);
    // At every instant but 4 one of them is free, yet none is from 0 to 8.
    expect(earliestFit(timeline, 0, 4, nothing, 0, whole(1), noLimit)).toBe(0);
    expect(earliestFit(timeline, 0, 8, nothing, 0, whole(1), noLimit)).toBe(5);
    expect(chooseDevices(timeline, 5, 8, whole(1))).toBe(0b01);
  });

  it("may be named by facts though the worker has them no longer", () => {
    const timeline = createTimeline([1], [0], [40]);
    addInterval(timeline, -5, 5, nothing, 0, whole(2), 0b11);
    expect(earliestFit(timeline, 0, 1, nothing, 0, share(1), noLimit)).toBe(5);
  });
});

interface Interval {
  readonly start: number;
  readonly end: number;
  readonly demand: Int32Array;
}

const capacity = [6, 5];

/** Over-commits freely: facts do. */
function randomTimeline(
  random: () => number,
  changes: number,
): { readonly timeline: Timeline; readonly live: Interval[] } {
  const timeline = createTimeline(capacity);
  const live: Interval[] = [];
  for (let change = 0; change < changes; change++) {
    if (live.length > 0 && random() < 0.3) {
      const [gone] = live.splice(randomInteger(random, live.length), 1);
      if (gone !== undefined) {
        removeInterval(timeline, gone.start, gone.end, gone.demand, 0, null, 0);
      }
      continue;
    }
    const start = randomInteger(random, 50) - 10;
    const demand = Int32Array.of(randomInteger(random, 4), randomInteger(random, 4));
    const added = { start, end: start + randomInteger(random, 12), demand };
    addInterval(timeline, added.start, added.end, demand, 0, null, 0);
    live.push(added);
  }
  return { timeline, live };
}

function naiveFit(
  live: readonly Interval[],
  from: number,
  duration: number,
  demand: Int32Array,
  latest: number,
): number {
  const fitsAt = (at: number): boolean =>
    capacity.every((total, d) => {
      const used = live
        .filter(({ start, end }) => start <= at && at < end)
        .reduce((sum, interval) => sum + (interval.demand[d] ?? 0), 0);
      return demand[d] === 0 || used + (demand[d] ?? 0) <= total;
    });
  for (let start = from; start <= latest; start++) {
    let free = true;
    for (let at = start; free && at < start + duration; at++) free = fitsAt(at);
    if (free) return start;
  }
  return none;
}

import { describe, expect, it } from "vitest";
import { seededRandom } from "../../core/random.js";
import { shopProblem } from "../testing/shop-problem.js";
import { createDispatcher, dispatch, type Rule, rules } from "./dispatch.js";
import { type ShopModel, shopModel } from "./model.js";
import { createBlend, offerToPool, relink } from "./pool.js";
import { createSchedule } from "./schedule.js";
import { copySnapshot, createSnapshot, type Snapshot, saveSnapshot } from "./tabu.js";

const rule = rules[0] as Rule;

function snapshots(model: ShopModel, count: number): Snapshot[] {
  const dispatcher = createDispatcher(model);
  const schedule = createSchedule(model);
  return Array.from({ length: count }, (_, seed) => {
    dispatch(dispatcher, schedule, rule, seededRandom(seed), 0.9);
    const snapshot = createSnapshot(model.count);
    saveSnapshot(schedule, snapshot);
    return snapshot;
  });
}

describe("relinking", () => {
  const model = shopModel(shopProblem(2, 60, { choices: 3, workers: 4 }));
  const [a, b] = snapshots(model, 2) as [Snapshot, Snapshot];
  const schedule = createSchedule(model);
  const blend = createBlend(model.count);

  it("gives either end where all is taken from it", () => {
    relink(schedule, blend, a, b, 0, seededRandom(1));
    expect(schedule.makespan).toBe(a.makespan);
    relink(schedule, blend, a, b, 1, seededRandom(1));
    expect(schedule.makespan).toBe(b.makespan);
  });

  it("never turns what both agree on", () => {
    relink(schedule, blend, a, b, 0.5, seededRandom(3));
    for (let x = 0; x < model.count; x += 1) {
      for (let y = 0; y < model.count; y += 1) {
        const precedes = (s: Snapshot): boolean => (s.start[x] as number) < (s.start[y] as number);
        if (!precedes(a) || !precedes(b)) continue;
        expect(schedule.position[x] as number).toBeLessThan(schedule.position[y] as number);
      }
    }
  });
});

describe("the pool", () => {
  it("knows a schedule again when all of it has shifted", () => {
    const model = shopModel(shopProblem(2, 60, { choices: 3, workers: 4 }));
    const [first, other] = snapshots(model, 2) as [Snapshot, Snapshot];
    const later = createSnapshot(model.count);
    copySnapshot(first, later);
    later.makespan += 100;
    later.start.forEach((at, op) => {
      later.start[op] = at + 100;
    });
    const pool = { sizeMax: 4, members: [] };
    expect(offerToPool(pool, model, later)).toBe(true);
    expect(offerToPool(pool, model, other)).toBe(true);
    // The better of the two takes its place.
    expect(offerToPool(pool, model, first)).toBe(true);
    expect(pool.members).toHaveLength(2);
    expect(offerToPool(pool, model, later)).toBe(false);
  });

  it("holds no twins, and lets the worst go", () => {
    const model = shopModel(shopProblem(2, 60, { choices: 3, workers: 4 }));
    const found = snapshots(model, 12);
    const pool = { sizeMax: 4, members: [] };
    const first = found[0] as Snapshot;
    expect(offerToPool(pool, model, first)).toBe(true);
    expect(offerToPool(pool, model, first)).toBe(false);
    for (const each of found) offerToPool(pool, model, each);
    const members: readonly Snapshot[] = pool.members;
    expect(members.length).toBeLessThanOrEqual(4);
    const best = Math.min(...found.map(({ makespan }) => makespan));
    expect(members.some(({ makespan }) => makespan === best)).toBe(true);
  });
});

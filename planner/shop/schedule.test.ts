import { describe, expect, it } from "vitest";
import { randomInteger, seededRandom } from "../../core/random.js";
import { shopProblem } from "../testing/shop-problem.js";
import { createDispatcher, dispatch, type Rule, rules } from "./dispatch.js";
import { layOut } from "./lay-out.js";
import { type ShopModel, shopModel } from "./model.js";
import { reinsert } from "./reinsert.js";
import { createSchedule, type Schedule } from "./schedule.js";

const rule = rules[0] as Rule;

function dispatched(model: ShopModel, seed: number): Schedule {
  const schedule = createSchedule(model);
  dispatch(createDispatcher(model), schedule, rule, seededRandom(seed), 0.5);
  return schedule;
}

/** What is kept up to date under moves, and can be computed anew. */
const kept = ["end", "rest", "jobReady", "jobRest", "rank", "previous", "next"] as const;

/** A random operation to a random place of a random machine; null if it has none. */
function randomMove(schedule: Schedule, random: () => number) {
  const { model, firstOn, next } = schedule;
  const op = randomInteger(random, model.count);
  const from = model.wayFirst[op] as number;
  const ways = (model.wayFirst[op + 1] as number) - from;
  if (ways === 0) return null;
  const way = from + randomInteger(random, ways);
  const places = [model.count];
  const first = firstOn[model.wayMachine[way] as number] as number;
  for (let x = first; x !== model.count; x = next[x] as number) if (x !== op) places.push(x);
  return { op, way, left: places[randomInteger(random, places.length)] as number };
}

describe("a schedule under moves", () => {
  it("is what laying it out anew would give, whatever moves were made", () => {
    let made = 0;
    let refused = 0;
    for (let seed = 0; seed < 9; seed += 1) {
      const model = shopModel(shopProblem(seed, 40, { workers: 5, choices: 1 + (seed % 3) }));
      const schedule = dispatched(model, seed);
      const anew = createSchedule(model);
      const random = seededRandom(seed);
      for (let k = 0; k < 80; k += 1) {
        const move = randomMove(schedule, random);
        if (move === null) continue;
        if (reinsert(schedule, move.op, move.way, move.left)) made += 1;
        else refused += 1;
        layOut(anew, schedule.way, schedule.order);
        expect(schedule.makespan, `seed ${seed}, move ${k}`).toBe(anew.makespan);
        for (const column of kept) {
          const mine = schedule[column].subarray(0, model.count);
          expect(mine, `seed ${seed}, move ${k}: ${column}`).toEqual(
            anew[column].subarray(0, model.count),
          );
        }
      }
    }
    expect(made).toBeGreaterThan(150);
    expect(refused).toBeGreaterThan(50);
  });

  it("refuses a move that would close a cycle, and is left as it was", () => {
    // Two jobs of two tasks on the same two machines: a0 a1 and b0 b1.
    const model = shopModel(shopProblem(3, 10, { isPlain: true, workers: 1 }));
    const schedule = dispatched(model, 1);
    const first = model.topological[0] as number;
    const after = model.after[model.afterFirst[first] as number] as number;
    const before = schedule.end.slice();
    expect(reinsert(schedule, first, schedule.way[first] as number, after)).toBe(false);
    expect(schedule.end).toEqual(before);
  });
});

import { describe, expect, it } from "vitest";
import { eventVersion } from "./events.js";
import { genesis } from "./genesis.js";
import { step } from "./step.js";
import { lift, liftWith, type Upcasters } from "./upcast.js";

/** Seconds became milliseconds in version 2; in version 3 the event got its present name. */
const table: Upcasters = {
  Slept: {
    1: ({ seconds, ...rest }) => ({ ...rest, forMs: Number(seconds) * 1_000 }),
    2: (event) => ({ ...event, type: "Rested" }),
  },
  Rested: { 3: (event) => ({ ...event, deep: false }) },
};

describe("events of older versions", () => {
  it("are lifted through every version between, under the name they have by then", () => {
    const old = { type: "Slept", task: "a", seconds: 2 };
    const present = { type: "Rested", task: "a", forMs: 2_000, deep: false };
    expect(liftWith(table, old, 1, 4, 7)).toEqual(present);
    expect(liftWith(table, { type: "Rested", task: "a", forMs: 2_000 }, 3, 4, 7)).toEqual(present);
  });

  it("stay as they are where nothing changed", () => {
    const event = { type: "Woke", task: "a" };
    expect(liftWith(table, event, 1, 4, 7)).toEqual(event);
  });

  it("of a later version are refused by number", () => {
    expect(() => liftWith(table, { type: "Woke" }, 5, 4, 7)).toThrow(
      "event 7 has version 5; this master knows 1 to 4",
    );
  });

  it("of the present version go through untouched, those of the next do not", () => {
    const settings = genesis().settings;
    const { events } = step(genesis(), { type: "BeginEpoch", epoch: 1, settings }, "master", 1);
    const [first] = events;
    if (first === undefined) throw new Error("an epoch begins with an event");
    expect(lift(first)).toBe(first);
    expect(() => lift({ ...first, version: eventVersion + 1 })).toThrow(/this master knows/);
  });
});

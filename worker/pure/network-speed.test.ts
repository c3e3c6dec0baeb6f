import { expect, test } from "vitest";
import { fastestLinkBps } from "./network-speed.js";

const link = (speed: string, state = "up", hasDevice = true) => ({ speed, state, hasDevice });

test("the fastest link that is up counts; unknown speeds and virtual links do not", () => {
  expect(fastestLinkBps([link("1000"), link("25000"), link("100000", "down")])).toBe(25e9);
  expect(
    fastestLinkBps([link("10000", "up", false), link("-1"), link(""), link("4294967295")]),
  ).toBe(null);
});

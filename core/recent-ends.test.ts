import { expect, it } from "vitest";
import { countEnds, endsOfPlain, noEnds, observeEnd, plainEnds } from "./recent-ends.js";

it("the last 20 ends of each kind are counted, and those of other kinds are not", () => {
  const known = noEnds();
  expect(countEnds(known, "align")).toEqual({ ends: 0, failures: 0 });
  for (const failed of [true, false, true]) observeEnd(known, "align", failed);
  observeEnd(known, "sort", true);
  expect(countEnds(known, "align")).toEqual({ ends: 3, failures: 2 });
  for (let run = 0; run < 19; run++) observeEnd(known, "align", false);
  expect(countEnds(known, "align")).toEqual({ ends: 20, failures: 1 });
});

it("kinds that have not been heard of for long are forgotten, so that memory is bounded", () => {
  const known = noEnds();
  for (let kind = 0; kind < 50_000; kind++) {
    observeEnd(known, "kept", false);
    observeEnd(known, `kind-${kind}`, true);
  }
  expect(known.young.size + known.old.size).toBeLessThanOrEqual(20_000);
  expect(countEnds(known, "kind-0").ends).toBe(0);
  expect(countEnds(known, "kept").ends).toBe(20);
});

it("come back from JSON as they were", () => {
  const known = noEnds();
  for (let run = 0; run < 30; run++) observeEnd(known, `__proto__${run % 4}`, run % 3 === 0);
  expect(endsOfPlain(JSON.parse(JSON.stringify(plainEnds(known))))).toEqual(known);
});

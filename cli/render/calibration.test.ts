import { describe, expect, it } from "vitest";
import type { Calibration } from "../../core/calibration.js";
import { renderCalibration } from "./calibration.js";
import { screenOf } from "./testing/fixtures.js";
import { expectRendering } from "./testing/laws.js";

const nothing: Calibration = {
  tasks: [],
  jobs: { jobs: 0, withinP50: 0, withinP90: 0, medianLogError: 0, width: 1.5 },
};
const calibration: Calibration = {
  tasks: [
    { source: "user", runs: 120, meanLogError: 0.9, withinP50: 0.21, withinP90: 0.43 },
    { source: "statistics", runs: 500, meanLogError: 0.31, withinP50: 0.5, withinP90: 0.902 },
  ],
  jobs: { jobs: 77, withinP50: 0.52, withinP90: 0.909, medianLogError: 0.2, width: 1.86 },
};

describe("how far predictions can be trusted", () => {
  it("stands in a table, a line for each source", async () => {
    const golden = { name: "calibration", width: 100 };
    await expectRendering((screen) => renderCalibration(calibration, screen), 0, golden);
  });

  it("is not made up where nothing has ended", () => {
    expect(renderCalibration(nothing, screenOf(80, 0))).toEqual([
      "nothing that was foreseen has ended",
    ]);
  });
});

import { describe, expect, it } from "vitest";
import { errorCodes } from "../core/result.js";
import { jobStates } from "../core/views.js";
import { exitCodeOf, exitCodeOfJob, exitCodes } from "./exit-codes.js";

describe("exit codes", () => {
  it("tell failed work from every failure of the command itself", () => {
    const ofErrors = errorCodes.map(exitCodeOf);
    expect(ofErrors).not.toContain(exitCodes.workFailed);
    expect(ofErrors).not.toContain(exitCodes.done);
  });

  it("are 2 for what the user can put right in the input", () => {
    for (const code of ["invalid_argument", "limit_exceeded", "unplaceable"] as const) {
      expect(exitCodeOf(code)).toBe(2);
    }
  });

  it("are 0 for a job only if it succeeded, and 3 however else it ended", () => {
    const codes = Object.fromEntries(jobStates.map((state) => [state, exitCodeOfJob(state)]));
    expect(codes).toEqual({ running: 5, succeeded: 0, failed: 3, timed_out: 3, cancelled: 3 });
  });
});

/** The keys about failures: retries of a task, and what a job makes of them. */
import { z } from "zod";
import { jobLimits } from "../core/job.js";
import { bytes, closed, duration, show, whole } from "./fields.js";

const codeRight = "an exit code from 1 to 255, or a range of them like 64-78";

const exitCodes = z
  .union([z.number(), z.string()], {
    error: (issue) => `must be ${codeRight}, not ${show(issue.input)}`,
  })
  .transform((value, context) => {
    const match = /^\s*(\d{1,3})\s*(?:-\s*(\d{1,3})\s*)?$/.exec(String(value));
    const from = Number(match?.[1] ?? 0);
    const to = Number(match?.[2] ?? from);
    if (from >= 1 && from <= to && to <= 255) return { from, to };
    context.addIssue({ code: "custom", message: `must be ${codeRight}, not ${show(value)}` });
    return z.NEVER;
  });

const factorRight = `must be a number above 1, at most ${jobLimits.memoryFactor}`;

const moreMemory = closed({
  factor: z
    .number({ error: factorRight })
    .gt(1, { error: factorRight })
    .lte(jobLimits.memoryFactor, { error: factorRight })
    .optional()
    .describe("Of what the attempt had. Default 2."),
  max: bytes(1).describe("Never more than this."),
}).transform(({ factor, max }) => ({ factor: factor ?? 2, maxBytes: max }));

export const retry = closed({
  attempts: whole(1, jobLimits.attempts)
    .optional()
    .describe("Attempts in all, the first included. Default 1."),
  backoff: duration(0)
    .optional()
    .describe("Before the second attempt; doubles with each further one. Default 1s."),
  backoffMax: duration(0)
    .optional()
    .describe("The longest backoff. Default 5m, or backoff where that is longer."),
  never: z
    .array(exitCodes, { error: "must be a list of exit codes, like [2, 64-78]" })
    .max(jobLimits.exitCodeRanges, { error: `has more than ${jobLimits.exitCodeRanges} entries` })
    .optional()
    .describe("Exit codes after which it is not tried again: [2, 64-78]."),
  moreMemory: moreMemory
    .optional()
    .describe("After it has run out of memory: {factor: 2, max: 8Gi}. Default: the same again."),
  crashes: whole(1, jobLimits.attempts)
    .optional()
    .describe("It fails once so many attempts have gone down with their worker. Default 5."),
}).describe("What happens after a failed attempt.");

const partRight = "must be a part of the tasks above 0 and at most 1, like 0.95";

export const jobPolicies = {
  retryBudget: whole(0, jobLimits.retryBudget)
    .optional()
    .describe("Attempts after failures, over all tasks. Default: as many as the tasks allow."),
  success: closed({
    atLeast: z
      .number({ error: partRight })
      .gt(0, { error: partRight })
      .lte(1, { error: partRight })
      .describe("Part of the tasks that must succeed, like 0.95."),
  })
    .optional()
    .describe("When the job has succeeded though not all of its tasks have."),
};

/** The keys of a task about others beside it, and about when a run is of no use. */
import { z } from "zod";
import { jobLimits } from "../core/job.js";
import { closed, flag, kindOf, text, type When, when } from "./fields.js";

const groupName = text("a name").min(1, { error: "must not be empty" }).max(jobLimits.nameLength);

const gang = z
  .union([z.literal(true), groupName], {
    error: (issue) => `must be the gang's name, or true, not ${kindOf(issue.input)}`,
  })
  .describe("All tasks of the gang start at one instant. `true`: the elements of this task.");

const domains = z
  .union(
    [
      z.literal(true),
      closed({
        group: groupName.optional().describe("Name of the group. Default: the task's own."),
        by: groupName.optional().describe("`worker` (the default), or a label, like rack."),
      }),
    ],
    { error: (issue) => `must be true, or {group: name, by: rack}, not ${kindOf(issue.input)}` },
  )
  .transform((value) => (value === true ? {} : value));

const price = z
  .number({ error: "must be a number from 0 to 1000000000" })
  .min(0, { error: "must be 0 or more" })
  .max(1e9, { error: "must be at most 1000000000" });

export const planningSections = {
  gang: gang.optional(),
  spread: domains
    .optional()
    .describe("No two tasks of the group run on the same worker, or where a label is the same."),
  colocate: domains
    .optional()
    .describe("All tasks of the group run on the same worker, or where a label is the same."),
  optional: closed({ price })
    .optional()
    .describe("It may be left out, where running it would cost a plan more than this price."),
};

export interface Deadline {
  readonly when: When;
  readonly hard: boolean;
}

export const deadline = z
  .union(
    [
      when.transform((value): Deadline => ({ when: value, hard: false })),
      closed({
        at: when.optional().describe("A time."),
        in: when.optional().describe("A duration from submission."),
        hard: flag.optional().describe("Later than that a run is of no use: it is then skipped."),
      }).transform((value, context): Deadline => {
        const given = value.at ?? value.in;
        if (given !== undefined && (value.at === undefined || value.in === undefined)) {
          return { when: given, hard: value.hard === true };
        }
        context.addIssue({ code: "custom", message: "must have either at or in" });
        return z.NEVER;
      }),
    ],
    {
      error: (issue) =>
        `must be a time with its zone like 2026-03-01T18:00:00Z, a duration from now like 2h, or {in: 2h, hard: true}, not ${kindOf(issue.input)}`,
    },
  )
  .describe("When it should be done: a time, a duration from submission, or {in: 2h, hard: true}.");

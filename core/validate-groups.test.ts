import { describe, expect, it } from "vitest";
import type { TaskTemplate } from "./job.js";
import { job, template } from "./testing/jobs.js";
import { validateJob } from "./validate-job.js";

const gang = (name: string, more: Partial<TaskTemplate> = {}): TaskTemplate =>
  template(name, { gang: "g", ...more });

const messages = (templates: readonly TaskTemplate[], edges: readonly string[] = []): string[] =>
  validateJob(job(templates, edges)).map(({ field, message }) => `${field}: ${message}`);

describe("a gang is refused where", () => {
  it("it is a single task", () => {
    expect(messages([gang("a")])).toEqual([
      "templates[0].gang: `g` has a single task; a gang is two or more that start together",
    ]);
  });

  it("a member waits for another", () => {
    expect(messages([gang("a"), gang("b")], ["a -> b"])).toEqual([
      "edges[0]: `b` waits for `a` of the same gang, so they never start together",
    ]);
  });

  it("a member waits for another by a detour", () => {
    expect(messages([gang("a"), template("c"), gang("b")], ["a -> c", "c -> b"])).toEqual([
      "templates[0].gang: members of `g` wait for one another through other tasks",
    ]);
  });

  it("two gangs wait for one another", () => {
    const other = (name: string) => template(name, { gang: "h" });
    const tasks = [gang("a"), gang("b"), other("c"), other("d")];
    expect(messages(tasks, ["a -> c", "d -> b"])).toHaveLength(1);
    expect(messages(tasks, ["a -> c", "b -> d"])).toEqual([]);
  });

  it("it has too many members, or a limit on how many run at once", () => {
    const spec = job([gang("a", { maxConcurrent: 2 })]);
    const entry = spec.tasks[0];
    if (entry === undefined) throw new Error("no task");
    const tasks = Array.from({ length: 257 }, (_, i) => ({ ...entry, name: `a[${i}]` }));
    const fields = validateJob({ ...spec, tasks }).map(({ field, limit }) => [field, limit]);
    expect(fields).toEqual([
      ["templates[0].maxConcurrent", undefined],
      ["templates[0].gang", 256],
    ]);
  });
});

describe("groups about domains are refused where", () => {
  it("their tasks do not agree on the domains", () => {
    const spread = (by: string) => template(by, { spread: { group: "s", by } });
    expect(messages([spread("worker"), spread("rack")])).toHaveLength(1);
  });

  it("two tasks are to be apart and together", () => {
    const both = { spread: { group: "s", by: "rack" }, colocate: { group: "c", by: "rack" } };
    expect(messages([template("a", both), template("b", both)])).toHaveLength(1);
    const levels = { ...both, spread: { group: "s", by: "worker" } };
    expect(messages([template("a", levels), template("b", levels)])).toEqual([]);
  });
});

describe("a hard deadline", () => {
  it("needs a deadline, and an estimate to tell if it can be met", () => {
    expect(messages([template("a", { hardDeadline: true, estimate: null })])).toHaveLength(2);
    expect(messages([template("a", { hardDeadline: true, deadlineAtMs: 1e12 })])).toEqual([]);
  });
});

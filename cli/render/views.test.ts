/** Golden pages of everything that is shown as text; read them when they change. */
import { describe, expect, it } from "vitest";
import { type AlmanacError, errorCodes } from "../../core/result.js";
import type { WorkerView } from "../../core/views.js";
import { renderError, renderWarnings } from "./errors.js";
import { renderJob } from "./job.js";
import { renderJobs } from "./list.js";
import { renderPlan } from "./plan.js";
import { renderClusterStatus, renderFindings } from "./status.js";
import {
  clusterFixture,
  jobFixture,
  planFixture,
  screenOf,
  submittedAtMs,
  threeWorkers,
  workersFixture,
} from "./testing/fixtures.js";
import { expectRendering, fewWidths } from "./testing/laws.js";
import { renderWorkers } from "./workers.js";

const nowMs = submittedAtMs + 11_000;
const job = jobFixture({ tasks: 16, workers: threeWorkers, atMs: 11_000, failEvery: 5 });
const finished = jobFixture({ tasks: 16, workers: threeWorkers, atMs: 60_000, failEvery: 5 });

describe("a job", () => {
  it.each([80, 130])("says how it stands and why each task waits, at %d columns", (width) =>
    expectRendering((screen) => renderJob(job, screen, { tasksMax: null }), nowMs, {
      name: `job-${width}`,
      width,
    }),
  );

  it("that has ended says when, and what failed", () =>
    expectRendering(
      (screen) => renderJob(finished, screen, { tasksMax: null }),
      submittedAtMs + 60_000,
      {
        name: "job-finished-130",
        width: 130,
      },
    ));

  it("of many tasks shows those first that a reader asks about", () => {
    const lines = renderJob(job, screenOf(130, nowMs), { tasksMax: 4 });
    expect(lines.filter((line) => line.includes("running")).length).toBeGreaterThanOrEqual(4);
    expect(lines.join("\n")).toContain("… and 12 more tasks");
  });

  it("whose tasks have no estimate says so instead of a time", () => {
    const unknown = {
      ...job,
      summary: { ...job.summary, finishP50AtMs: null, finishP90AtMs: null },
      tasks: job.tasks.map((task) => ({ ...task, estimate: null })),
    };
    const text = renderJob(unknown, screenOf(130, nowMs), { tasksMax: null }).join("\n");
    expect(text).toContain("finish    unknown: no estimate");
    expect(text).toMatch(/mosaic\[16\] +· pending .* unknown: no estimate/);
  });

  it.each([0, 1, 5_000])("is shown with %d tasks", (tasks) => {
    const view = jobFixture({ tasks, workers: threeWorkers, atMs: 11_000 });
    return expectRendering(
      (screen) => renderJob(view, screen, { tasksMax: null }),
      nowMs,
      null,
      fewWidths,
    );
  });
});

describe("the other views", () => {
  it("list", () =>
    expectRendering((screen) => renderJobs([job.summary, finished.summary], screen), nowMs, {
      name: "list-100",
      width: 100,
    }));

  it("workers", () =>
    expectRendering((screen) => renderWorkers(workersFixture(), screen), submittedAtMs + 60_000, {
      name: "workers-140",
      width: 140,
    }));

  it("workers say which limits they do not keep, but for disk, which none keeps", () => {
    const [worker] = workersFixture();
    if (worker === undefined) throw new Error("no worker");
    const drivers = worker.facts.drivers.map((driver) => ({
      ...driver,
      notEnforced: ["processes", "no_new_privileges", "disk"],
    }));
    const view = { ...worker, facts: { ...worker.facts, drivers } };
    const text = renderWorkers([view], screenOf(220)).join("\n");
    expect(text).toContain("memory not enforced, not kept: processes, no new privileges");
    expect(text).not.toContain("disk");
  });

  it("workers show the benchmark, and what their runs have made of it", () => {
    const [worker] = workersFixture();
    if (worker === undefined) throw new Error("no worker");
    const said = (learntSpeed: WorkerView["learntSpeed"]): string =>
      renderWorkers(
        [{ ...worker, ...(learntSpeed === undefined ? {} : { learntSpeed }) }],
        screenOf(220),
      ).join("\n");
    expect(said({ factor: 0.5312, runs: 20 })).toContain(`${worker.facts.speed} ×0.53`);
    expect(said({ factor: 1, runs: 20 })).not.toContain("2 ×");
    expect(said(undefined)).not.toContain("2 ×");
  });

  it("plan", () =>
    expectRendering(
      (screen) => renderPlan(planFixture(job), screen, { entriesMax: 6 }),
      submittedAtMs + 60_000,
      { name: "plan-100", width: 100 },
    ));

  it("status", () =>
    expectRendering(
      (screen) => renderClusterStatus(clusterFixture(), screen),
      submittedAtMs + 60_000,
      {
        name: "status-100",
        width: 100,
      },
    ));

  it("doctor", () =>
    expectRendering(
      (screen) =>
        renderFindings(
          [
            { subject: "master", level: "good", message: "serving, epoch 3" },
            {
              subject: "cgroups",
              level: "warning",
              message:
                "memory limits are not enforced on this host: the memory controller is not delegated to this user",
              advice: "run the worker as a systemd service with Delegate=yes",
            },
            { subject: "planner", level: "bad", message: "it does not answer" },
          ],
          screen,
        ),
      nowMs,
      { name: "doctor-80", width: 80 },
    ));

  it("say so when there is nothing", () => {
    const screen = screenOf(80);
    expect(renderJobs([], screen)).toEqual(["no jobs"]);
    expect(renderWorkers([], screen)).toEqual(["no workers"]);
    expect(
      renderPlan({ ...planFixture(job), entries: [] }, screen, { entriesMax: null }),
    ).toContain("nothing is planned");
    expect(renderWarnings([], screen, null)).toEqual([]);
  });
});

describe("an error", () => {
  const error: AlmanacError = {
    code: "invalid_argument",
    message: "the job file has 3 problems",
    violations: [
      { field: "tasks.train.resources.cpu", message: "must be more than 0, not 0", line: 12 },
      {
        field: "tasks.report.dependsOn[0]",
        message: 'there is no task "trian"; did you mean "train"?',
        line: 31,
      },
      { field: "tasks", message: "a job has too many tasks", limit: 100_000 },
    ],
  };

  it("names the file, the line, the field and what would be right", () =>
    expectRendering((screen) => renderError(error, screen, "job.yaml"), nowMs, {
      name: "error-80",
      width: 80,
    }));

  it("without a file still names line and field", () => {
    const lines = renderError(error, screenOf(80), null);
    expect(lines[1]).toBe("  line 12  tasks.train.resources.cpu");
  });

  it("shows at most twenty problems and counts the rest", () => {
    const violations = Array.from({ length: 1_000 }, (_, index) => ({
      field: `tasks[${index}]`,
      message: "is wrong",
    }));
    const lines = renderError({ ...error, violations }, screenOf(80), null);
    expect(lines.length).toBe(1 + 20 * 2 + 1);
    expect(lines.at(-1)).toBe("  … and 980 more problems");
  });

  it.each(errorCodes)("of code %s is named by it", (code) => {
    const lines = renderError({ code, message: "no", violations: [] }, screenOf(80), null);
    expect(lines).toEqual([`error[${code}] no`]);
  });
});

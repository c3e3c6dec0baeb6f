// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are what is tested
import { describe, expect, test } from "vitest";
import type { JobSpec } from "../core/job.js";
import type { Result } from "../core/result.js";
import { type OneOff, oneOffJob } from "./one-off.js";

const make = (request: Partial<OneOff>): Result<JobSpec> =>
  oneOffJob(
    { argv: ["/usr/bin/echo", "hi"], ...request },
    { now: 1000, environment: { HOME: "/home/ada" } },
  );

function accepted(request: Partial<OneOff>): JobSpec {
  const result = make(request);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

describe("one-off work", () => {
  test("is a job of one task named after its program", () => {
    const spec = accepted({});
    expect(spec.name).toBe("echo");
    expect(spec.tasks.map((task) => task.name)).toEqual(["echo"]);
    expect(spec.templates[0]?.command.program).toEqual({
      kind: "argv",
      argv: ["/usr/bin/echo", "hi"],
    });
  });

  test("takes secrets by name, and says which flag is wrong", () => {
    const spec = accepted({ secrets: ["TOKEN=api"], secretFiles: ["tls/key.pem=key"] });
    expect(spec.templates[0]?.secrets).toEqual({
      env: { TOKEN: "api" },
      files: { "tls/key.pem": "key" },
    });
    for (const [request, field] of [
      [{ secrets: ["TOKEN"] }, "--secret"],
      [{ secrets: ["A-B=api"] }, "--secret"],
      [{ secretFiles: ["../up=key"] }, "--secret-file"],
    ] as const) {
      expect(make(request)).toMatchObject({ ok: false, error: { violations: [{ field }] } });
    }
  });

  test("takes amounts, an array, other jobs and policies", () => {
    const spec = accepted({
      name: "sweep",
      cpu: "1.5",
      memory: "2Gi",
      gpu: "0.25",
      array: "1-3",
      maxConcurrent: "2",
      after: ["j1", "j2:done"],
      estimate: "90s",
      attempts: "3",
      onLost: "30s",
      deadline: "1h",
      priority: "-5",
      constraints: ["zone = eu"],
    });
    expect(spec.tasks.map((task) => task.name)).toEqual(["sweep[1]", "sweep[2]", "sweep[3]"]);
    expect(spec.after).toEqual([
      { jobId: "j1", on: "success" },
      { jobId: "j2", on: "done" },
    ]);
    expect(spec.templates).toHaveLength(1);
    expect(spec.templates[0]).toMatchObject({
      resources: { cpuMillis: 1500, memoryBytes: 2 ** 31 },
      gpu: { kind: "share", thousandths: 250 },
      maxConcurrent: 2,
      estimate: { p50Ms: 90_000, p90Ms: 135_000 },
      retry: { attemptsMax: 3 },
      onLost: { kind: "stop", afterMs: 30_000 },
      deadlineAtMs: 3_601_000,
      priority: -5,
    });
  });

  test("passes arguments and values on exactly as they were given", () => {
    const odd = "a ${{ task }} $${{ b ${{";
    const spec = accepted({ argv: ["prog", odd], env: [`X=${odd}`, "HOME"] });
    expect(spec.templates[0]?.command).toMatchObject({
      program: { argv: ["prog", odd] },
      env: { X: odd, HOME: "/home/ada" },
    });
  });

  test.each<[string, Partial<OneOff>, string, string]>([
    ["zero cpu", { cpu: "0" }, "--cpu", "above 0"],
    ["an odd amount of memory", { memory: "2Q" }, "--memory", "like 512Mi"],
    ["an array that runs backwards", { array: "5-1" }, "--array", "backwards"],
    ["an unknown condition", { after: ["j1:sucess"] }, "--after", "did you mean `success`"],
    ["a variable that is not set", { env: ["NOPE"] }, "--env", "not set here"],
    ["a variable of the worker", { env: ["ALMANAC_ATTEMPT=1"] }, "--env", "set by the worker"],
    ["no command", { argv: [] }, "command", "must name a program"],
    ["a priority that is no number", { priority: "high" }, "--priority", "whole number"],
    [
      "a bad line of an env file",
      { envFiles: [{ name: "a.env", text: "A=1\nB\n" }] },
      "--env-file",
      "a.env:2",
    ],
    ["three and a half devices", { gpu: "3.5" }, "--gpu", "share of one"],
    ["a lost contact that lasts never", { onLost: "never" }, "--on-lost", "duration"],
  ])("refuses %s, naming the flag", (_, request, field, message) => {
    const result = make(request);
    expect(result.ok).toBe(false);
    if (result.ok) return;
    expect(result.error.violations[0]?.field).toBe(field);
    expect(result.error.message).toContain(message);
  });
});

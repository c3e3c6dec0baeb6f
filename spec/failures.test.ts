/** What a job file says of failures: how it is read, merged and refused. */
import { describe, expect, it } from "vitest";
import type { JobSpec } from "../core/job.js";
import { parseJob } from "./job.js";

const parse = (text: string) => parseJob(text, { source: "job.yaml", now: 0 });

function specOf(text: string): JobSpec {
  const result = parse(text);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value.spec;
}

function refusal(text: string): string[] {
  const result = parse(text);
  if (result.ok) throw new Error("was accepted");
  return result.error.violations.map(({ line, field, message }) => `${line} ${field}: ${message}`);
}

describe("policies of failure", () => {
  it("are read in people's units, and merged with the defaults key by key", () => {
    const { templates, retryBudget, success } = specOf(`
name: j
retryBudget: 7
success: { atLeast: 0.95 }
defaults: { retry: { attempts: 4, never: [2, 64-78], moreMemory: { max: 8Gi } } }
tasks:
  a: { command: [a], retry: { crashes: 2 }, mayFail: true }
  b: { command: [b], retry: { never: ["7"], moreMemory: { factor: 1.5, max: 1Gi } } }
`);
    expect({ retryBudget, success }).toEqual({ retryBudget: 7, success: { atLeast: 0.95 } });
    expect(templates[0]).toMatchObject({
      mayFail: true,
      retry: {
        attemptsMax: 4,
        never: [
          { from: 2, to: 2 },
          { from: 64, to: 78 },
        ],
        moreMemory: { factor: 2, maxBytes: 8 * 2 ** 30 },
        crashesMax: 2,
      },
    });
    expect(templates[1]?.retry).toMatchObject({
      never: [{ from: 7, to: 7 }],
      moreMemory: { factor: 1.5, maxBytes: 2 ** 30 },
    });
    expect(templates[1]?.mayFail).toBeUndefined();
  });

  it("of a fallback say what is other than the task, and for each element its own", () => {
    const { templates } = specOf(`
name: j
tasks:
  t:
    array: 1-2
    command: [fast]
    env: { A: a }
    resources: { memory: 1Gi }
    modes: { m: { estimate: 1s } }
    fallback: { command: [slow, "\${{ array }}"], resources: { cpu: 4 }, attempts: 2, timeout: 9s }
`);
    expect(templates).toHaveLength(2);
    expect(templates[1]?.retry.fallback).toMatchObject({
      attemptsMax: 2,
      way: {
        name: "fallback",
        command: { program: { argv: ["slow", "2"] }, env: { A: "a" } },
        resources: { cpuMillis: 4_000, memoryBytes: 2 ** 30 },
        timeoutMs: 9_000,
        estimate: null,
      },
    });
  });

  it("are refused where they are wrong, by line and key", () => {
    expect(
      refusal(`
name: j
retryBudget: -1
success: { atLeast: 2 }
tasks:
  a:
    command: [a]
    retry:
      never: [0, 3-2, nine]
      moreMemory: { factor: 1, max: 1Gi }
      crashes: 0
    fallback: { command: [b], script: c }
`),
    ).toEqual([
      "3 retryBudget: must be a whole number from 0 to 1000000, not `-1`",
      "4 success.atLeast: must be a part of the tasks above 0 and at most 1, like 0.95",
      "9 tasks.a.retry.never[0]: must be an exit code from 1 to 255, or a range of them like 64-78, not `0`",
      "9 tasks.a.retry.never[1]: must be an exit code from 1 to 255, or a range of them like 64-78, not `3-2`",
      "9 tasks.a.retry.never[2]: must be an exit code from 1 to 255, or a range of them like 64-78, not `nine`",
      "10 tasks.a.retry.moreMemory.factor: must be a number above 1, at most 100",
      "11 tasks.a.retry.crashes: must be a whole number from 1 to 1000, not `0`",
      "12 tasks.a.fallback: must have only one of command or script",
    ]);
  });

  it("of a fallback that no worker could run as it stands name its place in the file", () => {
    expect(
      refusal(`
name: j
tasks:
  a:
    command: [a]
    fallback:
      env: { ALMANAC_WORKER: mine }
`),
    ).toEqual(["7 tasks.a.fallback.env.ALMANAC_WORKER: is set by the worker and cannot be given"]);
  });
});

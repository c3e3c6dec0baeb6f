/** Modes of a task: what they say instead of it, beside it, and where they are wrong. */
import { describe, expect, it } from "vitest";
import type { TaskMode, TaskTemplate } from "../core/job.js";
import { parseJob } from "./job.js";

const parse = (text: string) => parseJob(text, { source: "job.yaml", now: 0 });

function templatesOf(text: string): readonly TaskTemplate[] {
  const result = parse(text);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value.spec.templates;
}

const modesOf = (text: string, template = 0): readonly TaskMode[] =>
  templatesOf(text)[template]?.modes ?? [];

function refusal(text: string): string[] {
  const result = parse(text);
  if (result.ok) throw new Error("was accepted");
  return result.error.violations.map(({ line, field, message }) => `${line} ${field}: ${message}`);
}

describe("a mode", () => {
  it("says what is other than the task, and shares its command where that is the same", () => {
    const [gpu, cpu] = modesOf(`
name: j
defaults: { env: { A: a }, pools: { licence: 1 } }
tasks:
  t:
    command: [train]
    resources: { memory: 1Gi }
    constraints: [zone = eu]
    env: { B: b }
    estimate: 1h
    modes:
      gpu: { gpu: { count: 2 }, estimate: 2m, env: { B: c } }
      cpu: { resources: { cpu: 16 }, pools: { heat: 3 }, constraints: [fan exists] }
`);
    expect(gpu).toMatchObject({
      name: "gpu",
      gpu: { kind: "whole", count: 2 },
      estimate: { p50Ms: 120_000 },
      resources: { cpuMillis: 1_000, memoryBytes: 2 ** 30 },
      pools: { licence: 1 },
      command: { program: { argv: ["train"] }, env: { A: "a", B: "c" } },
    });
    expect(cpu).toMatchObject({
      name: "cpu",
      gpu: null,
      command: null,
      estimate: { p50Ms: 3_600_000 },
      resources: { cpuMillis: 16_000, memoryBytes: 2 ** 30 },
      pools: { licence: 1, heat: 3 },
    });
    expect(cpu?.constraints.map(({ label }) => label)).toEqual(["zone", "fan"]);
  });

  it("may bring its own program, driver and place, and then the task needs none", () => {
    const text = `
name: j
tasks:
  t:
    modes:
      one: { script: "echo hi", shell: [/bin/bash] }
      other: { command: [x], docker: { image: "a:1" }, workdir: /w, timeout: 5s }
`;
    const [one, other] = modesOf(text);
    expect(one).toMatchObject({ driver: "process", timeoutMs: null });
    // The template's own is the first one's, so that it has one.
    expect(one?.command).toBeNull();
    const first = templatesOf(text)[0]?.command.program;
    expect(first).toEqual({ kind: "script", shell: ["/bin/bash"], script: "echo hi" });
    expect(other).toMatchObject({ driver: "docker", timeoutMs: 5_000 });
    expect(other?.command).toMatchObject({ options: { image: "a:1" }, workingDirectory: "/w" });
  });

  it("replaces a script by a command", () => {
    const text = `name: j\ntasks: { t: { script: "echo", modes: { m: { command: [x] }, n: {} } } }\n`;
    expect(modesOf(text).map(({ command }) => command?.program.kind)).toEqual(["argv", undefined]);
  });

  it("knows the element of an array that it is in", () => {
    const text = `name: j\ntasks: { t: { array: 0-1, command: [x], modes: { m: { env: { I: "\${{ array }}" } } } } }\n`;
    expect(modesOf(text, 1)[0]?.command?.env).toEqual({ I: "1" });
  });
});

describe("a mode that is wrong is named", () => {
  it("with its line and its place in the file", () => {
    const text = `name: j
tasks:
  t:
    command: [x]
    modes:
      big:
        resources: { custom: { cpu: 1 } }
      "a.b": { estimate: 1s }
`;
    expect(refusal(text)).toEqual([
      expect.stringMatching(
        /^[56] tasks\.t\.modes: mode `a\.b` must be letters, digits, `_` and `-`/,
      ),
      "7 tasks.t.modes.big.resources.custom.cpu: `cpu` is not a custom resource; give it beside `custom`",
    ]);
  });

  it("where it has two programs, an unknown key, or is not a mode at all", () => {
    const withModes = (modes: string): string =>
      `name: j\ntasks:\n  t:\n    command: [x]\n    modes: ${modes}\n`;
    expect(refusal(withModes(`{ m: { command: [x], script: y } }`))[0]).toContain("only one of");
    expect(refusal(withModes(`{ m: { retry: { attempts: 2 } } }`))[0]).toContain("retry");
    expect(refusal(withModes(`[a, b]`))[0]).toContain("must be a map of names to modes");
    expect(refusal(withModes(`{}`))[0]).toContain("must name at least one mode");
  });

  it("where neither it nor the task has a program", () => {
    const text = `name: j\ntasks:\n  t:\n    modes: { m: { command: [x] }, n: {} }\n`;
    expect(refusal(text)[0]).toContain("must have either command or script");
  });
});

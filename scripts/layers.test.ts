import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkLayers } from "./layers.mjs";

const repository = resolve(dirname(fileURLToPath(import.meta.url)), "..");
let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "almanac-layers-"));
  cpSync(join(repository, "tsconfig.json"), join(root, "tsconfig.json"));
  for (const path of [
    "core/ids",
    "core/greedy",
    "core/problem",
    "proto/codec/job",
    "proto/gen/a",
    "proto/serving",
    "master/shell",
    "master/pure/decide",
    "planner/serve",
    "worker/agent",
    "models/features",
    "spec/read",
    "cli/main",
    "bench/main",
    "test/helper",
  ]) {
    write(path, "export const a = 1;\n");
  }
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, `${path}.ts`), text);
}

/** The rules that an import from one file to another breaks. */
async function rulesBroken(from: string, to: string): Promise<string[]> {
  const up = "../".repeat(from.split("/").length - 1);
  const specifier = to.startsWith("node:") ? to : `${up}${to}.js`;
  write(from, `import * as b from "${specifier}";\nexport const c = b;\n`);
  const { violations } = await checkLayers(root);
  return [...new Set(violations.map(({ rule }) => rule))].sort();
}

describe("imports that go the wrong way are refused", () => {
  it.each([
    ["core/ids", "master/shell", "core-needs-nothing"],
    ["core/ids", "node:fs", "core-needs-nothing"],
    ["core/check", "core/greedy", "check-shares-no-code"],
    ["core/greedy", "core/check", "check-lends-no-code"],
    ["spec/read", "proto/codec/job", "spec-imports"],
    ["proto/codec/job", "master/shell", "proto-imports"],
    ["master/shell", "planner/serve", "master-imports"],
    ["master/shell", "spec/read", "master-imports"],
    ["planner/serve", "worker/agent", "planner-imports"],
    ["worker/agent", "master/shell", "worker-imports"],
    ["worker/agent", "models/features", "models-serve-the-planner"],
    ["worker/agent", "proto/gen/a", "generated-types-stop-at-the-codec"],
    ["cli/main", "proto/gen/a", "generated-types-stop-at-the-codec"],
    ["cli/main", "bench/main", "cli-is-no-bench"],
    ["worker/agent", "cli/main", "nobody-imports-the-top"],
    ["simulation/run", "spec/read", "simulation-imports"],
    ["master/pure/decide", "master/shell", "pure-code-stays-pure"],
    ["master/pure/decide", "node:fs", "pure-code-stays-pure"],
    ["master/shell", "master/shell.test", "no-test-code-in-the-product"],
    ["master/shell", "master/absent", "resolvable"],
  ])("%s → %s breaks %s", async (from, to, rule) => {
    if (to === "core/check" || to === "master/shell.test") write(to, "export const a = 1;\n");
    expect(await rulesBroken(from, to)).toContain(rule);
  });

  it("in types as well", async () => {
    write("planner/serve", "export type A = 1;\n");
    write(
      "master/shell",
      'import type { A } from "../planner/serve.js";\nexport const b: A = 1;\n',
    );
    const { violations } = await checkLayers(root);
    expect(violations.map(({ rule }) => rule)).toContain("master-imports");
  });

  it("in circles", async () => {
    write("core/ids", 'import { a } from "./problem.js";\nexport const b = a;\n');
    write("core/problem", 'import { b } from "./ids.js";\nexport const a: number = b;\n');
    const { violations } = await checkLayers(root);
    expect(violations.map(({ rule }) => rule)).toContain("no-cycle");
  });
});

describe("imports that go the right way pass", () => {
  it.each([
    ["core/check", "core/problem"],
    ["spec/read", "core/ids"],
    ["proto/codec/job", "proto/gen/a"],
    ["master/shell", "proto/codec/job"],
    ["master/shell", "master/pure/decide"],
    ["master/shell", "node:fs"],
    ["master/pure/decide", "core/ids"],
    ["master/shell.test", "test/helper"],
    ["planner/serve", "models/features"],
    ["simulation/run", "master/pure/decide"],
    ["simulation/run", "master/shell"],
    ["cli/main", "worker/agent"],
    ["test/whole.test", "cli/main"],
    ["bench/main", "cli/main"],
    ["master/shell", "proto/serving"],
  ])("%s → %s", async (from, to) => {
    expect(await rulesBroken(from, to)).toEqual([]);
  });
});

it("what is checked is counted, so that a check of nothing shows", async () => {
  const seen = await checkLayers(root);
  expect(seen.modules).toBe(15);
  expect(seen.imports).toBe(0);
  await rulesBroken("cli/main", "core/ids");
  expect((await checkLayers(root)).imports).toBe(1);
});

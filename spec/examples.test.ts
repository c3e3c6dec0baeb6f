import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findCycle } from "../core/validate-job.js";
import { starterJob, starterNames } from "./init.js";
import { parseJob } from "./job.js";
import { jobJsonSchema } from "./job-schema.js";

const root = join(import.meta.dirname, "..");
const examples = readdirSync(join(root, "examples")).filter((name) => name.endsWith(".yaml"));
const read = (path: string): string => readFileSync(join(root, path), "utf8");

describe("the examples", () => {
  test.each(examples)("%s is a valid job", (name) => {
    const result = parseJob(read(`examples/${name}`), { source: name, now: Date.now() });
    if (!result.ok) throw new Error(JSON.stringify(result.error, null, 1));
    expect(
      findCycle(
        result.value.spec.tasks.length,
        result.value.spec.edges.map((edge) => [edge.from, edge.to]),
      ),
    ).toBeNull();
  });

  test("some of them are what `almanac init` writes (npx vitest run spec -u)", async () => {
    const module = `// Generated from examples/ by spec/examples.test.ts, so that a bundle carries them.
// biome-ignore-all lint: generated
// biome-ignore-all format: generated
export type StarterName = ${starterNames.map((name) => JSON.stringify(name)).join(" | ")};

export const starterJobs: Readonly<Record<StarterName, string>> = {
${starterNames.map((name) => `  ${name}: [\n${linesOf(read(`examples/${name}.yaml`))}\n  ].join("\\n"),`).join("\n")}
};
`;
    await expect(module).toMatchFileSnapshot("starter-jobs.ts");
  });

  test("a starter takes the name it is given", () => {
    for (const name of starterNames) {
      const result = parseJob(starterJob(name, "mine"), { source: name, now: 0 });
      expect(result).toMatchObject({ ok: true, value: { spec: { name: "mine" } } });
    }
  });
});

const linesOf = (text: string): string =>
  text
    .split("\n")
    .map((line) => `    ${JSON.stringify(line)},`)
    .join("\n");

describe("docs/job.md", () => {
  const page = read("docs/job.md");

  test("names every key of a job file", () => {
    const schema = jobJsonSchema();
    const keys = new Set<string>();
    const visit = (node: unknown): void => {
      if (typeof node !== "object" || node === null) return;
      if ("properties" in node && typeof node.properties === "object" && node.properties !== null) {
        for (const key of Object.keys(node.properties)) keys.add(key);
      }
      for (const value of Object.values(node)) visit(value);
    };
    visit(schema);
    expect(keys.size).toBeGreaterThan(50);
    expect([...keys].filter((key) => !new RegExp(`\\b${key}\\b`).test(page))).toEqual([]);
  });

  test("shows only examples that are accepted", () => {
    const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1] ?? "");
    expect(blocks.length).toBeGreaterThan(10);
    for (const block of blocks) {
      const whole = block.startsWith("name:") ? block : wrapped(block);
      const result = parseJob(whole, {
        source: "docs/job.md",
        now: 0,
        readFile: () => ({ ok: true, value: "A=1\n" }),
      });
      if (!result.ok) throw new Error(`${JSON.stringify(result.error, null, 1)}\n${whole}`);
    }
  });

  test("goes with a JSON Schema generated from the same source (npx vitest run spec -u)", async () => {
    const text = `${JSON.stringify(jobJsonSchema(), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot("../docs/job.schema.json");
  });
});

/** A block of keys of one task stands in a job of its own. */
function wrapped(block: string): string {
  const inner = block
    .split("\n")
    .map((line) => (line === "" ? "" : `    ${line}`))
    .join("\n");
  const program = /^(command|script):/m.test(block) ? "" : "    command: [true]\n";
  return `name: example\ntasks:\n  one:\n${program}${inner}\n  two:\n    command: [true]\n`;
}

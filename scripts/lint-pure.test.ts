import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { lintPure, pureFilesOf } from "./lint-pure.mjs";

const root = mkdtempSync(join(tmpdir(), "almanac-pure-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): string {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  return path;
}

const findingsIn = (text: string): { line: number; message: string }[] =>
  lintPure(root, [write("core/sample.ts", text)]);

describe("pure code may not use", () => {
  it.each([
    ["the clock", "export const a = Date.now();"],
    ["the clock through a new Date", "export const a = new Date();"],
    ["the clock through a new Date without brackets", "export const a = new Date;"],
    ["the clock through Date as a function", "export const a = Date();"],
    ["the clock by another name", "const { now } = Date;\nexport const a = now();"],
    ["performance", "export const a = performance.now();"],
    ["chance", "export const a = Math.random();"],
    ["chance by a computed name", 'export const a = Math["random"]();'],
    ["chance by another name", "const { random } = Math;\nexport const a = random();"],
    ["crypto", "export const a = crypto.randomUUID();"],
    ["setTimeout", "setTimeout(() => 1, 5);"],
    ["setInterval", "setInterval(() => 1, 5);"],
    ["setImmediate", "setImmediate(() => 1);"],
    ["queueMicrotask", "queueMicrotask(() => undefined);"],
    ["the process", "export const a = process.env.HOME;"],
    ["the process in shorthand", "export const a = { process };"],
    ["the console", 'console.log("hello");'],
    ["the network", 'export const a = fetch("http://localhost");'],
    ["require", 'export const a = require("fs");'],
    ["globalThis", "export const a = globalThis;"],
    ["a promise", "export const a = Promise.resolve(1);"],
    ["a promise in a type", "export type A = Promise<number>;"],
    ["async functions", "export async function a() {\n  return 1;\n}"],
    ["async arrows", "export const a = async () => 1;"],
    ["await", "export const a = await b;\ndeclare const b: number;"],
    ["for await", "export function a() {\n  for await (const b of c) b;\n}\ndeclare const c: any;"],
    ["node's modules", 'import { readFileSync } from "node:fs";\nexport { readFileSync };'],
    ["node's modules by their old names", 'import fs from "fs";\nexport { fs };'],
    [
      "node's modules for their types",
      'import type { Socket } from "node:net";\nexport type { Socket };',
    ],
    ["node's modules handed on", 'export { readFileSync } from "node:fs";'],
    ["a late import", 'export const a = import("./b.js");'],
    ["import.meta", "export const a = import.meta.url;"],
    ["eval", 'export const a = eval("1");'],
  ])("%s", (_what, text) => {
    expect(findingsIn(text).length).toBeGreaterThan(0);
  });

  it("and is told the file and line of each", () => {
    expect(findingsIn("export const a = 1;\n\nexport const b = Math.random();\n")).toEqual([
      { file: "core/sample.ts", line: 3, message: expect.stringContaining("Math.random") },
    ]);
  });
});

describe("pure code may use", () => {
  it.each([
    ["a time that was given", "export const a = (ms: number) => new Date(ms).toISOString();"],
    ["arithmetic", "export const a = Math.max(Math.floor(1.5), Date.UTC(2020, 1));"],
    ["the type of a date", "export const a = (date: Date): number => date.getTime();"],
    ["a variable of its own called process", "export const a = (process: number) => process + 1;"],
    ["a member called process", "export const a = (b: { process: number }) => b.process;"],
    ["a key called fetch", "export const a = { fetch: 1, console: 2 };"],
    [
      "an import called performance",
      'import { performance } from "./b.js";\nexport const a = performance;',
    ],
    ["words in texts and comments", '// Date.now()\nexport const a = "Math.random()";'],
  ])("%s", (_what, text) => {
    expect(findingsIn(text)).toEqual([]);
  });

  it("a name of its own in one place, while the global elsewhere is still seen", () => {
    const text = "export const a = (process: number) => process;\nexport const b = process.pid;\n";
    expect(findingsIn(text).map(({ line }) => line)).toEqual([2]);
  });
});

it("pure code is core and every pure folder, without tests and their helpers", () => {
  write("core/job.ts", "");
  write("core/job.test.ts", "");
  write("core/testing/jobs.ts", "");
  write("master/pure/decide.ts", "");
  write("master/shell.ts", "");
  write("planner/solvers/pure/order.ts", "");
  expect(pureFilesOf(root)).toEqual([
    "core/job.ts",
    "core/sample.ts",
    "master/pure/decide.ts",
    "planner/solvers/pure/order.ts",
  ]);
});

import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withLock } from "./lock.mjs";
import { isInstalled, nodeProblem, setUp } from "./setup.mjs";

const repository = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const root = mkdtempSync(join(tmpdir(), "almanac-setup-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** A small checkout of its own, with this one's tools. */
beforeAll(() => {
  for (const file of ["package.json", "package-lock.json", "buf.yaml", "buf.gen.yaml"]) {
    write(file, readFileSync(join(repository, file), "utf8"));
  }
  symlinkSync(join(repository, "node_modules"), join(root, "node_modules"));
  write("proto/a/v1/a.proto", 'syntax = "proto3";\npackage a.v1;\nmessage A { int32 b = 1; }\n');
  write(
    "cli/main.ts",
    'import { A } from "../proto/gen/a/v1/a.js";\nconsole.log(A.decode(new Uint8Array([8, 5])).b);\n',
  );
});

function runNode(path: string): Promise<string> {
  const child = spawn(process.execPath, [path], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  return new Promise((done) => child.on("close", () => done(output)));
}

describe("a checkout is set up", () => {
  it("from protos and sources to a program that runs", async () => {
    expect(await setUp(root, {})).toEqual(["generate", "build"]);
    expect(await runNode(join(root, "dist/cli/main.js"))).toBe("5\n");
    expect(existsSync(join(root, "dist/proto/descriptors.binpb"))).toBe(true);
  });

  it("at once where nothing changed", async () => {
    const startedAtMs = performance.now();
    expect(await setUp(root, {})).toEqual([]);
    expect(performance.now() - startedAtMs).toBeLessThan(300);
  });

  it("only as far as needed where a source changed", async () => {
    write("cli/main.ts", "console.log(7);\n");
    expect(await setUp(root, {})).toEqual(["build"]);
    expect(await runNode(join(root, "dist/cli/main.js"))).toBe("7\n");
  });

  it("not again where only a test changed", async () => {
    write("cli/main.test.ts", "export {};\n");
    expect(await setUp(root, {})).toEqual([]);
  });

  it("anew where a proto changed", async () => {
    write("proto/a/v1/a.proto", 'syntax = "proto3";\npackage a.v1;\nmessage A { int32 c = 2; }\n');
    expect(await setUp(root, {})).toEqual(["generate", "build"]);
  });

  it("anew where an output was removed", async () => {
    rmSync(join(root, "dist"), { recursive: true });
    expect(await setUp(root, {})).toEqual(["build"]);
  });

  it("once where two ask at the same time", async () => {
    write("cli/main.ts", "console.log(8);\n");
    const [first, second] = await Promise.all([setUp(root, {}), setUp(root, {})]);
    expect([...first, ...second]).toEqual(["build"]);
  });

  it("and a build that fails is not taken for done", async () => {
    write("cli/main.ts", "this is no program");
    await expect(setUp(root, {})).rejects.toThrow();
    await expect(setUp(root, {})).rejects.toThrow();
    write("cli/main.ts", "console.log(9);\n");
    expect(await setUp(root, {})).toEqual(["build"]);
  });
});

describe("dependencies are installed anew", () => {
  const lock = (version: string, optional = false) =>
    JSON.stringify({ packages: { "": {}, "node_modules/x": { version, optional } } });
  const folder = mkdtempSync(join(tmpdir(), "almanac-installed-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const record = join(folder, "node_modules/.package-lock.json");

  it("where there are none, or others than the lock names", () => {
    writeFileSync(join(folder, "package-lock.json"), lock("1.0.0"));
    expect(isInstalled(folder)).toBe(false);
    mkdirSync(join(folder, "node_modules"));
    writeFileSync(record, lock("0.9.0"));
    expect(isInstalled(folder)).toBe(false);
    writeFileSync(record, lock("1.0.0"));
    expect(isInstalled(folder)).toBe(true);
  });

  it("but not for what belongs to another platform", () => {
    writeFileSync(record, JSON.stringify({ packages: {} }));
    expect(isInstalled(folder)).toBe(false);
    writeFileSync(join(folder, "package-lock.json"), lock("1.0.0", true));
    expect(isInstalled(folder)).toBe(true);
  });
});

describe("the lock", () => {
  it("of a process that died is taken over", async () => {
    const path = join(root, "dead.lock");
    const child = spawn(process.execPath, ["-e", ""], { stdio: "ignore" });
    await new Promise((done) => child.on("close", done));
    writeFileSync(path, String(child.pid));
    expect(await withLock(path, async () => "done")).toBe("done");
    expect(existsSync(path)).toBe(false);
  });

  it("of a living process is waited for, but not for ever", async () => {
    const path = join(root, "held.lock");
    writeFileSync(path, String(process.pid));
    await expect(withLock(path, async () => 1, { timeoutMs: 150 })).rejects.toThrow(/too long/);
    expect(readFileSync(path, "utf8")).toBe(String(process.pid));
  });
});

it("an old Node is told what is needed and where to get it", () => {
  expect(nodeProblem("v20.19.0", ">=20.19")).toBeNull();
  expect(nodeProblem("v22.1.0", ">=20.19")).toBeNull();
  expect(nodeProblem("v20.18.9", ">=20.19")).toMatch(/needs Node 20\.19.*nodejs\.org/);
  expect(nodeProblem("v18.20.0", ">=20.19")).toMatch(/this is v18\.20\.0/);
});

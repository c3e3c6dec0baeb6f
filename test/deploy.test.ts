/** What deploy/ ships is read by those who would read it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { createProgram } from "../cli/program.js";
import { loadConfig } from "../spec/config.js";

const deploy = fileURLToPath(new URL("../deploy", import.meta.url));
const units = readdirSync(join(deploy, "systemd"));
const folder = mkdtempSync(join(tmpdir(), "almanac-deploy-"));
const analyze = spawnSync("systemd-analyze", ["--version"], { encoding: "utf8" });

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const textOf = (unit: string): string => readFileSync(join(deploy, "systemd", unit), "utf8");
/** Program and arguments of the unit's only command. */
const commandOf = (unit: string): string[] =>
  /^ExecStart=(.*)$/m.exec(textOf(unit))?.[1]?.split(" ") ?? [];

describe("the units for systemd", () => {
  it("are there for master, planner and worker", () => {
    expect(units.sort()).toEqual(
      ["master", "planner", "worker"].map((part) => `almanac-${part}.service`),
    );
  });

  it.each(units)("%s starts a command that exists, with options that it has", (unit) => {
    const [, name = "", ...args] = commandOf(unit);
    const installation = { entry: "main.js", distribution: "dist", root: "." };
    const command = createProgram(installation).commands.find((one) => one.name() === name);
    const known = command?.options.map(({ long }) => long);
    for (const flag of args.filter((arg) => arg.startsWith("--"))) expect(known).toContain(flag);
    expect(command).toBeDefined();
  });

  const missing =
    analyze.status === 0 ? "" : " (needs systemd-analyze, of Debian's package systemd)";
  describe.skipIf(missing !== "")(`read by systemd${missing}`, () => {
    it.each(units)("%s has nothing that it does not understand", (unit) => {
      const [program = ""] = commandOf(unit);
      // It looks for the program, which is not installed here.
      const path = join(folder, unit);
      writeFileSync(path, textOf(unit).replace(program, process.execPath));
      const read = spawnSync("systemd-analyze", ["verify", "--man=no", path], { encoding: "utf8" });
      expect(read.stderr.split("\n").filter((line) => line.includes("almanac"))).toEqual([]);
    });
  });

  it("leave the supervisor and the attempts of a worker alone", () => {
    const worker = textOf("almanac-worker.service");
    for (const line of ["KillMode=process", "Delegate=yes", "OOMPolicy=continue"]) {
      expect(worker.split("\n")).toContain(line);
    }
    expect(commandOf("almanac-worker.service")).toContain("--keep-attempts");
  });
});

describe("the settings file to start from", () => {
  it("is understood", () => {
    const fileText = readFileSync(join(deploy, "almanac.yaml"), "utf8");
    const loaded = loadConfig({ flags: {}, env: {}, fileText });
    expect(loaded).toMatchObject({
      ok: true,
      value: { master: { dataDirectory: "/var/lib/almanac/master" } },
    });
  });
});

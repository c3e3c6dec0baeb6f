import { describe, expect, it } from "vitest";
import { prettyLine } from "./log.js";
import { coloursOff } from "./render/screen.js";

describe("a log line on a terminal", () => {
  it("is short: time, level, name, message, fields", () => {
    const entry = {
      level: 40,
      time: 0,
      name: "master",
      pid: 1,
      worker: "big",
      ms: 12,
      msg: "lost",
    };
    expect(prettyLine(`${JSON.stringify(entry)}\n`, coloursOff)).toBe(
      "00:00:00.000 warn  master   lost worker=big ms=12",
    );
  });

  it("cannot move the cursor, whatever a program put into its name", () => {
    const entry = { level: 30, time: 0, name: "worker", msg: "\u001b[2J\nforged" };
    const line = prettyLine(JSON.stringify(entry), coloursOff);
    expect(line).not.toContain("\u001b");
    expect(line).not.toContain("\n");
  });

  it("that is no JSON passes as it is", () => {
    expect(prettyLine("Segmentation fault\n", coloursOff)).toBe("Segmentation fault");
  });
});

/** A few thousand malformed messages; `npm run bench -- fuzz` sends a hundred thousand. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

describe("malformed messages", () => {
  it("are refused with a word by every parser and every method, and change nothing", async () => {
    const folder = mkdtempSync(join(tmpdir(), "almanac-fuzz-test-"));
    const figures = join(folder, "figures.json");
    const bench = fileURLToPath(new URL("../dist/bench/main.js", import.meta.url));
    const args = ["fuzz", "--messages", "4000", "--seed", "3", "--json", figures];
    const child = spawn(process.execPath, [bench, ...args], { stdio: "ignore" });
    const code = await new Promise((done) => child.once("close", done));
    const found = JSON.parse(readFileSync(figures, "utf8"));
    rmSync(folder, { recursive: true });
    expect(found.faults).toEqual([]);
    expect(found.rows.length).toBeGreaterThan(40);
    const refused = found.rows.reduce((sum: number, row: Row) => sum + row.refused, 0);
    expect(refused).toBeGreaterThan(1_000);
    expect(code).toBe(0);
  }, 120_000);
});

interface Row {
  readonly refused: number;
}

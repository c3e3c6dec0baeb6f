/** A handful of blows to real processes; `npm run chaos` deals as many as one likes. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

describe("a cluster whose processes are killed and held", () => {
  it("loses nothing, doubles nothing and ends everything", async () => {
    const folder = mkdtempSync(join(tmpdir(), "almanac-chaos-test-"));
    const figures = join(folder, "figures.json");
    const chaos = fileURLToPath(new URL("../dist/chaos/main.js", import.meta.url));
    const blows = ["--kills", "8", "--holds", "3", "--minutes", "0.3", "--workers", "3"];
    const child = spawn(process.execPath, [chaos, ...blows, "--seed", "1", "--json", figures], {
      stdio: "ignore",
    });
    const code = await new Promise((done) => child.once("close", done));
    const found = JSON.parse(readFileSync(figures, "utf8"));
    rmSync(folder, { recursive: true });
    expect(found.faults).toEqual([]);
    expect(found.blows).toHaveLength(11);
    expect(found.jobs).toBeGreaterThan(0);
    expect(found.runs).toBeGreaterThanOrEqual(1);
    expect(code).toBe(0);
  }, 180_000);
});

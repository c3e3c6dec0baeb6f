/** The quickest of the planted bugs; `node simulation/planted/campaign.mjs` hunts them all. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { plantedBugs } from "./bugs.js";

const run = promisify(execFile);
const campaign = fileURLToPath(new URL("campaign.mjs", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));

/** Each is found by one of the first seeds. */
const quick = [
  "the journal does not sync",
  "a new master leads in the epoch of the one before",
  "an event is left out behind a snapshot",
  "what began and was lost has used up nothing",
];

describe("planted bugs", () => {
  it("are thirty and more, each a change of one place in the source as it is", () => {
    expect(plantedBugs.length).toBeGreaterThanOrEqual(30);
    expect(new Set(plantedBugs.map(({ name }) => name)).size).toBe(plantedBugs.length);
    for (const { name, changes } of plantedBugs) {
      for (const { file, find } of changes) {
        const places = readFileSync(join(root, file), "utf8").split(find).length - 1;
        expect(places, `${name}: ${file}`).toBe(1);
      }
    }
  });

  it("are found", async () => {
    const folder = mkdtempSync(join(tmpdir(), "almanac-planted-"));
    const json = join(folder, "found.json");
    const bugs = quick.flatMap((name) => ["--bug", name]);
    await run(process.execPath, [
      campaign,
      "--seeds",
      "20",
      "--threads",
      "2",
      "--json",
      json,
      ...bugs,
    ]);
    const { results } = JSON.parse(readFileSync(json, "utf8"));
    rmSync(folder, { recursive: true });
    expect(results).toHaveLength(quick.length);
    for (const { name, seed } of results) expect(seed, name).toBeGreaterThan(0);
  }, 120_000);
});

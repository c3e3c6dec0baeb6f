/**
 * Writes golden journals of the present format (master/shell/fixtures/journals/) that are missing.
 * To be run once for a new format, or a new story; what is there is never written again.
 *
 *   node scripts/write-golden-journal.mjs
 */
import { spawnSync } from "node:child_process";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const args = ["vitest", "run", "master/shell/golden.test.ts"];
const env = { ...process.env, ALMANAC_WRITE_GOLDEN: "1" };
const { status } = spawnSync("npx", args, { cwd: root, env, stdio: "inherit" });
process.exitCode = status ?? 1;

/** The `almanac` command. */
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createProgram } from "./program.js";
import { runProgram } from "./run-program.js";

const entry = fileURLToPath(import.meta.url);
const distribution = resolve(dirname(entry), "..");
const installation = { entry, distribution, root: dirname(distribution) };

await runProgram((json) => createProgram(installation, json));

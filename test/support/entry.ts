/** The built command: tests that start processes run what users run. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export function distEntry(): string {
  const path = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
  if (!existsSync(path)) throw new Error("dist/ is missing: run `npm run build` first");
  return path;
}

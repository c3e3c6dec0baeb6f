/** Files of this project, from the bundle of a bench as well as from its source. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export function projectFile(path: string): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) {
      const file = join(folder, path);
      if (!existsSync(file)) throw new Error(`${path} is missing: run \`npm run build\` first`);
      return file;
    }
    if (folder === dirname(folder)) throw new Error(`${path} is not found`);
  }
}

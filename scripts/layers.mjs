/**
 * Checks the import directions of .dependency-cruiser.cjs. Fails as well where it sees no modules
 * or no imports between houses: with a TypeScript that it does not know, dependency-cruiser checks
 * nothing and says that all is well.
 *
 *   node scripts/layers.mjs [ROOT]
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { cruise } from "dependency-cruiser";
import extractTSConfig from "dependency-cruiser/config-utl/extract-ts-config";
import { houses } from "./build.mjs";

const here = dirname(fileURLToPath(import.meta.url));

/** Returns what was seen: counts, and the violations as `{ rule, from, to, comment }`. */
export async function checkLayers(root) {
  const { forbidden, options } = createRequire(import.meta.url)("../.dependency-cruiser.cjs");
  const folders = [...houses, "test"].filter((folder) => existsSync(join(root, folder)));
  const tsConfig = extractTSConfig(join(root, "tsconfig.json"));
  const settings = { ...options, ruleSet: { forbidden }, validate: true, baseDir: root };
  const { output } = await cruise(folders, settings, null, { tsConfig });
  const ours = output.modules.filter(({ source }) => /^[^.].*\.ts$/.test(source) && isOurs(source));
  const comments = new Map(forbidden.map(({ name, comment }) => [name, comment]));
  return {
    modules: ours.length,
    imports: ours.reduce((sum, { dependencies }) => sum + dependencies.length, 0),
    violations: output.summary.violations.map(({ rule, from, to, cycle }) => ({
      rule: rule.name,
      comment: comments.get(rule.name) ?? "",
      from,
      to: cycle?.map(({ name }) => name).join(" → ") ?? to,
    })),
  };
}

const isOurs = (source) => !source.includes("node_modules/");

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { modules, imports, violations } = await checkLayers(
    resolve(process.argv[2] ?? join(here, "..")),
  );
  for (const { rule, comment, from, to } of violations) {
    console.log(`${from} → ${to}\n    ${rule}: ${comment}`);
  }
  console.log(`layers: ${modules} modules, ${imports} imports, ${violations.length} violations`);
  if (modules === 0 || imports === 0) console.log("layers: nothing was checked, which is an error");
  process.exitCode = modules === 0 || imports === 0 || violations.length > 0 ? 1 : 0;
}

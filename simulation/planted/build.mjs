/** Bundles the simulation with one planted bug; the source stays as it is. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

/** Throws where a change does not find exactly one place. */
export async function buildPlanted(root, changes, outdir) {
  const texts = new Map();
  for (const { file, find, replace } of changes) {
    const path = join(root, file);
    const text = texts.get(path) ?? readFileSync(path, "utf8");
    const places = text.split(find).length - 1;
    if (places !== 1) throw new Error(`${file}: ${places} places for ${JSON.stringify(find)}`);
    texts.set(
      path,
      text.replace(find, () => replace),
    );
  }
  await build({
    absWorkingDir: root,
    entryPoints: ["simulation/life-thread.ts"],
    outdir,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    logLevel: "silent",
    plugins: [
      {
        name: "planted",
        setup: ({ onLoad }) =>
          onLoad({ filter: /\.ts$/ }, ({ path }) => {
            const contents = texts.get(path);
            return contents === undefined ? undefined : { contents, loader: "ts" };
          }),
      },
    ],
  });
}

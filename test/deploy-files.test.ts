/** The image and the compose file name only what is there: commands, settings, files. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const textOf = (path: string): string => readFileSync(join(root, path), "utf8");

interface Service {
  readonly command: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly build: { readonly context: string; readonly dockerfile: string };
}

describe("deploy/compose.yaml", () => {
  const file: { readonly services: Readonly<Record<string, Service>> } = parse(
    textOf("deploy/compose.yaml"),
    { merge: true },
  );

  it("starts one master, one planner and one worker of one image", () => {
    expect(Object.keys(file.services)).toEqual(["master", "planner", "worker"]);
    for (const [name, { command, build }] of Object.entries(file.services)) {
      expect(command.split(" ")[0]).toBe(name);
      expect(existsSync(join(root, "deploy", build.context, build.dockerfile))).toBe(true);
    }
  });

  it("sets settings that exist, by flags that exist", () => {
    const settings = textOf("docs/configuration.md");
    for (const { command, environment } of Object.values(file.services)) {
      for (const variable of Object.keys(environment ?? {})) {
        expect(settings).toContain(`\`${variable}\``);
      }
      const flags = command.split(" ").filter((word) => word.startsWith("--"));
      for (const flag of flags) expect(settings + textOf("docs/cli.md")).toContain(flag);
    }
  });
});

describe("deploy/Dockerfile", () => {
  it("copies files that a checkout or its build has", () => {
    const copied = [...textOf("deploy/Dockerfile").matchAll(/^COPY --from=build (.*) \S+$/gm)];
    const paths = copied.flatMap(([, sources = ""]) => sources.split(" "));
    expect(paths.length).toBeGreaterThan(5);
    for (const path of paths) {
      expect(existsSync(join(root, path.replace("/opt/almanac/", ""))), path).toBe(true);
    }
  });
});

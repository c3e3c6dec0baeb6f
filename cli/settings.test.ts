import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { configFileName, configOf, effectiveSettings } from "./settings.js";

let folder = "";
let file = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "almanac-settings-"));
  file = join(folder, "almanac.yaml");
  writeFileSync(file, "cli: { master: '127.0.0.1:7001' }\nlog: { level: warn }\n");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const sourceOf = (path: string, options: Record<string, unknown>): string | undefined =>
  effectiveSettings(options).find((setting) => setting.path === path)?.source;

describe("settings", () => {
  it("come from flag, environment, file, default, in this order, and say from where", () => {
    const options = { config: file };
    expect(configOf(options, "cli").cli.master).toBe("127.0.0.1:7001");
    expect(sourceOf("cli.master", options)).toBe(file);
    vi.stubEnv("ALMANAC_CLI_MASTER", "127.0.0.1:7002");
    expect(configOf(options, "cli").cli.master).toBe("127.0.0.1:7002");
    expect(sourceOf("cli.master", options)).toBe("ALMANAC_CLI_MASTER");
    const flagged = { ...options, master: "127.0.0.1:7003" };
    expect(configOf(flagged, "cli").cli.master).toBe("127.0.0.1:7003");
    expect(sourceOf("cli.master", flagged)).toBe("flag");
    expect(sourceOf("master.listen", flagged)).toBe("default");
  });

  it("take `--master` as the master of the part that is started", () => {
    const options = { config: file, master: "127.0.0.1:7003" };
    expect(configOf(options, "worker").worker.master).toBe("127.0.0.1:7003");
    expect(configOf(options, "worker").cli.master).toBe("127.0.0.1:7001");
  });

  it("find the file by the environment, and refuse one that cannot be read", () => {
    vi.stubEnv("ALMANAC_CONFIG", file);
    expect(configFileName({})).toBe(file);
    expect(() => configOf({ config: join(folder, "none.yaml") }, "cli")).toThrow("none.yaml");
  });
});

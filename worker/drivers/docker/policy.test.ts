import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { DockerOptions } from "../../../core/drivers.js";
import { dockerOptions, dockerPolicy } from "../../testing/docker-options.js";
import { applyPolicy, type DockerPolicy } from "./policy.js";

const directory = mkdtempSync(join(tmpdir(), "almanac-policy-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const allowed = join(directory, "allowed");
const beside = join(directory, "allowed-not");
for (const path of [allowed, beside, join(allowed, "data")]) mkdirSync(path);
symlinkSync("/etc", join(allowed, "out"));

const mount = (source: string, writable = false, target = "/data"): Partial<DockerOptions> => ({
  mounts: [{ source, target, writable }],
});
const words = (options: Partial<DockerOptions>, policy: Partial<DockerPolicy> = {}): string => {
  const result = applyPolicy(dockerOptions(options), dockerPolicy(policy));
  return result.ok ? "allowed" : result.error;
};

describe("a worker without a policy of its own", () => {
  const loosenings: [Partial<DockerOptions>, string, string, Partial<DockerPolicy>][] = [
    [{ user: "0" }, "docker.user", "allowRoot", { allowRoot: true }],
    [{ user: "000:5" }, "docker.user", "allowRoot", { allowRoot: true }],
    [{ user: "app" }, "docker.user", "allowRoot", { allowRoot: true }],
    [{ network: "bridge" }, "docker.network", "allowedNetworks", { allowedNetworks: ["bridge"] }],
    [{ network: "host" }, "docker.network", "allowedNetworks", { allowedNetworks: ["host"] }],
    [
      { writableRoot: true },
      "docker.writableRoot",
      "allowWritableRoot",
      { allowWritableRoot: true },
    ],
    [
      { newPrivileges: true },
      "docker.newPrivileges",
      "allowNewPrivileges",
      { allowNewPrivileges: true },
    ],
    [
      { capabilities: ["SYS_ADMIN"] },
      "docker.capabilities",
      "allowedCapabilities",
      { allowedCapabilities: ["SYS_ADMIN"] },
    ],
    [{ processesMax: 5_000 }, "docker.processes", "processes", { processes: 5_000 }],
    [{ credentials: "hub" }, "docker.credentials", "credentials", { credentials: { hub: "/f" } }],
    [
      { credentials: "toString" },
      "docker.credentials",
      "credentials",
      { credentials: { toString: "/f" } },
    ],
    [mount(allowed), "docker.mounts", "allowedMounts", { allowedMounts: [allowed] }],
    [
      mount(allowed, true),
      "docker.mounts",
      "allowedWritableMounts",
      { allowedWritableMounts: ["/"] },
    ],
  ];
  test.each(loosenings)(
    "refuses %j, naming %s and worker.docker.%s",
    (asked, own, setting, opened) => {
      expect(words(asked)).toContain(own);
      expect(words(asked)).toContain(`worker.docker.${setting}`);
      expect(words(asked, opened)).toBe("allowed");
    },
  );

  test("lets a task be what it is by default, and any user but root", () => {
    expect(words({})).toBe("allowed");
    expect(words({ user: "1000:1000" })).toBe("allowed");
  });
});

describe("a mount", () => {
  const policy = { allowedMounts: [allowed] };
  test("may be what lies in an allowed directory, to read only", () => {
    expect(words(mount(join(allowed, "data")), policy)).toBe("allowed");
    expect(words(mount(join(allowed, "data"), true), policy)).toContain("allowedWritableMounts");
  });

  test("may be neither a link that leads out nor a directory of a like name", () => {
    expect(words(mount(join(allowed, "out")), policy)).toContain("allowedMounts");
    expect(words(mount(join(allowed, "out/passwd")), policy)).toContain("allowedMounts");
    expect(words(mount(beside), policy)).toContain("allowedMounts");
    expect(words(mount(`${allowed}/../allowed-not`), policy)).toContain("allowedMounts");
  });

  test("may not hide the attempt's own directory", () => {
    expect(words(mount(allowed, false, "/almanac/work"), policy)).toContain("is taken");
    expect(words({ tmpfs: [{ target: "/almanac/", bytes: 1 }] })).toContain("is taken");
  });
});

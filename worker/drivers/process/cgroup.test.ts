import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { cpuQuota } from "./cgroup.js";
import { readCgroupMounts, readOwnGroups } from "./cgroup-manager.js";
import { createCgroupsV1 } from "./cgroup-v1.js";
import { createCgroupsV2, limitGroup } from "./cgroup-v2.js";

const root = mkdtempSync(join(tmpdir(), "almanac-cgroup-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("cpu quotas", () => {
  test.each([
    [1_000, null, { periodUs: 100_000, quotaUs: 100_000 }],
    [250, null, { periodUs: 100_000, quotaUs: 25_000 }],
    [1_000, 0.5, { periodUs: 20_000, quotaUs: 10_000 }],
    [4_000, 0.25, { periodUs: 20_000, quotaUs: 20_000 }],
    [100, 0.1, { periodUs: 100_000, quotaUs: 1_000 }],
    [1, null, { periodUs: 1_000_000, quotaUs: 1_000 }],
  ])("%d millicores throttled by %s", (cpuMillis, throttle, quota) => {
    expect(cpuQuota(cpuMillis, throttle)).toEqual(quota);
  });
});

describe("what a host says of its control groups", () => {
  test("mounts of both versions are found, with their controllers", () => {
    const mountinfo = [
      "31 25 0:27 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw",
      "33 25 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:11 - cgroup cgroup rw,cpu,cpuacct",
      "40 25 0:30 / /proc rw - proc proc rw",
    ].join("\n");
    expect(readCgroupMounts(mountinfo)).toEqual([
      { path: "/sys/fs/cgroup/unified", version: 2, controllers: [] },
      { path: "/sys/fs/cgroup/cpu,cpuacct", version: 1, controllers: ["rw", "cpu", "cpuacct"] },
    ]);
  });

  test("our own groups are found by controller", () => {
    const own = readOwnGroups("4:memory:/a/b\n2:cpu,cpuacct:/c\n0::/user.slice\n");
    expect([own.get("memory"), own.get("cpuacct"), own.get("")]).toEqual([
      "/a/b",
      "/c",
      "/user.slice",
    ]);
  });

  test("a hierarchy in which nothing can be made counts as none", () => {
    const mounts = [
      { path: "/proc", version: 1, controllers: ["cpu", "memory"] },
      { path: "/proc", version: 2, controllers: [] },
    ] as const;
    expect(createCgroupsV1(mounts, new Map(), "x")).toBeNull();
    expect(createCgroupsV2(mounts, new Map(), "x")).toBeNull();
  });
});

/**
 * This host may have no controllers in version 2, so the files that would be written are checked in
 * a directory that looks like such a hierarchy. The kernel makes the files of a new group; here the
 * test puts them there first.
 */
describe("version 2", () => {
  test("writes the limits and reads usage in the files of that version", () => {
    writeFileSync(join(root, "cgroup.procs"), "");
    writeFileSync(join(root, "cgroup.controllers"), "cpu io memory pids\n");
    writeFileSync(join(root, "cgroup.subtree_control"), "");
    const group = join(root, "parent", "a");
    const probe = join(root, "parent", `probe-${process.pid}`);
    for (const directory of [join(root, "parent"), group, probe]) {
      mkdirSync(directory);
      for (const file of ["cpu.max", "memory.max", "memory.swap.max", "pids.max"]) {
        writeFileSync(join(directory, file), "");
      }
    }
    writeFileSync(join(group, "memory.peak"), "4096\n");
    writeFileSync(join(group, "cpu.stat"), "usage_usec 7000\nuser_usec 1\n");
    writeFileSync(join(group, "memory.events"), "oom 1\noom_kill 2\n");

    const mounts = [{ path: root, version: 2, controllers: [] }] as const;
    // A directory cannot be removed while files lie in it, as a group can: so the probe says no.
    expect(createCgroupsV2(mounts, new Map([["", "/"]]), "parent")).toBeNull();
    rmSync(probe, { recursive: true });
    expect(readFileSync(join(root, "cgroup.subtree_control"), "utf8")).toBe("+cpu +memory +pids");
    const limits = { cpuMillis: 500, throttle: null, memoryBytes: 1_000_000, processesMax: 64 };
    const written = limitGroup(group, limits);
    expect(written.peakMemoryBytes()).toBe(4096);
    expect(written.cpuMs()).toBe(7);
    expect(written.outOfMemoryKills()).toBe(2);
    const text = (file: string): string => readFileSync(join(group, file), "utf8");
    expect(text("cpu.max")).toBe("50000 100000");
    expect([text("memory.max"), text("memory.swap.max")]).toEqual(["1000000", "0"]);
    expect(text("pids.max")).toBe("64");
  });
});

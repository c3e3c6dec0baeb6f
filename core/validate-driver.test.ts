import { describe, expect, it } from "vitest";
import type { DockerOptions, DriverOptions } from "./drivers.js";
import { driverLimits, validateDriver } from "./validate-driver.js";
import { Violations } from "./violations.js";

const docker = (change: Partial<DockerOptions> = {}): DockerOptions => ({
  kind: "docker",
  image: "busybox:1.36",
  pull: "missing",
  credentials: null,
  user: null,
  network: "none",
  writableRoot: false,
  newPrivileges: false,
  capabilities: [],
  mounts: [],
  tmpfs: [],
  processesMax: null,
  ...change,
});

function fields(driver: "process" | "docker" | "kvm", options: DriverOptions | null): string[] {
  const found = new Violations();
  validateDriver(driver, options, "command", found);
  return found.list.map((violation) => violation.field);
}

describe("what a task asks of its driver", () => {
  it("may be nothing for a process, but containers and machines need an image", () => {
    expect(fields("process", null)).toEqual([]);
    expect(fields("docker", null)).toEqual(["command.docker"]);
    expect(fields("kvm", null)).toEqual(["command.kvm"]);
  });

  it("must be for the driver that the task names", () => {
    expect(fields("kvm", docker())).toEqual(["command.docker"]);
    expect(fields("docker", docker())).toEqual([]);
  });

  it.each(["data.raw", "data.qcow2", "../data.raw", "a/b.raw", "a,readonly=off.raw", "data", ""])(
    "names a machine's disk %j only by a file name of a known kind",
    (name) => {
      const disk = { name, writable: true };
      const found = fields("kvm", { kind: "kvm", image: "default", network: "none", disk });
      expect(found).toEqual(/^data\./.test(name) ? [] : ["command.kvm.disk.name"]);
    },
  );

  it.each([
    ["image", { image: "" }, "command.docker.image"],
    ["image that is an option", { image: "--privileged" }, "command.docker.image"],
    ["capability", { capabilities: ["cap_net_raw"] }, "command.docker.capabilities[0]"],
    ["user", { user: "root; rm" }, "command.docker.user"],
    [
      "mount that climbs",
      { mounts: [{ source: "/srv/../etc", target: "/x", writable: false }] },
      "command.docker.mounts[0].source",
    ],
    [
      "tmpfs without a size",
      { tmpfs: [{ target: "/tmp", bytes: 0 }] },
      "command.docker.tmpfs[0].bytes",
    ],
  ])("names a bad %s by its field", (_, change, field) => {
    expect(fields("docker", docker(change))).toEqual([field]);
  });

  it("has a limit on mounts, at it and one past it", () => {
    const mounts = (count: number) =>
      Array.from({ length: count }, () => ({ source: "/a", target: "/b", writable: false }));
    expect(fields("docker", docker({ mounts: mounts(driverLimits.mounts) }))).toEqual([]);
    expect(fields("docker", docker({ mounts: mounts(driverLimits.mounts + 1) }))).toEqual([
      "command.docker.mounts",
    ]);
  });
});

import { expect, it } from "vitest";
import { machineOverheadBytes } from "../../core/charge.js";
import { workerId } from "../../core/ids.js";
import { noResources } from "../../core/resources.js";
import { job, template } from "../../core/testing/jobs.js";
import { Script } from "./testing/script.js";

const mebibyte = 1024 ** 2;
const options = { kind: "kvm", image: "default", network: "none", disk: null } as const;

function machine(name: string) {
  const plain = template(name);
  return template(name, {
    driver: "kvm",
    command: { ...plain.command, options },
    resources: { ...noResources, cpuMillis: 100, memoryBytes: 128 * mebibyte },
  });
}

/** A worker that runs machines, with so much memory. */
function alone(memoryBytes: number): Script {
  const script = new Script();
  const limits = { cpuLimit: "not_enforced", memoryLimit: "not_enforced" } as const;
  const capacity = { ...noResources, cpuMillis: 4_000, memoryBytes };
  script.join("a", { capacity, drivers: [{ name: "kvm", ...limits }] });
  return script;
}

it("machines start only where QEMU's own memory fits beside the guests'", () => {
  const each = 128 * mebibyte + machineOverheadBytes;
  const script = alone(2 * each);
  script.submit(job(["one", "two", "three"].map(machine)));
  expect(["one", "two", "three"].map((name) => script.status(name))).toEqual([
    "live",
    "live",
    "ready",
  ]);
  const used = () => script.state.workers.get(workerId("a"))?.used.memoryBytes;
  expect(used()).toBe(2 * each);
  script.finished("one");
  script.finished("two");
  script.finished("three");
  expect(used()).toBe(0);
});

it("a worker with room for the guest alone is no place for a machine", () => {
  const script = alone(128 * mebibyte + machineOverheadBytes - 1);
  script.submit(job([machine("one")]));
  expect(script.status("one")).toBe("ready");
});

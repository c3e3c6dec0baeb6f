/** Of every driver: limits bind, or the facts say that they are not enforced here. */
import { expect, test } from "vitest";
import { noResources } from "../../../core/resources.js";
import { type DriverHarness, factsOf } from "../driver-harness.js";
import { argv, command, newAttempt, shell } from "../launches.js";
import type { Traits } from "./promise.js";

const mebibyte = 1024 ** 2;
const notEnforced = "not enforced on this host, and the facts say so";

export function limits(harness: () => DriverHarness, traits: Traits): void {
  test("memory past the limit ends as out_of_memory", async ({ skip }) => {
    // A machine has no more memory than it was given, whatever the host enforces.
    const enforced = !traits.onHost || factsOf(harness().driver).memoryLimit !== "not_enforced";
    skip(!enforced, notEnforced);
    const end = await harness().end({
      command: command(argv("tail", "/dev/zero")),
      resources: { ...noResources, memoryBytes: (traits.onHost ? 48 : 128) * mebibyte },
    });
    expect(end.outcome).toEqual({ kind: "out_of_memory" });
  });

  test("a third of a core takes three times as long", async ({ skip }) => {
    skip(factsOf(harness().driver).cpuLimit === "not_enforced", notEnforced);
    const attempt = newAttempt();
    const busy = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; times";
    const running = await harness().run({
      attempt,
      command: command(shell(busy)),
      resources: { ...noResources, cpuMillis: 300 },
    });
    const end = await running.ended;
    const told = cpuMsOf(await harness().log(attempt, "stdout"));
    // A machine's own clock does not know of the time that the host takes from it.
    const usedMs = traits.onHost ? told : (end.usage.cpuMs ?? 0);
    expect((end.endedAtMs - running.startedAtMs) / usedMs).toBeGreaterThan(2.2);
  });

  test("no more processes than the task says", async ({ skip }) => {
    skip(factsOf(harness().driver).notEnforced?.includes("processes") === true, notEnforced);
    const script = "i=0; while [ $i -lt 60 ]; do sleep 20 & i=$((i+1)); done; echo all";
    const run = async (count: number): Promise<string> => {
      const attempt = newAttempt();
      const options = traits.processesMax(count);
      await harness().end({ attempt, command: command(shell(script), { options }) });
      return harness().log(attempt, "stdout");
    };
    expect(await run(20)).toBe("");
    expect(await run(200)).toBe("all\n");
  });
}

/** Of the shell's `times`: `0m0.51s 0m0.02s` in the first line. */
function cpuMsOf(times: string): number {
  const spans = [...(times.split("\n")[0] ?? "").matchAll(/(\d+)m([\d.]+)s/g)];
  return spans.reduce(
    (sum, [, m = "0", s = "0"]) => sum + Number(m) * 60_000 + Number(s) * 1_000,
    0,
  );
}

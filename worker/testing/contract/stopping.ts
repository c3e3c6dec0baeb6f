/** Of every driver: programs are stopped, and nothing of them stays. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { DriverIdentity } from "../../driver.js";
import { processesWithEnvironment } from "../../drivers/process/proc.js";
import { attemptDirectory } from "../../ipc/paths.js";
import type { DriverHarness } from "../driver-harness.js";
import { argv, command, newAttempt, shell } from "../launches.js";
import { type Traits, testIf } from "./promise.js";

export function stopping(harness: () => DriverHarness, traits: Traits): void {
  test("stopping ends the program with SIGTERM", async () => {
    const running = await harness().run({ command: command(argv("sleep", "60")) });
    running.stop(5_000);
    const end = await running.ended;
    expect(end.outcome).toEqual({ kind: "signalled", signal: "SIGTERM" });
  });

  test("a program that ignores SIGTERM is killed after its grace, not before", async () => {
    const attempt = newAttempt();
    const script = command(shell('trap "" TERM; echo ready; while :; do sleep 0.05; done'));
    const running = await harness().run({ attempt, command: script });
    while ((await harness().log(attempt, "stdout")) === "") await sleep(5);
    const stoppedAt = Date.now();
    running.stop(300);
    const end = await running.ended;
    expect(end.outcome).toEqual({ kind: "signalled", signal: "SIGKILL" });
    expect(Date.now() - stoppedAt).toBeGreaterThanOrEqual(295);
    expect(Date.now() - stoppedAt).toBeLessThan(4_500 * traits.patience);
  });

  testIf(traits.onHost)("what an earlier supervisor left is gone when reap returns", async () => {
    const attempt = newAttempt();
    let identity: DriverIdentity | null = null;
    const directory = attemptDirectory(harness().dataDirectory, attempt);
    const witness = join(directory, "work", "witness");
    const script =
      'while :; do echo . >>"$ALMANAC_ATTEMPT_DIRECTORY/work/witness"; sleep 0.01; done';
    const running = await harness().run({
      attempt,
      command: command(shell(script)),
      identify: (found) => {
        identity = found;
      },
    });
    while (!existsSync(witness)) await sleep(5);
    await harness().driver.reap(attempt, directory, identity);
    const written = readFileSync(witness, "utf8").length;
    await sleep(60);
    expect(readFileSync(witness, "utf8").length).toBe(written);
    await running.ended;
  });

  test("leaves no process behind, though it has left its session and holds the output", async () => {
    const attempt = newAttempt();
    const script = "setsid sleep 600 & setsid sleep 600 >&2 & sleep 0.1; echo done";
    const end = await harness().end({ attempt, command: command(shell(script)) });
    expect(end.outcome).toEqual({ kind: "exited", exitCode: 0 });
    expect(await harness().log(attempt, "stdout")).toBe("done\n");
    const directory = attemptDirectory(harness().dataDirectory, attempt);
    const left = [
      ...processesWithEnvironment(`ALMANAC_TASK_ID=${attempt.replace(/#1$/, "")}`),
      ...processesWithEnvironment(`ALMANAC_ATTEMPT_DIRECTORY=${directory}`),
    ];
    expect(left).toEqual([]);
  });

  test("clears away what it made for an attempt", async () => {
    const attempt = newAttempt();
    await harness().end({ attempt, command: command(argv("true"), { stdin: "in" }) });
    const left = (): Promise<readonly string[]> => traits.leftOf(harness(), attempt);
    await expect.poll(left, { timeout: 5_000 }).toEqual([]);
  });
}

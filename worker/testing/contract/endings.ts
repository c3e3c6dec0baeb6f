/** Of every driver: how programs start and end. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { DriverHarness } from "../driver-harness.js";
import { argv, command, newAttempt, shell } from "../launches.js";
import { type Traits, testIf } from "./promise.js";

export function endings(harness: () => DriverHarness, traits: Traits): void {
  test("reports the exit code", async () => {
    const end = await harness().end({ command: command(shell("exit 42")) });
    expect(end.outcome).toEqual({ kind: "exited", exitCode: 42 });
  });

  test("reports the signal that ended the program", async () => {
    const end = await harness().end({ command: command(shell("kill -USR1 $$")) });
    expect(end.outcome).toEqual({ kind: "signalled", signal: "SIGUSR1" });
  });

  test("starts nothing before the launch is durable", async () => {
    let durable = false;
    const later = sleep(50).then(() => {
      durable = true;
    });
    const identified: boolean[] = [];
    await harness().end({ durable: later, identify: () => identified.push(durable) });
    expect(identified).toEqual([true]);
  });

  test("passes arguments exactly, whatever is in them", async () => {
    const attempt = newAttempt();
    const odd = ["", " ", "a b", "$HOME", "`id`", "'\"", "*", "\n", "\\", "-n", "--", "é€"];
    await harness().end({ attempt, command: command(argv("printf", "%s|", ...odd)) });
    expect(await harness().log(attempt, "stdout")).toBe(`${odd.join("|")}|`);
  });

  test("gives a clean environment, the task's own variables, and the attempt's identity", async () => {
    const attempt = newAttempt("train[1]");
    const env = { GREETING: "hello  world", "my.option": "x=1", ALMANAC_WORKER: "forged" };
    await harness().end({ attempt, command: command(argv("env"), { env }) });
    const lines = (await harness().log(attempt, "stdout")).split("\n");
    expect(lines).toContain("GREETING=hello  world");
    expect(lines).toContain("my.option=x=1");
    expect(lines).toContain("ALMANAC_WORKER=w1");
    expect(lines).toContain("ALMANAC_TASK_NAME=train[1]");
    expect(lines).toContain("ALMANAC_ATTEMPT=1");
    const known =
      /^(PATH|HOME|HOSTNAME|LANG|TMPDIR|PWD|GREETING|my\.option|ALMANAC_\w+|\w+_VISIBLE_DEVICES)=/;
    expect(lines.filter((line) => line !== "" && !known.test(line))).toEqual([]);
  });

  testIf(traits.devices)("shows an attempt its own devices and no others", async () => {
    const script = command(shell('echo "$CUDA_VISIBLE_DEVICES"'));
    const [with2, without] = [newAttempt(), newAttempt()];
    await harness().end({ attempt: with2, command: script, devices: ["0", "GPU-abc"] });
    await harness().end({ attempt: without, command: script });
    expect(await harness().log(with2, "stdout")).toBe("0,GPU-abc\n");
    expect(await harness().log(without, "stdout")).toBe("\n");
  });

  test("a program that is not there is an error in words", async () => {
    const words = await harness().failure({ command: command(argv("no-such-program")) });
    expect(words).toBe("program no-such-program: not found");
  });

  testIf(traits.absentImage !== null)("an image that is not there is named", async () => {
    const options = traits.absentImage;
    const words = await harness().failure({ command: command(argv("true"), { options }) });
    expect(words).toMatch(/image.* absent\b/);
  });
}

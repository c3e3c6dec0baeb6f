/** Of every driver: what goes into programs and what comes out. */
import { expect, test } from "vitest";
import type { DriverHarness } from "../driver-harness.js";
import { argv, command, newAttempt, shell } from "../launches.js";
import type { Traits } from "./promise.js";

export function streams(harness: () => DriverHarness, traits: Traits): void {
  test("gives standard input and then its end", async () => {
    const attempt = newAttempt();
    const stdin = "one\ntwo\n".repeat(20_000);
    await harness().end({ attempt, command: command(argv("wc", "-c"), { stdin }) });
    expect((await harness().log(attempt, "stdout")).trim()).toBe(String(stdin.length));
  });

  test("without standard input there is its end at once", async () => {
    const end = await harness().end({ command: command(argv("cat")) });
    expect(end.outcome).toEqual({ kind: "exited", exitCode: 0 });
  });

  test("keeps standard output and standard error apart", async () => {
    const attempt = newAttempt();
    const script = "echo out; echo err >&2; echo again >/dev/stdout; echo too >/dev/stderr";
    const end = await harness().end({ attempt, command: command(shell(script)) });
    expect(await harness().log(attempt, "stdout")).toBe("out\nagain\n");
    expect(await harness().log(attempt, "stderr")).toBe("err\ntoo\n");
    expect([end.stdoutBytes, end.stderrBytes]).toEqual([10, 8]);
  });

  test("keeps the newest part of output past the limit, and counts all of it", async () => {
    const attempt = newAttempt();
    const logBytesMax = 100_000;
    const script = command(shell("seq 1 200000; echo last"));
    const end = await harness().end({ attempt, command: script, logBytesMax });
    const kept = await harness().log(attempt, "stdout");
    expect(end.stdoutBytes).toBe(1_288_895 + 5);
    expect(kept.length).toBeLessThanOrEqual(logBytesMax);
    expect(kept.length).toBeGreaterThanOrEqual(logBytesMax / 2);
    expect(kept.endsWith("200000\nlast\n")).toBe(true);
  });

  test("counts a flood of output to the last byte, and keeps its end", async () => {
    const attempt = newAttempt();
    const line = "x".repeat(99);
    const script = command(shell(`yes ${line} | head -n 200000; echo last`));
    const end = await harness().end({ attempt, command: script });
    expect(end.stdoutBytes).toBe(20_000_000 + 5);
    expect((await harness().log(attempt, "stdout")).endsWith(`${line}\nlast\n`)).toBe(true);
  });

  test("keeps bytes as they are, with or without a last newline", async () => {
    const attempt = newAttempt();
    const script = "printf 'a\\000\\377\\n\\n'; head -c 40000 /dev/zero | tr '\\000' x; printf end";
    const end = await harness().end({ attempt, command: command(shell(script)) });
    expect(end.stdoutBytes).toBe(5 + 40_000 + 3);
    expect((await harness().log(attempt, "stdout")).endsWith("xend")).toBe(true);
  });

  test("many at once each keep their own output", async () => {
    const attempts = Array.from({ length: traits.atOnce }, () => newAttempt());
    await Promise.all(
      attempts.map((attempt) =>
        harness().end({ attempt, command: command(argv("echo", attempt)) }),
      ),
    );
    for (const attempt of attempts) {
      expect(await harness().log(attempt, "stdout")).toBe(`${attempt}\n`);
    }
  });
}

/**
 * What every driver promises (driver.ts). A driver's own test calls this with a way to make it; the
 * scripts are POSIX shell, which every driver can run.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AttemptId } from "../../core/ids.js";
import { noResources } from "../../core/resources.js";
import type { LogStreamName } from "../../core/session.js";
import type { Driver, DriverEnd, DriverIdentity, DriverStart, RunningAttempt } from "../driver.js";
import { attemptDirectory } from "../ipc/paths.js";
import { readLog } from "../logs/reader.js";
import { argv, command, newAttempt, shell } from "./launches.js";

export interface DriverHarness {
  readonly driver: Driver;
  readonly dataDirectory: string;
  /** Starts, and fails the test if it could not. */
  run(start: Partial<DriverStart>): Promise<RunningAttempt>;
  /** Starts and waits for the end. */
  end(start: Partial<DriverStart>): Promise<DriverEnd>;
  log(attempt: AttemptId, stream: LogStreamName): Promise<string>;
  close(): Promise<void>;
}

export function createHarness(makeDriver: (dataDirectory: string) => Driver): DriverHarness {
  const dataDirectory = mkdtempSync(join(tmpdir(), "almanac-driver-"));
  const driver = makeDriver(dataDirectory);

  async function run(start: Partial<DriverStart>): Promise<RunningAttempt> {
    const result = await driver.start(startOf(dataDirectory, start));
    if (!result.ok) throw new Error(result.error);
    return result.value;
  }

  return {
    driver,
    dataDirectory,
    run,
    end: async (start) => (await run(start)).ended,
    async log(attempt, stream) {
      const directory = attemptDirectory(dataDirectory, attempt);
      let text = "";
      for (let offset = 0; ; ) {
        const chunk = await readLog(directory, stream, offset, 1 << 20);
        if (chunk.data.length === 0) return text;
        text += Buffer.from(chunk.data).toString();
        offset = chunk.offset + chunk.data.length;
      }
    },
    async close() {
      await driver.close();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}

export function startOf(dataDirectory: string, more: Partial<DriverStart>): DriverStart {
  const attempt = more.attempt ?? newAttempt();
  const directory = attemptDirectory(dataDirectory, attempt);
  mkdirSync(directory, { recursive: true });
  return {
    attempt,
    worker: "w1",
    command: command(argv("/bin/true")),
    resources: noResources,
    devices: [],
    logBytesMax: 1 << 20,
    throttle: null,
    directory,
    durable: Promise.resolve(),
    identify: () => undefined,
    ...more,
  };
}

export function driverContract(name: string, makeDriver: (dataDirectory: string) => Driver): void {
  describe(`the driver ${name}`, () => {
    let harness: DriverHarness;
    beforeAll(() => {
      harness = createHarness(makeDriver);
    });
    afterAll(() => harness.close());

    endings(() => harness);
    streams(() => harness);
    stopping(() => harness);
  });
}

function endings(harness: () => DriverHarness): void {
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
      /^(PATH|HOME|LANG|TMPDIR|PWD|GREETING|my\.option|ALMANAC_\w+|\w+_VISIBLE_DEVICES)=/;
    expect(lines.filter((line) => line !== "" && !known.test(line))).toEqual([]);
  });

  test("shows an attempt its own devices and no others", async () => {
    const script = command(shell('echo "$CUDA_VISIBLE_DEVICES"'));
    const [with2, without] = [newAttempt(), newAttempt()];
    await harness().end({ attempt: with2, command: script, devices: ["0", "GPU-abc"] });
    await harness().end({ attempt: without, command: script });
    expect(await harness().log(with2, "stdout")).toBe("0,GPU-abc\n");
    expect(await harness().log(without, "stdout")).toBe("\n");
  });

  test("a program that is not there is an error in words", async () => {
    const result = await harness().driver.start(
      startOf(harness().dataDirectory, { command: command(argv("no-such-program")) }),
    );
    expect(result).toEqual({ ok: false, error: "program no-such-program: not found" });
  });
}

function streams(harness: () => DriverHarness): void {
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

  test("many at once each keep their own output", async () => {
    const attempts = Array.from({ length: 40 }, () => newAttempt());
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

function stopping(harness: () => DriverHarness): void {
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
    expect(Date.now() - stoppedAt).toBeLessThan(4_500);
  });

  test("what an earlier supervisor left is gone when reap returns", async () => {
    const attempt = newAttempt();
    let identity: DriverIdentity | null = null;
    const witness = join(harness().dataDirectory, "witness");
    const running = await harness().run({
      attempt,
      command: command(shell(`while :; do date +%s%N >>${witness}; sleep 0.01; done`)),
      identify: (found) => {
        identity = found;
      },
    });
    await sleep(60);
    const directory = attemptDirectory(harness().dataDirectory, attempt);
    await harness().driver.reap(attempt, directory, identity);
    const written = readFileSync(witness, "utf8").length;
    await sleep(60);
    expect(readFileSync(witness, "utf8").length).toBe(written);
    await running.ended;
  });
}

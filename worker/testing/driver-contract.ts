/**
 * What every driver promises (driver.ts). A driver's own test calls this with a way to make it; the
 * scripts are POSIX shell, which every driver can run.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DriverOptions } from "../../core/drivers.js";
import type { AttemptId } from "../../core/ids.js";
import { noResources } from "../../core/resources.js";
import type { LogStreamName } from "../../core/session.js";
import type { DriverFacts } from "../../core/worker.js";
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
  /** Starts what cannot be started, and returns why, whether it showed at once or later. */
  failure(start: Partial<DriverStart>): Promise<string>;
  log(attempt: AttemptId, stream: LogStreamName): Promise<string>;
  close(): Promise<void>;
}

export type MakeDriver = (dataDirectory: string) => Driver | Promise<Driver>;

/** `options`: of every command that has none of its own. */
export async function createHarness(
  makeDriver: MakeDriver,
  options: DriverOptions | null = null,
): Promise<DriverHarness> {
  const dataDirectory = mkdtempSync(join(tmpdir(), "almanac-driver-"));
  const driver = await makeDriver(dataDirectory);

  function start(more: Partial<DriverStart>): ReturnType<Driver["start"]> {
    const given = startOf(dataDirectory, more);
    const ownOptions = given.command.options ?? options;
    return driver.start({ ...given, command: { ...given.command, options: ownOptions } });
  }

  async function run(more: Partial<DriverStart>): Promise<RunningAttempt> {
    const result = await start(more);
    if (!result.ok) throw new Error(result.error);
    return result.value;
  }

  return {
    driver,
    dataDirectory,
    run,
    end: async (more) => (await run(more)).ended,
    async failure(more) {
      const result = await start(more);
      if (!result.ok) return result.error;
      const { outcome } = await result.value.ended;
      return outcome.kind === "not_started" ? outcome.message : `it ended: ${outcome.kind}`;
    },
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

/** Of a driver that is there. */
export function factsOf(driver: Driver): DriverFacts {
  const standing = driver.standing();
  if (standing.kind === "unavailable") throw new Error(standing.driver.reason);
  return standing.facts;
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

/** In what drivers differ. */
export interface ContractTraits {
  /** Of every command. */
  readonly options?: DriverOptions;
  /** Attempts that the host can bear at once. */
  readonly atOnce?: number;
  /** Gives devices to attempts. */
  readonly devices?: boolean;
  /** Programs share the host's kernel: its limits bind them alone, and they see the attempt's files. */
  readonly onHost?: boolean;
  /** How much longer than a process things may take. */
  readonly patience?: number;
  /** The tests run side by side: for drivers that take long to start something. */
  readonly concurrent?: boolean;
}

const processTraits = { atOnce: 40, devices: true, onHost: true, patience: 1, concurrent: false };
type Traits = typeof processTraits;

/** What a driver does not promise is no test of it, rather than a skipped one. */
const testIf = (promised: boolean): ((name: string, run: () => Promise<void>) => void) =>
  promised ? test : () => undefined;

export function driverContract(
  name: string,
  makeDriver: MakeDriver,
  { options, ...given }: ContractTraits = {},
): void {
  const traits = { ...processTraits, ...given };
  const { concurrent, patience } = traits;
  describe(`the driver ${name}`, { concurrent, timeout: 20_000 * patience }, () => {
    let harness: DriverHarness;
    beforeAll(async () => {
      harness = await createHarness(makeDriver, options ?? null);
    });
    afterAll(() => harness.close());

    endings(() => harness, traits);
    streams(() => harness, traits);
    if (traits.onHost) limits(() => harness);
    stopping(() => harness, traits);
  });
}

function endings(harness: () => DriverHarness, traits: Traits): void {
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
}

function streams(harness: () => DriverHarness, traits: Traits): void {
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

function limits(harness: () => DriverHarness): void {
  test("memory past the limit ends as out_of_memory", async ({ skip }) => {
    skip(factsOf(harness().driver).memoryLimit === "not_enforced", "not enforced on this host");
    const end = await harness().end({
      command: command(shell("x=aaaaaaaa; while :; do x=$x$x; done")),
      resources: { ...noResources, memoryBytes: 48 * 1024 * 1024 },
    });
    expect(end.outcome).toEqual({ kind: "out_of_memory" });
  });

  test("half a core takes about twice the time", async ({ skip }) => {
    skip(factsOf(harness().driver).cpuLimit === "not_enforced", "not enforced on this host");
    const attempt = newAttempt();
    const busy = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; times";
    const running = await harness().run({
      attempt,
      command: command(shell(busy)),
      resources: { ...noResources, cpuMillis: 300 },
    });
    const end = await running.ended;
    const usedMs = cpuMsOf(await harness().log(attempt, "stdout"));
    expect((end.endedAtMs - running.startedAtMs) / usedMs).toBeGreaterThan(2.2);
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

function stopping(harness: () => DriverHarness, traits: Traits): void {
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
}

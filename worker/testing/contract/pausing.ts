/** Of every driver: what runs can be held, goes on where it was, and can be stopped all the same. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { AttemptId } from "../../../core/ids.js";
import type { RunningAttempt } from "../../driver.js";
import { attemptDirectory } from "../../ipc/paths.js";
import type { DriverHarness } from "../driver-harness.js";
import { argv, command, newAttempt, shell } from "../launches.js";
import type { Traits } from "./promise.js";

const done = { ok: true, value: null };
/** By a child, so that holding the first process alone would not do. */
const counting = "(i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done) & wait";
/** Within it everything said before has come through. */
const settleMs = 300;

export function pausing(harness: () => DriverHarness, traits: Traits): void {
  const said = (attempt: AttemptId): Promise<string> => harness().log(attempt, "stdout");

  async function held(script: string): Promise<[AttemptId, RunningAttempt]> {
    const attempt = newAttempt();
    const running = await harness().run({ attempt, command: command(shell(script)) });
    while ((await said(attempt)) === "") await sleep(5);
    expect(await running.pause()).toEqual(done);
    expect(running.isPaused()).toBe(true);
    return [attempt, running];
  }

  test("a paused attempt stands still, and goes on where it was", async () => {
    const [attempt, running] = await held(counting);
    expect(await running.pause()).toEqual(done);
    await sleep(settleMs * traits.patience);
    const before = await said(attempt);
    await sleep(settleMs);
    expect(await said(attempt)).toBe(before);
    expect(await running.resume()).toEqual(done);
    expect(await running.resume()).toEqual(done);
    expect(running.isPaused()).toBe(false);
    while ((await said(attempt)).length < before.length + 10) await sleep(5);
    running.stop(0);
    await running.ended;
    const numbers = (await said(attempt)).trim().split("\n").map(Number);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  test("a stop reaches a paused attempt, which has its grace", async () => {
    const script = 'trap "echo bye; exit 7" TERM; echo here; while :; do sleep 0.05; done';
    const [attempt, running] = await held(script);
    running.stop(60_000);
    expect((await running.ended).outcome).toEqual({ kind: "exited", exitCode: 7 });
    expect(await said(attempt)).toBe("here\nbye\n");
    expect(running.isPaused()).toBe(false);
  });

  test("and kills it if it ignores that", async () => {
    const [, running] = await held('trap "" TERM; echo here; while :; do sleep 0.05; done');
    running.stop(300);
    expect((await running.ended).outcome).toEqual({ kind: "signalled", signal: "SIGKILL" });
  });

  test("a paused attempt of an earlier supervisor is gone when reap returns", async () => {
    const attempt = newAttempt();
    const running = await harness().run({ attempt, command: command(argv("sleep", "600")) });
    expect(await running.pause()).toEqual(done);
    const directory = attemptDirectory(harness().dataDirectory, attempt);
    await harness().driver.reap(attempt, directory, null);
    const reapedAt = Date.now();
    await running.ended;
    expect(Date.now() - reapedAt).toBeLessThan(2_000 * traits.patience);
  });

  test("what has ended cannot be paused", async () => {
    const running = await harness().run({});
    await running.ended;
    expect(await running.pause()).toMatchObject({ ok: false });
  });
}

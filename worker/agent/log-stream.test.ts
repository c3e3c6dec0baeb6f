import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AttemptId } from "../../core/ids.js";
import type { LogPull, LogPush } from "../../core/session.js";
import { launch, newAttempt, shell } from "../testing/launches.js";
import { bundleSupervisor, type SupervisorBundle } from "../testing/supervisor-bundle.js";
import { startWorkerFixture, type WorkerFixture } from "../testing/worker-fixture.js";

let bundle: SupervisorBundle;
let worker: WorkerFixture;
let requests = 0;

beforeAll(async () => {
  bundle = await bundleSupervisor();
  worker = await startWorkerFixture(bundle.entry);
  await worker.master.waitFor("the log stream", () => worker.master.logs[0]);
});
afterAll(async () => {
  await worker.close();
  bundle.remove();
});

function openLog(
  attempt: AttemptId,
  more: Partial<Extract<LogPull, { kind: "open" }>> = {},
): number {
  requests += 1;
  const request = requests;
  const open = { kind: "open", request, attempt, stream: "stdout", offset: 0 } as const;
  worker.master.pull({ ...open, follow: false, creditBytes: 1 << 20, ...more });
  return request;
}

const pushes = (request: number): LogPush[] =>
  worker.master.logs.filter((one) => one.request === request);
const textOf = (request: number): string =>
  Buffer.concat(pushes(request).map((one) => one.data)).toString();
const ended = (request: number): Promise<LogPush> =>
  worker.master.waitFor("the end of the log", () => pushes(request).find((one) => one.end));

async function run(script: string, logBytesMax = 1 << 20): Promise<AttemptId> {
  const attempt = newAttempt();
  worker.master.launch(launch(attempt, shell(script), { logBytesMax }));
  await worker.master.finishOf(attempt);
  return attempt;
}

test("the stream says first whose logs it carries", () => {
  expect(worker.master.logs[0]?.incarnation).toEqual(worker.agent.incarnation());
});

test("the log of an ended attempt comes whole, and then its end", async () => {
  const attempt = await run("seq 1 50000");
  const request = openLog(attempt);
  const end = await ended(request);
  expect(textOf(request)).toMatch(/^1\n2\n[\s\S]*\n50000\n$/);
  expect(end.offset).toBe(textOf(request).length);
});

test("reading may begin at an offset, or so many bytes before the end", async () => {
  const attempt = await run("printf 0123456789");
  const [from, last] = [openLog(attempt, { offset: 4 }), openLog(attempt, { offset: -3 })];
  await ended(from);
  await ended(last);
  expect([textOf(from), textOf(last)]).toEqual(["456789", "789"]);
});

test("never a byte beyond the credit; more credit, more bytes", async () => {
  const attempt = await run("seq 1 50000");
  const request = openLog(attempt, { creditBytes: 1_000 });
  await worker.master.waitFor("the first bytes", () => textOf(request).length >= 1_000);
  await sleep(100);
  expect(textOf(request).length).toBe(1_000);
  worker.master.pull({ kind: "credit", request, creditBytes: 500 });
  await worker.master.waitFor("more", () => textOf(request).length >= 1_500);
  await sleep(50);
  expect(textOf(request).length).toBe(1_500);
  worker.master.pull({ kind: "credit", request, creditBytes: 1 << 20 });
  await ended(request);
});

test("following shows output as it is written, and ends with the attempt", async () => {
  const attempt = newAttempt();
  const go = join(worker.dataDirectory, "go");
  const script = `echo one; while [ ! -e ${go} ]; do sleep 0.01; done; echo two`;
  worker.master.launch(launch(attempt, shell(script)));
  await worker.master.startOf(attempt);
  const request = openLog(attempt, { follow: true });
  await worker.master.waitFor("the first line", () => textOf(request) === "one\n");
  expect(pushes(request).some((one) => one.end)).toBe(false);
  writeFileSync(go, "");
  await ended(request);
  expect(textOf(request)).toBe("one\ntwo\n");
});

test("what is no longer kept is said to be dropped", async () => {
  const attempt = await run("seq 1 50000", 20_000);
  const request = openLog(attempt);
  const end = await ended(request);
  const dropped = pushes(request).reduce((sum, one) => sum + one.droppedBytes, 0);
  expect(dropped).toBeGreaterThan(200_000);
  expect(dropped + textOf(request).length).toBe(end.offset);
});

test("a closed request sends no more; an unknown attempt is an error", async () => {
  const attempt = newAttempt();
  worker.master.launch(launch(attempt, shell("while :; do echo x; sleep 0.01; done")));
  await worker.master.startOf(attempt);
  const request = openLog(attempt, { follow: true });
  await worker.master.waitFor("some output", () => textOf(request).length > 0);
  worker.master.pull({ kind: "close", request });
  await sleep(100);
  const length = textOf(request).length;
  await sleep(100);
  expect(textOf(request).length).toBe(length);
  const unknown = await ended(openLog(newAttempt()));
  expect(unknown.error).toMatch(/no logs/);
  worker.master.stop({ attempt, epoch: 1, reason: "cancelled", graceMs: 0 });
  await worker.master.finishOf(attempt);
});

test("a flood of logs that nobody takes delays no report", async () => {
  const flood = newAttempt("flood");
  worker.master.launch(launch(flood, shell("while :; do seq 1 10000; done")));
  await worker.master.startOf(flood);
  openLog(flood, { follow: true, creditBytes: 1 << 30 });
  const sentAt = Date.now();
  await run("true");
  expect(Date.now() - sentAt).toBeLessThan(4_500);
  worker.master.stop({ attempt: flood, epoch: 1, reason: "cancelled", graceMs: 0 });
  await worker.master.finishOf(flood);
});

/**
 * The supervisor and the agent killed at random instants, seen by an outside witness: every program
 * writes a line of its own when it starts.
 */
import { readdirSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AttemptId } from "../core/ids.js";
import type { Launch } from "../core/session.js";
import { processesWithEnvironment, signal } from "./drivers/process/proc.js";
import { attemptDirectory, attemptDirectoryName } from "./ipc/paths.js";
import { launch, newAttempt, shell } from "./testing/launches.js";
import { bundleSupervisor, type SupervisorBundle } from "./testing/supervisor-bundle.js";
import { startWorkerFixture, type WorkerFixture } from "./testing/worker-fixture.js";

const rounds = 4;
const attemptsPerRound = 25;
let bundle: SupervisorBundle;
let worker: WorkerFixture;

beforeAll(async () => {
  bundle = await bundleSupervisor();
  worker = await startWorkerFixture(bundle.entry);
});
afterAll(async () => {
  await worker.close();
  bundle.remove();
});

const stillRunning = (attempts: readonly AttemptId[]): number =>
  attempts.flatMap((one) =>
    processesWithEnvironment(
      `ALMANAC_ATTEMPT_DIRECTORY=${attemptDirectory(worker.dataDirectory, one)}`,
    ),
  ).length;

test("no attempt starts twice, none is forgotten, and nothing is left running", async () => {
  const { master } = worker;
  const witness = join(worker.dataDirectory, "witness");
  await mkdir(witness);
  const all: Launch[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const hellos = master.hellos.length;
    const launches = Array.from({ length: attemptsPerRound }, (_, index) => {
      const attempt = newAttempt();
      const file = join(witness, attemptDirectoryName(attempt));
      return launch(attempt, shell(`echo start >>${file}; sleep ${index % 2 === 0 ? 0 : 30}`));
    });
    all.push(...launches);
    master.launch(...launches);
    // Every other round while some run already, the rest at any instant.
    if (round % 2 === 1) await master.startOf(launches[0]?.attempt ?? newAttempt());
    await sleep(Math.random() * 60);
    signal(worker.agent.supervisorPid(), "SIGKILL");
    await master.waitFor("the next hello", () => master.hellos[hellos], 10_000);
    expect(stillRunning(launches.map((one) => one.attempt))).toBe(0);
    // Launches that were lost on the way are news to the new supervisor; the others are not.
    master.launch(...all);
    await sleep(100);
    for (const { attempt } of launches) {
      master.stop({ attempt, epoch: 1, reason: "cancelled", graceMs: 50 });
    }
  }
  const ended = (): boolean =>
    all.every(({ attempt }) => master.finished.some((one) => one.attempt === attempt));
  await master.waitFor("every end", ended, 15_000);
  const starts = readdirSync(witness).map((name) => readFileSync(join(witness, name), "utf8"));
  expect(starts.length).toBeGreaterThan(0);
  // Empty: killed between opening the file and writing to it.
  expect(starts.filter((text) => text !== "start\n" && text !== "")).toEqual([]);
}, 60_000);

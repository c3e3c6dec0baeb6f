import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { argv, launch, newAttempt, shell } from "./testing/launches.js";
import { bundleSupervisor, type SupervisorBundle } from "./testing/supervisor-bundle.js";
import { startWorkerFixture, type WorkerFixture } from "./testing/worker-fixture.js";

let bundle: SupervisorBundle;
let worker: WorkerFixture;

beforeAll(async () => {
  bundle = await bundleSupervisor();
});
afterAll(() => bundle.remove());
beforeEach(async () => {
  worker = await startWorkerFixture(bundle.entry);
});
afterEach(() => worker.close());

describe("a worker runs what its master launches", () => {
  test("it says hello, then reports the start and the exit code", async () => {
    const attempt = newAttempt();
    worker.master.launch(launch(attempt, shell("exit 7")));
    const started = await worker.master.startOf(attempt);
    const finished = await worker.master.finishOf(attempt);
    expect(started.pid).toBeGreaterThan(0);
    expect(finished.outcome).toEqual({ kind: "exited", exitCode: 7 });
    expect(worker.master.hellos[0]?.facts.name).toBe("w1");
  });
});

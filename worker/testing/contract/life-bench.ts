/** A worker with what the tests of its attempts' lives need. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { DriverName, DriverOptions } from "../../../core/drivers.js";
import type { AttemptId } from "../../../core/ids.js";
import type { Launch } from "../../../core/session.js";
import { processesWithEnvironment, signal } from "../../drivers/process/proc.js";
import { attemptDirectory } from "../../ipc/paths.js";
import { listSegments } from "../../logs/segments.js";
import { launch, newAttempt, shell } from "../launches.js";
import type { WorkerFixture } from "../worker-fixture.js";

export interface LifeBench {
  readonly worker: WorkerFixture;
  readonly timeoutMs: number;
  launchOf(script: string, more?: Partial<Omit<Launch, "command">>): Launch;
  said(attempt: AttemptId): Promise<string>;
  /** Resolves when it has said that. */
  until(attempt: AttemptId, text: string): Promise<void>;
  /** On the host, whoever they belong to. */
  processesOf(attempt: AttemptId): number[];
  /** Resolves when the next one is at work. */
  killSupervisor(): Promise<void>;
}

export const counting = (to: number, code: number): string =>
  `i=0; while [ $i -lt ${to} ]; do i=$((i+1)); echo $i; sleep 0.05; done; exit ${code}`;
export const counted = (to: number): string =>
  Array.from({ length: to }, (_, index) => `${index + 1}\n`).join("");

export function createLifeBench(
  worker: WorkerFixture,
  driver: DriverName,
  options: DriverOptions | null,
  timeoutMs: number,
): LifeBench {
  const { dataDirectory, master } = worker;
  async function said(attempt: AttemptId): Promise<string> {
    const segments = await listSegments(attemptDirectory(dataDirectory, attempt), "stdout");
    return segments.map(({ path }) => readFileSync(path, "utf8")).join("");
  }
  return {
    worker,
    timeoutMs,
    launchOf: (script, more = {}) =>
      launch(newAttempt(), shell(script), { driver, ...more, command: { options } }),
    said,
    async until(attempt, text) {
      while (!(await said(attempt)).includes(text)) await sleep(10);
    },
    processesOf: (attempt) => [
      ...processesWithEnvironment(`ALMANAC_TASK_ID=${attempt.replace(/#1$/, "")}`),
      ...processesWithEnvironment(
        `ALMANAC_ATTEMPT_DIRECTORY=${attemptDirectory(dataDirectory, attempt)}`,
      ),
    ],
    async killSupervisor() {
      const hellos = master.hellos.length;
      signal(worker.agent.supervisorPid(), "SIGKILL");
      await master.waitFor("the next supervisor's hello", () => master.hellos[hellos], timeoutMs);
    },
  };
}

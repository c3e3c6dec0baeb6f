/** A driver in a private directory, with attempts that need say only what a test is about. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DriverOptions } from "../../core/drivers.js";
import type { AttemptId } from "../../core/ids.js";
import { noResources } from "../../core/resources.js";
import type { LogStreamName } from "../../core/session.js";
import type { DriverFacts } from "../../core/worker.js";
import type { Driver, DriverEnd, DriverStart, RunningAttempt } from "../driver.js";
import { attemptDirectory } from "../ipc/paths.js";
import { readLog } from "../logs/reader.js";
import { argv, command, newAttempt } from "./launches.js";

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

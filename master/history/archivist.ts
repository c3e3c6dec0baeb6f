/**
 * Moves finished jobs from memory to the archive: written and synced there first, then let go of by
 * an event. A crash between the two leaves a job in both; memory is what counts then, and the job
 * is written again, over the first.
 */
import type { Logger } from "pino";
import type { Clock, Timer } from "../../core/clock.js";
import type { JobId } from "../../core/ids.js";
import { archivable } from "../pure/archive.js";
import { archivedJob } from "../pure/archived-job.js";
import type { Recorded } from "../pure/events.js";
import type { Job } from "../pure/state.js";
import type { Engine } from "../shell/engine.js";
import type { Archive } from "./archive.js";

export interface HistorySettings {
  /** How long a finished job stays in memory. */
  readonly keepFinishedMs: number;
  /** With more finished tasks in memory the first to finish go earlier. */
  readonly finishedTasksMax: number;
  /** How long the idempotency keys of archived jobs are remembered, from when they are archived. */
  readonly keysForMs: number;
}

export const historyDefaults: HistorySettings = {
  keepFinishedMs: 600_000,
  finishedTasksMax: 50_000,
  keysForMs: 7 * 86_400_000,
};

export interface ArchivistOptions {
  readonly engine: Engine;
  readonly archive: Archive;
  readonly clock: Clock;
  readonly settings: HistorySettings;
  /** Somebody has yet to be told what became of the job. */
  readonly isWatched: (job: JobId) => boolean;
  readonly log: Logger;
}

const roundMs = 1_000;
/** After the archive could not be written. */
const restMs = 30_000;
/** Written at once: bounds what a round holds the event loop up, and the memory of its rows. */
const tasksPerRound = 5_000;
const jobsPerRound = 1_000;

export class Archivist {
  readonly #options: ArchivistOptions;
  #timer: Timer | null = null;
  #round: Promise<void> | null = null;
  #notBeforeMs = 0;
  /** Written or being written, and not changed since. */
  readonly #written = new Set<JobId>();

  constructor(options: ArchivistOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = this.#options.clock.every(roundMs, () => this.check());
  }

  async stop(): Promise<void> {
    this.#timer?.clear();
    this.#notBeforeMs = Number.POSITIVE_INFINITY;
    await this.#round;
  }

  /** What has been folded: a job that runs again is not let go of, whatever has been written. */
  folded(events: readonly Recorded[]): void {
    if (this.#written.size === 0) return;
    for (const { event } of events) {
      if (event.type === "JobReopened") this.#written.delete(event.job);
    }
  }

  /** Begins a round unless one goes on or nothing is due. */
  check(): void {
    if (this.#round !== null || this.#options.engine.nowMs < this.#notBeforeMs) return;
    const jobs = this.#due();
    if (jobs.length === 0) return;
    this.#round = this.#move(jobs)
      .catch((error: unknown) => {
        this.#options.log.error({ err: error }, "finished jobs could not be archived");
        this.#notBeforeMs = Math.max(this.#notBeforeMs, this.#options.engine.nowMs + restMs);
      })
      .finally(() => {
        this.#written.clear();
        this.#round = null;
      });
  }

  #due(): Job[] {
    const { engine, settings, isWatched } = this.#options;
    const { keepFinishedMs: keepMs, finishedTasksMax } = settings;
    const { state, nowMs } = engine;
    const all = archivable(state, { nowMs, keepMs, finishedTasksMax, isWatched });
    let tasks = 0;
    return all.slice(0, jobsPerRound).filter((job, index) => {
      tasks += job.tasks.length;
      return index === 0 || tasks <= tasksPerRound;
    });
  }

  async #move(jobs: readonly Job[]): Promise<void> {
    const { engine, archive, settings } = this.#options;
    const rows = jobs.map((job) => archivedJob(engine.state, job));
    for (const { id } of jobs) this.#written.add(id);
    // The archive must not know of an end that the journal may still lose.
    await engine.durable();
    await archive.put(rows);
    const { keysForMs } = settings;
    const command = { type: "Archive", jobs: [...this.#written], keysForMs } as const;
    await engine.execute(command, "master");
  }
}

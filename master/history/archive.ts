/**
 * The port of the archive: finished jobs that have left memory, or are about to. A view of the
 * journal, kept because the journal is trimmed. Every implementation runs the suite in
 * testing/contract.ts. Every method takes one argument, so that any of them can be asked for
 * through a thread's messages.
 */
import type { DayUsage, JobFilter, UsageQuery } from "../../core/history.js";
import type { JobId } from "../../core/ids.js";
import type { HistoryRecord } from "../../core/prediction.js";
import type { JobSummary } from "../../core/views.js";
import type { ArchivedJob } from "../pure/archived-job.js";
import type { ArchivedEnds } from "../pure/commands.js";

/** A place in the list of all jobs, newest first. */
export interface ListPlace {
  readonly sequence: number;
  readonly id: string;
}

export interface ArchiveListQuery extends JobFilter {
  /** Jobs before this place in time; null: from the newest. */
  readonly before: ListPlace | null;
  readonly limit: number;
}

export interface ListedJob {
  readonly sequence: number;
  readonly summary: JobSummary;
}

/** What a text may stand for in the archive. */
export interface FoundJobs {
  /** The job with just this id. */
  readonly exact: ListPlace | null;
  /** The newest job of this name. */
  readonly named: ListPlace | null;
  /** Jobs whose ids begin so, three at most. */
  readonly prefixed: readonly ListPlace[];
  /** The newest of all. */
  readonly newest: ListPlace | null;
}

export interface ArchivedUsageQuery extends UsageQuery {
  /** Memory has these too, and they are counted there. */
  readonly without: readonly JobId[];
}

export interface RecordsQuery {
  /** Jobs before this place in time; null: from the newest. */
  readonly before: ListPlace | null;
  /** How many at most. */
  readonly jobs: number;
}

/** What jobs teach the predictor. */
export interface ArchivedRecords {
  /** In no particular order. */
  readonly records: readonly HistoryRecord[];
  /** Where to go on; null: there are no older jobs. */
  readonly next: ListPlace | null;
}

export interface Archive {
  /** Synced when it returns; a job that is there already is replaced. All of them, or none. */
  put(jobs: readonly ArchivedJob[]): Promise<void>;
  /** Every job that was archived up to this event of the journal is there; 0 in the beginning. */
  cursor(ask: null): Promise<number>;
  /** Sets the cursor; synced when it returns. */
  setCursor(sequence: number): Promise<void>;
  /** The job as a PlainJob's text; null: it is not there. */
  get(id: string): Promise<{ readonly text: string; readonly textVersion: number } | null>;
  find(text: string): Promise<FoundJobs>;
  /** Of those that are there. */
  ends(ids: readonly string[]): Promise<ArchivedEnds>;
  /** Newest first. */
  list(query: ArchiveListQuery): Promise<readonly ListedJob[]>;
  /** In no particular order, each user and day once. */
  usage(query: ArchivedUsageQuery): Promise<readonly DayUsage[]>;
  /** Of the next older jobs. One whose text cannot be read teaches nothing. */
  records(query: RecordsQuery): Promise<ArchivedRecords>;
  /** Which of this content a job in the archive names. */
  named(sha256: readonly string[]): Promise<readonly string[]>;
  /** Reads all of it; throws `damaged` for the first thing that is not as it was written. */
  verify(ask: null): Promise<ArchiveReport>;
  close(ask: null): Promise<void>;
}

export interface ArchiveReport {
  readonly file: string;
  readonly jobs: number;
  readonly attempts: number;
  readonly cursor: number;
}

export const archiveErrorCodes = [
  "damaged",
  /** Jobs are missing that the journal says are there, and it no longer holds them itself. */
  "incomplete",
  "unsupported_version",
  "io_failed",
  "closed",
] as const;
export type ArchiveErrorCode = (typeof archiveErrorCodes)[number];

export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
  constructor(
    readonly code: ArchiveErrorCode,
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

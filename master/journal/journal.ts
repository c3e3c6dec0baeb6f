/**
 * The port of the durable, ordered record of events: the only truth, of which all state is the
 * fold. Every implementation runs the suite in testing/contract.ts.
 */

/** Sequences start at 1 and have no holes. */
export interface JournalRecord {
  readonly sequence: number;
  /** One event as JSON. `JSON.stringify` escapes lone surrogates, so UTF-8 carries it unchanged. */
  readonly payload: string;
}

export interface Journal {
  /** Sequence of the last durable record; 0 while there is none. */
  readonly tail: number;
  /** Highest epoch seen; an append of a lower one is refused. */
  readonly epoch: number;
  /** Batches accepted and not yet durable. */
  readonly pending: number;
  /**
   * Resolves when the batch is durable, and with it everything accepted before: callers are served
   * in call order. A batch is atomic: after a crash all of it is there or nothing. `expectedTail`
   * is the sequence that the batch follows, batches in flight included. After an ambiguous answer
   * the same call may be made again: if the same records are already there it resolves. An empty
   * batch is a barrier.
   *
   * Rejects with a JournalError: `fenced` (a lower epoch, or other records stand where the batch
   * should), `invalid`, `overloaded` (nothing was recorded; only these three leave the journal
   * usable), `no_space` and `io_failed` (from then on every append is refused with `poisoned`,
   * because after a failed fsync nobody knows what the disk holds), `closed`.
   */
  append(epoch: number, expectedTail: number, batch: readonly JournalRecord[]): Promise<void>;
  /** The records from `fromSequence` to the tail at the time of the call; throws `corrupt`. */
  read(fromSequence: number): AsyncIterable<JournalRecord>;
  /** Waits for what was accepted, then lets go of files and lock. */
  close(): Promise<void>;
}

export const journalErrorCodes = [
  "fenced",
  "invalid",
  "overloaded",
  "no_space",
  "io_failed",
  "poisoned",
  "closed",
  "corrupt",
  "unsupported_version",
  "locked",
] as const;
export type JournalErrorCode = (typeof journalErrorCodes)[number];

/** Where damage was found, and what stands there instead of what should. */
export interface Damage {
  readonly file: string;
  readonly offset: number;
  readonly expected: string;
  readonly actual: string;
}

/** Thrown rather than returned: the only sane answer to most of these is to end the process. */
export class JournalError extends Error {
  override readonly name = "JournalError";
  constructor(
    readonly code: JournalErrorCode,
    message: string,
    readonly damage: Damage | null = null,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

export function corrupt(damage: Damage): JournalError {
  const { file, offset, expected, actual } = damage;
  return new JournalError(
    "corrupt",
    `${file} is damaged at byte ${offset}: expected ${expected}, found ${actual}`,
    damage,
  );
}

export interface JournalLimits {
  /** Bytes of one batch. */
  readonly batchBytesMax: number;
  /** Bytes and batches that wait for the disk; beyond them an append is `overloaded`. */
  readonly pendingBytesMax: number;
  readonly pendingBatchesMax: number;
  /** Bytes written and synced at once. */
  readonly groupBytesMax: number;
}

export const defaultJournalLimits: JournalLimits = {
  batchBytesMax: 128 * 1024 * 1024,
  pendingBytesMax: 256 * 1024 * 1024,
  pendingBatchesMax: 65_536,
  groupBytesMax: 16 * 1024 * 1024,
};

export type Admission = "append" | "compare";

/** Pure: what to do with a batch, given the tail of what was accepted; throws what it refuses. */
export function admitBatch(
  state: { readonly epoch: number; readonly acceptedTail: number },
  epoch: number,
  expectedTail: number,
  batch: readonly JournalRecord[],
): Admission {
  if (!Number.isSafeInteger(epoch) || epoch < 0) {
    throw new JournalError("invalid", `epoch must be a non-negative integer, not ${epoch}`);
  }
  if (epoch < state.epoch) {
    throw new JournalError("fenced", `epoch ${epoch} has been superseded by epoch ${state.epoch}`);
  }
  batch.forEach((record, index) => {
    if (record.sequence !== expectedTail + 1 + index) {
      throw new JournalError(
        "invalid",
        `record ${index} of the batch has sequence ${record.sequence}, not ${expectedTail + 1 + index}`,
      );
    }
  });
  if (expectedTail === state.acceptedTail) return "append";
  if (expectedTail >= 0 && expectedTail + batch.length <= state.acceptedTail) return "compare";
  throw new JournalError(
    "fenced",
    `the batch follows sequence ${expectedTail}, but the journal ends at ${state.acceptedTail}`,
  );
}

/** Rejects `fenced` unless exactly these records already stand in the journal. */
export async function confirmSame(
  journal: Pick<Journal, "read">,
  batch: readonly JournalRecord[],
): Promise<void> {
  const first = batch[0];
  if (first === undefined) return;
  let index = 0;
  for await (const stored of journal.read(first.sequence)) {
    if (stored.payload !== batch[index]?.payload) {
      throw new JournalError("fenced", `sequence ${stored.sequence} holds another record`);
    }
    index += 1;
    if (index === batch.length) return;
  }
  throw new JournalError("fenced", `sequence ${first.sequence + index} is not in the journal`);
}

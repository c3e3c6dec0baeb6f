/**
 * A recorded history of runs as columns, in order of submission: what every reader makes and the
 * replay reads. A row has what was known when its task was submitted, and apart from that how it
 * ended. NaN means "not recorded".
 */

/** Groups of a row, from the most specific to the whole trace (docs/predictor.md). */
export const levels = 5;
/** A task is cold while nothing of its kind (program of its user, process of its pipeline) has ended. */
export const kindLevel = 2;

export interface Trace {
  readonly name: string;
  readonly rows: number;
  /** Ascending. */
  readonly submitAtMs: Float64Array;
  /** Later than the submission. */
  readonly endAtMs: Float64Array;
  /** At least 1. */
  readonly durationMs: Float64Array;
  /** 1 if the run ended well: the others are neither scored nor learnt from. */
  readonly succeeded: Uint8Array;
  /** What the user said it would take, often a limit. */
  readonly userMs: Float64Array;
  readonly cpus: Float64Array;
  readonly memoryBytes: Float64Array;
  readonly timeoutMs: Float64Array;
  readonly attempt: Float64Array;
  readonly inputBytes: Float64Array;
  /** What it took of memory, known afterwards. */
  readonly peakBytes: Float64Array;
  /** `levels` numbers a row, each a place in `names`. */
  readonly groups: Int32Array;
  readonly user: Int32Array;
  readonly image: Int32Array;
  /** Where it is to run, if that was decided by then; -1 where it was not recorded. */
  readonly worker: Int32Array;
  readonly names: readonly string[];
  /** Records that say too little to be a row: without times, for one. */
  readonly skipped: number;
}

export interface TraceRow {
  readonly submitAtMs: number;
  readonly startAtMs: number;
  readonly durationMs: number;
  readonly succeeded: boolean;
  readonly userMs?: number;
  readonly cpus?: number;
  readonly memoryBytes?: number;
  readonly timeoutMs?: number;
  readonly attempt?: number;
  readonly inputBytes?: number;
  readonly peakBytes?: number;
  readonly user: string;
  readonly image?: string;
  readonly worker?: string;
  /** Exactly `levels` texts. */
  readonly groups: readonly string[];
}

export interface TraceBuilder {
  add(row: TraceRow): void;
  skip(): void;
  build(): Trace;
}

const columns = [
  "submitAtMs",
  "endAtMs",
  "durationMs",
  "userMs",
  "cpus",
  "memoryBytes",
  "timeoutMs",
  "attempt",
  "inputBytes",
  "peakBytes",
] as const;
type Column = (typeof columns)[number];

export function traceBuilder(name: string): TraceBuilder {
  const ids = new Map<string, number>();
  const names: string[] = [];
  const numbers = new Map<Column, number[]>(columns.map((column) => [column, []]));
  const succeeded: number[] = [];
  const groups: number[] = [];
  const places: number[] = [];
  let skipped = 0;

  const idOf = (text: string): number => {
    const known = ids.get(text);
    if (known !== undefined) return known;
    ids.set(text, names.length);
    names.push(text);
    return names.length - 1;
  };
  const put = (column: Column, value: number | undefined): void => {
    numbers.get(column)?.push(value ?? Number.NaN);
  };

  return {
    add(row) {
      const durationMs = Math.max(1, row.durationMs);
      put("submitAtMs", row.submitAtMs);
      put("endAtMs", Math.max(row.startAtMs, row.submitAtMs) + durationMs);
      put("durationMs", durationMs);
      put("userMs", row.userMs);
      put("cpus", row.cpus);
      put("memoryBytes", row.memoryBytes);
      put("timeoutMs", row.timeoutMs);
      put("attempt", row.attempt);
      put("inputBytes", row.inputBytes);
      put("peakBytes", row.peakBytes);
      succeeded.push(row.succeeded ? 1 : 0);
      for (let level = 0; level < levels; level++) groups.push(idOf(row.groups[level] ?? ""));
      const worker = row.worker === undefined ? -1 : idOf(`worker ${row.worker}`);
      places.push(idOf(`user ${row.user}`), idOf(`image ${row.image ?? ""}`), worker);
    },
    skip() {
      skipped++;
    },
    build() {
      const submitted = numbers.get("submitAtMs") ?? [];
      const rows = submitted.length;
      const order = Int32Array.from({ length: rows }, (_, row) => row);
      // Equal times keep the order of the file.
      order.sort((a, b) => (submitted[a] ?? 0) - (submitted[b] ?? 0) || a - b);
      const column = (of: Column): Float64Array => {
        const values = numbers.get(of) ?? [];
        return Float64Array.from(order, (row) => values[row] ?? Number.NaN);
      };
      const place = (offset: number): Int32Array =>
        order.map((row) => places[row * 3 + offset] ?? -1);
      return {
        name,
        rows,
        submitAtMs: column("submitAtMs"),
        endAtMs: column("endAtMs"),
        durationMs: column("durationMs"),
        succeeded: Uint8Array.from(order, (row) => succeeded[row] ?? 0),
        userMs: column("userMs"),
        cpus: column("cpus"),
        memoryBytes: column("memoryBytes"),
        timeoutMs: column("timeoutMs"),
        attempt: column("attempt"),
        inputBytes: column("inputBytes"),
        peakBytes: column("peakBytes"),
        groups: Int32Array.from(
          { length: rows * levels },
          (_, at) => groups[(order[Math.floor(at / levels)] ?? 0) * levels + (at % levels)] ?? 0,
        ),
        user: place(0),
        image: place(1),
        worker: place(2),
        names,
        skipped,
      };
    },
  };
}

/** Texts of a row's groups, the most specific first. */
export function groupNames(trace: Trace, row: number): string[] {
  return Array.from(
    trace.groups.subarray(row * levels, (row + 1) * levels),
    (id) => trace.names[id] ?? "",
  );
}

/** Times in which workers are closed, as blocks that take all of their capacity. */
import { type BlockColumns, horizonMax } from "../../core/problem.js";
import { type ClosedSpan, closedSpans } from "./openness.js";
import type { TickClock } from "./problem-columns.js";
import type { WorkerTable } from "./problem-workers.js";

export interface ClosedTime extends ClosedSpan {
  /** Index of the worker. */
  readonly worker: number;
}

/** Plans stay this clear of a closed time, so that what starts a little late still fits before it. */
const marginMs = 1_000;

/**
 * The closed times that work of `spanMs` can meet, which grows by every one that it meets, and the
 * end of the last one, from now.
 */
export function closedTimes(
  workers: WorkerTable,
  nowMs: number,
  spanMs: number,
): { readonly closed: readonly ClosedTime[]; readonly latestEndMs: number } {
  const all = workers.list.flatMap((worker, index) =>
    [...closedSpans(worker, nowMs, Number.POSITIVE_INFINITY)].map((span) => ({
      ...span,
      worker: index,
    })),
  );
  all.sort((a, b) => a.fromMs - b.fromMs);
  const closed: ClosedTime[] = [];
  let latestEndMs = 0;
  for (const time of all) {
    if (time.fromMs - marginMs - nowMs > latestEndMs + spanMs) break;
    closed.push(time);
    // A drain does not end; its worker's tasks have other workers to go to.
    const endMs = Number.isFinite(time.toMs) ? time.toMs : time.fromMs;
    latestEndMs = Math.max(latestEndMs, endMs - nowMs);
  }
  return { closed, latestEndMs };
}

/**
 * A block without an end would make a plan impossible that keeps a task on its worker; this one ends
 * after all that the problem's work could take, so such a task is seen to be late and is moved.
 */
const endlessTicks = horizonMax / 2;

export function blockColumns(
  { columns, dimensions }: WorkerTable,
  closed: readonly ClosedTime[],
  clock: TickClock,
): BlockColumns {
  const width = dimensions.length;
  const from = closed.map((time) => beginTick(time, clock));
  const to = closed.map(({ toMs }, block) =>
    Number.isFinite(toMs)
      ? Math.max(1, Math.ceil((toMs - clock.nowMs) / clock.tickMs))
      : (from[block] ?? 0) + endlessTicks,
  );
  const use = closed.flatMap(({ worker }) => [
    ...columns.capacity.subarray(worker * width, (worker + 1) * width),
  ]);
  return {
    count: closed.length,
    worker: Uint32Array.from(closed, ({ worker }) => worker),
    from: Int32Array.from(from),
    to: Int32Array.from(to),
    use: Int32Array.from(use),
  };
}

/** Ticks from which workers that are being drained take no more, by index. */
export function drainDeadlines(
  closed: readonly ClosedTime[],
  clock: TickClock,
): ReadonlyMap<number, number> {
  const drains = closed.filter(({ toMs }) => !Number.isFinite(toMs));
  return new Map(drains.map((time) => [time.worker, beginTick(time, clock)]));
}

const beginTick = ({ fromMs }: ClosedTime, { nowMs, tickMs }: TickClock): number =>
  Math.max(0, Math.floor((fromMs - marginMs - nowMs) / tickMs));

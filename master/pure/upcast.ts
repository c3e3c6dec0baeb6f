/**
 * Events of older shapes become present ones on their way out of the journal, one version at a
 * time, so that nothing else knows that there were others. A change of an event's shape that is
 * more than a new optional field raises `eventVersion` and adds a row here.
 */
import { type Event, eventVersion, type Recorded } from "./events.js";

/** An event as some version wrote it. */
export interface Shape {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** By the type an event then had, and the version that it is lifted from, to the next. */
export type Upcasters = Readonly<Record<string, Readonly<Record<number, (event: Shape) => Shape>>>>;

/** None yet: version 1 is the only one there has been. */
const upcasters: Upcasters = {};

/** Throws for an event of a later version of Almanac, whose meaning nobody here knows. */
export function lift(recorded: Recorded): Recorded {
  if (recorded.version === eventVersion) return recorded;
  const event = liftWith(
    upcasters,
    { ...recorded.event },
    recorded.version,
    eventVersion,
    recorded.seq,
  );
  return { ...recorded, version: eventVersion, event: event as Event };
}

/** Types without a row for a version did not change with it. */
export function liftWith(
  table: Upcasters,
  event: Shape,
  from: number,
  to: number,
  seq: number,
): Shape {
  if (!Number.isInteger(from) || from < 1 || from > to) {
    throw new Error(`event ${seq} has version ${from}; this master knows 1 to ${to}`);
  }
  let lifted = event;
  for (let version = from; version < to; version++) {
    lifted = table[lifted.type]?.[version]?.(lifted) ?? lifted;
  }
  return lifted;
}

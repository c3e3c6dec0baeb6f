/** Records whose content follows from their sequence, so that any reader can check them. */
import type { Journal, JournalRecord } from "../journal.js";

/** `count` records from sequence `first` on; the same sequence always has the same payload. */
export function records(first: number, count: number): JournalRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const sequence = first + index;
    return { sequence, payload: JSON.stringify({ type: "Tick", number: sequence * 7 }) };
  });
}

export async function collect(
  journal: Pick<Journal, "read">,
  fromSequence: number,
): Promise<JournalRecord[]> {
  const seen: JournalRecord[] = [];
  for await (const record of journal.read(fromSequence)) seen.push(record);
  return seen;
}

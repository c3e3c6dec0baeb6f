/** What a task has left: for people a table, for programs the same with whole hashes. */
import { sumBytes } from "../../core/data.js";
import type { TaskOutputs } from "../../proto/codec/data.js";
import type { Json } from "./json.js";
import type { Screen } from "./screen.js";
import { type Column, renderTable } from "./table.js";
import { paintAll } from "./text.js";
import { formatBytes, plural } from "./units.js";

const columns: readonly Column[] = [
  { title: "PATH", elasticTo: 12, cutMiddle: true },
  { title: "SIZE", align: "right" },
  { title: "CONTENT", optional: true },
];

const shownHash = 12;

export function renderOutputs({ outputs, attempt }: TaskOutputs, screen: Screen): string[] {
  const rows = outputs.map(({ path, sizeBytes, sha256 }) => [
    path,
    formatBytes(sizeBytes),
    sha256.slice(0, shownHash),
  ]);
  const sum = `${plural(outputs.length, "file")}, ${formatBytes(sumBytes(outputs))}, by ${attempt}`;
  const note = paintAll([[{ text: sum, style: screen.colour.dim }]], screen.width);
  return outputs.length === 0 ? note : [...renderTable(columns, rows, screen), ...note];
}

/** `targets`: where each was written; null: nowhere. */
export const outputsJson = (
  { task, attempt, outputs }: TaskOutputs,
  targets: ReadonlyMap<string, string> | null,
): Json => ({
  task,
  attempt,
  outputs: outputs.map(({ path, sha256, sizeBytes, executable }) => ({
    path,
    sha256,
    sizeBytes,
    executable,
    ...(targets === null ? {} : { file: targets.get(path) ?? null }),
  })),
});

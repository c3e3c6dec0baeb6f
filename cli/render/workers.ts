/** The workers: state, what is used of what they offer, and how their limits are kept. */
import type { Resources } from "../../core/resources.js";
import type { LearntSpeed, WorkerView } from "../../core/views.js";
import type { DriverFacts, WorkerFacts } from "../../core/worker.js";
import { closedText } from "./operations.js";
import type { Screen } from "./screen.js";
import { wordsOf, workerStateCell } from "./states.js";
import { type Column, renderTable } from "./table.js";
import { formatBytes, formatCount, formatCpu, formatRelative } from "./units.js";

const columns: readonly Column[] = [
  { title: "WORKER", elasticTo: 8, cutMiddle: true },
  { title: "STATE" },
  { title: "HEARD", align: "right" },
  { title: "CLOSED", elasticTo: 8 },
  { title: "TASKS", align: "right" },
  { title: "CPU", align: "right" },
  { title: "MEMORY", align: "right" },
  { title: "SPEED", align: "right", optional: true },
  { title: "LOAD", align: "right", optional: true },
  { title: "FREE", align: "right", optional: true },
  { title: "OTHER", elasticTo: 8, optional: true },
  { title: "GPU", elasticTo: 8, optional: true },
  { title: "LIMITS", elasticTo: 12, optional: true },
  { title: "LABELS", elasticTo: 8, optional: true },
];

export function renderWorkers(workers: readonly WorkerView[], screen: Screen): string[] {
  if (workers.length === 0) return ["no workers"];
  const { colour } = screen;
  const rows = workers.map(
    ({ facts, state, lastHeardAtMs, used, attempts, heartbeat, learntSpeed, ...closable }) => [
      facts.name,
      workerStateCell(state, colour),
      lastHeardAtMs === null ? "never" : formatRelative(lastHeardAtMs, screen.nowMs),
      { text: closedText(closable, screen.nowMs), style: colour.yellow },
      formatCount(attempts),
      `${formatCpu(used.cpuMillis)}/${formatCpu(facts.capacity.cpuMillis)}`,
      `${formatBytes(used.memoryBytes)}/${formatBytes(facts.capacity.memoryBytes)}`,
      speedText(facts.speed, learntSpeed),
      heartbeat === null ? "" : heartbeat.loadAverage.toFixed(2),
      heartbeat === null ? "" : formatBytes(heartbeat.freeMemoryBytes),
      otherText(used, facts.capacity),
      devicesText(facts.devices.map(({ type }) => type)),
      { text: driversText(facts), style: colour.dim },
      {
        // What every node says of itself is in --json; people look for what they have given.
        text: Object.entries(facts.labels)
          .filter(([label]) => !label.startsWith("almanac."))
          .map(([label, value]) => `${label}=${value}`)
          .join(" "),
        style: colour.dim,
      },
    ],
  );
  return renderTable(columns, rows, screen);
}

/** `1.02`, or `1.02 ×0.53` where its runs have shown it to be another. */
function speedText(benchmark: number, learnt: LearntSpeed | undefined): string {
  const factor = (learnt?.factor ?? 1).toFixed(2);
  return factor === "1.00" ? String(benchmark) : `${benchmark} ×${factor}`;
}

const otherText = (used: Resources, capacity: Resources): string =>
  Object.entries(capacity.custom)
    .map(([name, amount]) => `${name} ${used.custom[name] ?? 0}/${amount}`)
    .join(" ");

/** `2×h200 1×l4`. */
function devicesText(types: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, count]) => `${count}×${type}`).join(" ");
}

const driversText = ({ drivers, unavailableDrivers }: WorkerFacts): string =>
  [
    ...drivers.map(limitsText),
    ...unavailableDrivers.map(({ name, reason }) => `no ${name}: ${reason}`),
  ].join("; ");

/** What is not enforced is said aloud; disk is so nowhere, and stands in docs/job.md. */
function limitsText({ name, cpuLimit, memoryLimit, notEnforced = [] }: DriverFacts): string {
  const others = notEnforced.filter((what) => what !== "disk").map(wordsOf);
  const without = others.length === 0 ? "" : `, not kept: ${others.join(", ")}`;
  if (cpuLimit === memoryLimit) return `${name}: ${wordsOf(cpuLimit)}${without}`;
  return `${name}: cpu ${wordsOf(cpuLimit)}, memory ${wordsOf(memoryLimit)}${without}`;
}

/** The time axis of a chart: round steps, labels that do not touch. */
import { columnsOf } from "./text.js";

export interface Scale {
  readonly fromMs: number;
  readonly toMs: number;
  /** Cells of the chart. */
  readonly cells: number;
}

export interface Tick {
  readonly cell: number;
  readonly label: string;
}

const cellsPerTickMin = 9;
const secondMs = 1_000;
const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;
const stepsMs: readonly number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 20, 30].map((count) => count * secondMs),
  ...[1, 2, 5, 10, 15, 20, 30].map((count) => count * minuteMs),
  ...[1, 2, 3, 6, 12].map((count) => count * hourMs),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 10_000].map((count) => count * dayMs),
];

export const cellsPerMs = (scale: Scale): number =>
  scale.cells / Math.max(1, scale.toMs - scale.fromMs);

/** Ticks from the start of the scale on, labelled by the time since then. */
export function ticksOf(scale: Scale): Tick[] {
  const perMs = cellsPerMs(scale);
  for (const stepMs of stepsMs) {
    const ticks = ticksEvery(stepMs, scale, perMs);
    if (ticks !== null) return ticks;
  }
  return [{ cell: 0, label: "0" }];
}

/** null: labels would touch. */
function ticksEvery(stepMs: number, scale: Scale, perMs: number): Tick[] | null {
  if (stepMs * perMs < cellsPerTickMin) return null;
  const ticks: Tick[] = [];
  let free = 0;
  for (let atMs = 0; atMs <= scale.toMs - scale.fromMs; atMs += stepMs) {
    const cell = Math.round(atMs * perMs);
    const label = tickLabel(atMs);
    if (cell >= scale.cells) break;
    if (cell < free) return null;
    free = cell + columnsOf(label) + 3;
    ticks.push({ cell, label });
  }
  // A label at the very end may not fit beside the tick; the tick alone stays.
  return ticks.map((tick) =>
    tick.cell + columnsOf(tick.label) > scale.cells ? { ...tick, label: "" } : tick,
  );
}

/** `0`, `20s`, `1m20s`, `2h30m`, `3d`: without spaces, so that a label is one word. */
function tickLabel(atMs: number): string {
  if (atMs === 0) return "0";
  const parts: string[] = [];
  let restMs = atMs;
  for (const [unitMs, name] of [
    [dayMs, "d"],
    [hourMs, "h"],
    [minuteMs, "m"],
    [secondMs, "s"],
    [1, "ms"],
  ] as const) {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    if (count > 0) parts.push(`${count}${name}`);
  }
  return parts.join("");
}

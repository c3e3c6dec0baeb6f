/** Amounts and times as people read them. */
import { formatDuration } from "../../core/time.js";
import type { Screen } from "./screen.js";

export { formatBytes } from "../../core/bytes.js";

const dayMs = 86_400_000;
const formatters = new Map<string, Intl.DateTimeFormat>();

/** Cores: `2`, `0.5`. */
export const formatCpu = (cpuMillis: number): string => String(cpuMillis / 1_000);

/** A share in [0, 1]: `4.3 %`, `0 %`, `100 %`. */
export function formatShare(share: number): string {
  const percent = share * 100;
  return `${trimZero(percent.toFixed(Math.abs(percent) < 99.95 ? 1 : 0))} %`;
}

/** A difference in [-1, …]: `+4.3 %`, `-0.5 %`, `±0 %`. */
export function formatChange(share: number): string {
  const text = formatShare(share);
  if (text === "0 %" || text === "-0 %") return "±0 %";
  return share > 0 ? `+${text}` : text;
}

/** `1,234`. */
export const formatCount = (count: number): string =>
  String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ",");

/** `3 tasks`, `1 task`. */
export const plural = (count: number, noun: string): string =>
  `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;

/** Clock time within 12 hours of now, with the date before it otherwise. */
export function formatInstant(atMs: number, screen: Screen): string {
  const { date, time } = partsOf(atMs, screen.timeZone);
  if (Math.abs(atMs - screen.nowMs) < dayMs / 2) return time;
  return `${date} ${time.slice(0, 5)}`;
}

/** `in 1m 20s`, `3.0s ago`, `now`. */
export function formatRelative(atMs: number, nowMs: number): string {
  const distanceMs = atMs - nowMs;
  if (Math.abs(distanceMs) < 1_000) return "now";
  return distanceMs > 0 ? `in ${briefDuration(distanceMs)}` : `${briefDuration(-distanceMs)} ago`;
}

/** Whole seconds below a minute, so that a countdown is calm. */
export function briefDuration(durationMs: number): string {
  if (Math.abs(durationMs) >= 59_500) return formatDuration(durationMs);
  return `${Math.round(durationMs / 1_000)}s`;
}

function partsOf(atMs: number, timeZone: string): { readonly date: string; readonly time: string } {
  let formatter = formatters.get(timeZone);
  if (formatter === undefined) {
    // sv-SE writes ISO 8601 order: 2026-11-20 14:03:12.
    formatter = new Intl.DateTimeFormat("sv-SE", {
      timeZone,
      dateStyle: "short",
      timeStyle: "medium",
    });
    formatters.set(timeZone, formatter);
  }
  const text = formatter.format(atMs);
  const space = text.indexOf(" ");
  return { date: text.slice(0, space), time: text.slice(space + 1) };
}

const trimZero = (text: string): string => (text.endsWith(".0") ? text.slice(0, -2) : text);

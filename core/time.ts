/** Durations and instants are integer milliseconds, named `...Ms` and `...AtMs`. */

const unitsMs: readonly (readonly [string, number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
];

/** `90s`, `1h30m`, `250ms`, `2d`; returns null for anything else. */
export function parseDuration(text: string): number | null {
  const pattern = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/gy;
  let totalMs = 0;
  let position = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const unit = unitsMs.find(([name]) => name === match?.[2]);
    totalMs += Number(match[1]) * (unit?.[1] ?? 0);
    position = pattern.lastIndex;
  }
  if (position === 0 || position !== text.length) return null;
  return Math.round(totalMs);
}

/** Two most significant units: `2d 3h`, `1m 05s`, `12.3s`, `45ms`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 0) return `-${formatDuration(-durationMs)}`;
  if (durationMs < 1_000) return `${Math.round(durationMs)}ms`;
  if (durationMs < 59_950) return `${(durationMs / 1_000).toFixed(1)}s`;
  const seconds = Math.round(durationMs / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 1_440) return `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

const pad = (value: number): string => String(value).padStart(2, "0");

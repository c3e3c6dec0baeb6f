/** Amounts as people write them: `500m`, `2Gi`, `100M`, `1h30m`. null: not such an amount. */
import { parseDuration } from "../core/time.js";

/** Cores as a number (`2`, `1.5`) or millicores (`500m`) → thousandths, rounded up. */
export function parseCpu(value: string | number): number | null {
  const text = String(value);
  const match = /^(-?\d+(?:\.\d+)?)(m?)$/.exec(text);
  if (match === null) return null;
  const amount = Number(match[1]) * (match[2] === "m" ? 1 : 1000);
  return roundUp(amount);
}

/** 1.1 × 1000 is a hair above 1100 in binary; that hair must not count. Never -0. */
const roundUp = (amount: number): number => Math.ceil(amount - 1e-6) + 0;

const byteUnits: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Bytes: a number, or with k, M, G, T (thousands) or Ki, Mi, Gi, Ti (1024s); a `B` may follow. */
export function parseBytes(value: string | number): number | null {
  const match = /^(-?\d+(?:\.\d+)?)\s*([kKMGT]i?|)B?$/.exec(String(value));
  const unit = byteUnits[match?.[2] ?? "?"];
  if (match === null || unit === undefined) return null;
  return roundUp(Number(match[1]) * unit);
}

/** Bits per second: a number, or with k, M, G (thousands); `bps` or `bit/s` may follow. */
export function parseBitRate(value: string | number): number | null {
  const match = /^(-?\d+(?:\.\d+)?)\s*([kMG]?)(?:bps|bit\/s)?$/.exec(String(value));
  const unit = byteUnits[match?.[2] ?? "?"];
  if (match === null || unit === undefined) return null;
  return roundUp(Number(match[1]) * unit);
}

/** Milliseconds of `90s`, `1h30m`, `250ms`; a bare number has no unit and is refused. */
export function parseSpan(value: string): number | null {
  const spanMs = parseDuration(value);
  return spanMs !== null && Number.isSafeInteger(spanMs) ? spanMs : null;
}

/** An instant with a time zone, `2026-03-01T18:00:00Z` or `…+01:00`, → ms since 1970. */
export function parseInstant(value: string): number | null {
  const pattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;
  if (!pattern.test(value)) return null;
  const instant = Date.parse(value);
  return Number.isNaN(instant) ? null : instant;
}

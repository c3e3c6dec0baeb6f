/** How the texts of options become values; what is wrong ends as a usage error naming the option. */
import { InvalidArgumentError } from "@commander-js/extra-typings";
import { parseDuration } from "../core/time.js";
import { parseInstant } from "../spec/quantity.js";
import { failure } from "./failure.js";

/** For options that may be given several times. */
export const collect = (
  value: string,
  before: readonly string[] | undefined,
): readonly string[] => [...(before ?? []), value];

export function durationMs(text: string): number {
  const parsed = parseDuration(text);
  if (parsed === null) throw new InvalidArgumentError("must be a duration like 90s or 1h30m.");
  return parsed;
}

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`must be a whole number from ${least} to ${most}.`);
  };
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("must be a number above 0.");
}

/** `--var NAME=value`, several times, as a record. */
export function variables(
  given: readonly string[] | undefined,
  option = "--var",
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (given ?? []).map((text) => {
      const cut = text.indexOf("=");
      if (cut < 1) {
        const message = `must be NAME=value, not ${text}`;
        throw failure("invalid_argument", `${option} ${message}`, [{ field: option, message }]);
      }
      return [text.slice(0, cut), text.slice(cut + 1)];
    }),
  );
}

/** `now`, a time from now like `2h`, or an instant with its zone. */
export function instantMs(text: string): number {
  if (text === "now") return Date.now();
  const aheadMs = parseDuration(text);
  if (aheadMs !== null) return Date.now() + aheadMs;
  const atMs = parseInstant(text);
  if (atMs !== null) return atMs;
  const message =
    "must be `now`, a time from now like 2h, or an instant like 2026-03-01T18:00:00Z.";
  throw new InvalidArgumentError(message);
}

/** A time before now like `2d`, a day of UTC like `2026-11-20`, or an instant with its zone. */
export function pastMs(text: string): number {
  const agoMs = parseDuration(text);
  if (agoMs !== null) return Date.now() - agoMs;
  const atMs = parseInstant(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  if (atMs !== null) return atMs;
  const message =
    "must be a time ago like 2d, a day like 2026-03-01, or an instant like 2026-03-01T18:00:00Z.";
  throw new InvalidArgumentError(message);
}

const periodsMs: Readonly<Record<string, number>> = { day: 86_400_000, week: 7 * 86_400_000 };

/** `day`, `week` or a duration. */
export function periodMs(text: string): number {
  const known = periodsMs[text] ?? parseDuration(text);
  if (known !== null && known > 0) return known;
  throw new InvalidArgumentError("must be day, week, or a duration like 12h.");
}

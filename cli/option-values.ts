/** How the texts of options become values; what is wrong ends as a usage error naming the option. */
import { InvalidArgumentError } from "@commander-js/extra-typings";
import { parseDuration } from "../core/time.js";
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
export function variables(given: readonly string[] | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (given ?? []).map((text) => {
      const cut = text.indexOf("=");
      if (cut < 1) {
        const message = `must be NAME=value, not ${text}`;
        throw failure("invalid_argument", `--var ${message}`, [{ field: "--var", message }]);
      }
      return [text.slice(0, cut), text.slice(cut + 1)];
    }),
  );
}

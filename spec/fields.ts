/**
 * Building blocks of what a user writes: each reads one form of value, lowers it to the unit of
 * core, and says in its error what would be right.
 */
import { z } from "zod";
import { amountMax, cpuMillisMax, durationMsMax } from "../core/validate-template.js";
import { quote } from "../core/violations.js";
import { parseBitRate, parseBytes, parseCpu, parseInstant, parseSpan } from "./quantity.js";

/**
 * An object that knows its keys. The error's message is the list of known keys: the formatter
 * makes one violation of each unknown key, with the nearest known one.
 */
export function closed<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? Object.keys(shape).join(",")
        : `must be a map with the keys ${shorten(Object.keys(shape))}, not ${kindOf(issue.input)}`,
  });
}

export const text = (what: string) =>
  z.string({ error: (issue) => `must be ${what}, not ${kindOf(issue.input)}` });

/** Strings, and the numbers and booleans that YAML makes of unquoted ones. */
export const scalar = z
  .union([z.string(), z.number(), z.boolean()], {
    error: (issue) => `must be a text, not ${kindOf(issue.input)}; quote it to keep it as written`,
  })
  .transform(String);

export function whole(least: number, most: number) {
  const error = (issue: { readonly input?: unknown }): string =>
    `must be a whole number from ${least} to ${most}, not ${show(issue.input)}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

export const flag = z.boolean({
  error: (issue) => `must be true or false, not ${show(issue.input)}`,
});

function quantity(
  right: string,
  parse: (value: string | number) => number | null,
  least: number,
  most: number,
) {
  return z
    .union([z.string(), z.number()], {
      error: (issue) => `must be ${right}, not ${kindOf(issue.input)}`,
    })
    .transform((value, context) => {
      const amount = parse(value);
      if (amount !== null && amount >= least && amount <= most) return amount;
      const reason =
        amount === null ? "" : amount < least ? " (too small)" : ` (past the limit of ${most})`;
      context.addIssue({
        code: "custom",
        message: `must be ${right}, not ${show(value)}${reason}`,
        ...(amount !== null && amount > most ? { params: { limit: most } } : {}),
      });
      return z.NEVER;
    });
}

export const cpu = quantity(
  "cores above 0 like 2 or 1.5, or thousandths of one like 500m",
  parseCpu,
  1,
  cpuMillisMax,
);
export const bytes = (least: number, most: number = amountMax) =>
  quantity(
    `${least > 0 ? "bytes above 0" : "bytes"} like 512Mi, 2Gi or 1G`,
    parseBytes,
    least,
    most,
  );
export const bitRate = quantity("bits per second like 100M or 1G", parseBitRate, 0, amountMax);

/** A duration with its unit; a bare number would leave the reader to guess. */
export function duration(least: number, most: number = durationMsMax) {
  const right = `a duration${least > 0 ? " above 0" : ""} like 250ms, 90s or 1h30m`;
  return quantity(
    right,
    (value) => (typeof value === "string" ? parseSpan(value) : null),
    least,
    most,
  );
}

/** An instant, or a duration counted from submission. */
export type When =
  | { readonly kind: "at"; readonly atMs: number }
  | { readonly kind: "in"; readonly spanMs: number };

const whenRight = "a time with its zone like 2026-03-01T18:00:00Z, or a duration from now like 2h";
export const when = text(whenRight).transform((value, context): When => {
  const atMs = parseInstant(value);
  if (atMs !== null && atMs >= 0) return { kind: "at", atMs };
  const spanMs = parseSpan(value);
  if (spanMs !== null && spanMs <= durationMsMax) return { kind: "in", spanMs };
  context.addIssue({ code: "custom", message: `must be ${whenRight}, not ${quote(value)}` });
  return z.NEVER;
});

export function kindOf(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return show(value);
}

export function show(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "number" || typeof value === "boolean") return `\`${String(value)}\``;
  return kindOf(value);
}

const shorten = (keys: readonly string[]): string =>
  keys.length <= 6 ? keys.join(", ") : `${keys.slice(0, 6).join(", ")} and so on`;

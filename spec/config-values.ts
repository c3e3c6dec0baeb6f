/** Values that settings of several parts have. */
import { z } from "zod";
import { amountMax } from "../core/validate-template.js";
import { parseAddress, tlsModes } from "./address.js";
import { kindOf, scalar, text, whole } from "./fields.js";

export const addressRight = "an address like 127.0.0.1:7070";

export const dialled = text(addressRight).refine((value) => parseAddress(value) !== null, {
  error: `must be ${addressRight}`,
});

export const onOff = z.enum(["on", "off"], { error: "must be one of on, off" });

export const tls = z.enum(tlsModes, { error: "must be one of auto, on, off" });

export const path = text("a path").min(1, { error: "must not be empty" });
export const hostName = z
  .string({ error: "must be a name or an address" })
  .regex(/^[A-Za-z0-9.:-]{1,253}$/, { error: "must be a host's name or address, without a port" });
export const name = z
  .string({ error: (issue) => `must be a name, not ${kindOf(issue.input)}` })
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/, {
    error: "must be 1 to 128 letters, digits, `_`, `.` and `-`",
  });
export const labels = z.record(z.string(), scalar, { error: "must be a map like {zone: eu}" });
export const amounts = z.record(z.string(), whole(1, amountMax), {
  error: "must be a map of names to whole numbers, like {licence: 2}",
});
export const positive = (most: number) =>
  z
    .number({ error: "must be a number" })
    .gt(0, { error: "must be above 0" })
    .lte(most, { error: `must be at most ${most}` });
export const speed = positive(1000);

export const price = z
  .number({ error: "must be a number" })
  .min(0, { error: "must be 0 or more" })
  .max(1e6, { error: "must be at most 1000000" });

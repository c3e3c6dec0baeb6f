/** A bounded list of what is wrong with an input, and the checks that many fields share. */
import { jobLimits, type UserEstimate } from "./job.js";
import type { Violation } from "./result.js";

/** No one reads more; a hostile input must not make a large answer. */
/** Small enough that sums over thousands of tasks are still exact integers. */
export const amountMax = 2 ** 50;
export const violationsMax = 50;

export const namePattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
export const environmentNamePattern = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** Set by the worker for each attempt; a task's own value would be lost. */
export const reservedEnvironment: ReadonlySet<string> = new Set([
  "ALMANAC_JOB_ID",
  "ALMANAC_TASK_ID",
  "ALMANAC_TASK_NAME",
  "ALMANAC_ATTEMPT",
  "ALMANAC_ATTEMPT_DIRECTORY",
  "ALMANAC_WORKER",
  "ALMANAC_WORKER_SPEED",
  "ALMANAC_SECRETS_DIRECTORY",
]);

export class Violations {
  readonly #list: Violation[] = [];

  get list(): readonly Violation[] {
    return this.#list;
  }

  get full(): boolean {
    return this.#list.length >= violationsMax;
  }

  add(field: string, message: string, limit?: number): void {
    if (this.full) return;
    this.#list.push(limit === undefined ? { field, message } : { field, message, limit });
  }

  limit(field: string, what: string, value: number, limit: number): void {
    this.add(field, `${what}: ${value} is past the limit of ${limit}`, limit);
  }

  name(field: string, what: string, value: string, pattern: RegExp, lengthMax: number): void {
    if (value.length > lengthMax)
      this.limit(field, `length of the ${what}`, value.length, lengthMax);
    else if (!pattern.test(value)) {
      this.add(
        field,
        `${what} ${quote(value)} must be letters, digits, \`_\`, \`.\` and \`-\`, and start with a letter or digit`,
      );
    }
  }

  environment(field: string, env: Readonly<Record<string, string>>): void {
    const names = Object.keys(env);
    if (names.length > jobLimits.envEntries) {
      this.limit(field, "environment variables", names.length, jobLimits.envEntries);
      return;
    }
    let bytes = 0;
    for (const name of names) {
      const value = env[name] ?? "";
      bytes += utf8Length(name) + utf8Length(value) + 2;
      if (!environmentNamePattern.test(name)) {
        this.add(`${field}.${name}`, `${quote(name)} cannot name an environment variable`);
      } else if (reservedEnvironment.has(name)) {
        this.add(`${field}.${name}`, "is set by the worker and cannot be given");
      }
      this.noNul(`${field}.${name}`, value);
    }
    if (bytes > jobLimits.envBytes) {
      this.limit(field, "bytes of environment", bytes, jobLimits.envBytes);
    }
  }

  metadata(field: string, metadata: Readonly<Record<string, string>>): void {
    const names = Object.keys(metadata);
    if (names.length > jobLimits.metadataEntries) {
      this.limit(field, "metadata entries", names.length, jobLimits.metadataEntries);
      return;
    }
    let bytes = 0;
    for (const name of names) {
      bytes += utf8Length(name) + utf8Length(metadata[name] ?? "");
      if (name === "" || name.length > jobLimits.nameLength) {
        this.add(
          field,
          `metadata names have 1 to ${jobLimits.nameLength} characters`,
          jobLimits.nameLength,
        );
      }
    }
    if (bytes > jobLimits.metadataBytes) {
      this.limit(field, "bytes of metadata", bytes, jobLimits.metadataBytes);
    }
  }

  estimate(field: string, estimate: UserEstimate, durationMsMax: number): void {
    if (!isPositive(estimate.p50Ms, durationMsMax)) {
      this.add(
        `${field}.p50Ms`,
        "must be a positive whole number of milliseconds, at most ten years",
        durationMsMax,
      );
    } else if (!isPositive(estimate.p90Ms, durationMsMax) || estimate.p90Ms < estimate.p50Ms) {
      this.add(
        `${field}.p90Ms`,
        "must be at least p50, in whole milliseconds, at most ten years",
        durationMsMax,
      );
    }
  }

  /** Programs receive these texts as C strings, which end at the first NUL. */
  noNul(field: string, value: string): void {
    if (value.includes("\0")) this.add(field, "must not contain a NUL character");
  }
}

/** Of what may be left out. */
export const isPrice = (value: number): boolean =>
  Number.isFinite(value) && value >= 0 && value <= 1e9;
export const isPositive = (value: number, max: number): boolean =>
  Number.isSafeInteger(value) && value > 0 && value <= max;

export const isCount = (value: number, max: number): boolean =>
  Number.isSafeInteger(value) && value >= 0 && value <= max;

/** What a Date can hold, from 1970 on. */
export const isInstant = (value: number): boolean => isCount(value, 8.64e15);

/** In backquotes, cut to a readable length, control characters shown as escapes. */
export function quote(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return `\`${short.replace(/[\p{Cc}\p{Cs}]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)}\``;
}

/** Bytes of the text in UTF-8; counted here because core knows no platform. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // A surrogate pair is two units and four bytes, so each half adds one.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}

/** The rules of what follows a failure: retries, more memory, a fallback. See validate-template.ts. */
import { fallbackMode, type JobSpec, jobLimits, type TaskTemplate } from "./job.js";
import { inMode } from "./modes.js";
import { amountMax, isCount, isPositive, type Violations } from "./violations.js";

/** Programs cannot end with any other; 0 is no failure. */
const exitCodeMax = 255;

export function validateRetry(
  template: TaskTemplate,
  at: string,
  found: Violations,
  rules: {
    readonly durationMsMax: number;
    readonly validateWay: (way: TaskTemplate, at: string, found: Violations) => void;
  },
): void {
  const { retry } = template;
  const { attempts } = jobLimits;
  validateAttempts(retry.attemptsMax, `${at}.attemptsMax`, found);
  if (!isCount(retry.backoffMs, rules.durationMsMax)) {
    found.add(`${at}.backoffMs`, "must be whole milliseconds, 0 or more", rules.durationMsMax);
  }
  if (!isCount(retry.backoffMaxMs, rules.durationMsMax) || retry.backoffMaxMs < retry.backoffMs) {
    found.add(
      `${at}.backoffMaxMs`,
      "must be whole milliseconds, at least the first backoff",
      rules.durationMsMax,
    );
  }
  if (retry.crashesMax !== undefined && !isPositive(retry.crashesMax, attempts)) {
    found.add(`${at}.crashesMax`, `must be a whole number from 1 to ${attempts}`, attempts);
  }
  validateCodes(retry.never ?? [], `${at}.never`, found);
  if (retry.moreMemory !== undefined) validateMemory(retry.moreMemory, `${at}.moreMemory`, found);
  if (retry.fallback === undefined) return;
  const { way, attemptsMax } = retry.fallback;
  validateAttempts(attemptsMax, `${at}.fallback.attemptsMax`, found);
  if (way.name !== fallbackMode) {
    found.add(`${at}.fallback.way.name`, `must be \`${fallbackMode}\``);
  }
  if (template.modes?.some(({ name }) => name === fallbackMode) === true) {
    found.add(`${at}.fallback`, `a mode of the task has the name \`${fallbackMode}\` already`);
  }
  rules.validateWay(inMode(template, way), `${at}.fallback.way`, found);
}

function validateAttempts(value: number, at: string, found: Violations): void {
  const { attempts } = jobLimits;
  if (isPositive(value, attempts)) return;
  found.add(at, `must be a whole number from 1 to ${attempts}`, attempts);
}

function validateCodes(
  never: readonly { readonly from: number; readonly to: number }[],
  at: string,
  found: Violations,
): void {
  const { exitCodeRanges } = jobLimits;
  if (never.length > exitCodeRanges) {
    found.limit(at, "ranges of exit codes", never.length, exitCodeRanges);
    return;
  }
  never.forEach(({ from, to }, i) => {
    if (isPositive(from, exitCodeMax) && isPositive(to, exitCodeMax) && from <= to) return;
    found.add(`${at}[${i}]`, "must be exit codes from 1 to 255, the lower first", exitCodeMax);
  });
}

function validateMemory(
  { factor, maxBytes }: { readonly factor: number; readonly maxBytes: number },
  at: string,
  found: Violations,
): void {
  const { memoryFactor } = jobLimits;
  if (!(Number.isFinite(factor) && factor > 1 && factor <= memoryFactor)) {
    const rule = `must be a number above 1, at most ${memoryFactor}`;
    found.add(`${at}.factor`, rule, memoryFactor);
  }
  if (!isPositive(maxBytes, amountMax)) {
    found.add(`${at}.maxBytes`, "must be a whole number of bytes above 0", amountMax);
  }
}

/** What a job says of its failures as a whole. */
export function validateJobPolicies({ retryBudget, success }: JobSpec, found: Violations): void {
  const limit = jobLimits.retryBudget;
  if (retryBudget !== undefined && !isCount(retryBudget, limit)) {
    found.add("retryBudget", `must be a whole number from 0 to ${limit}`, limit);
  }
  if (success === undefined) return;
  const { atLeast } = success;
  if (!(Number.isFinite(atLeast) && atLeast > 0 && atLeast <= 1)) {
    found.add("success.atLeast", "must be a part of the tasks, above 0 and at most 1", 1);
  }
}

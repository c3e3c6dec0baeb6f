/** The rules of one task template: command, resources, policies. See validate-job.ts. */

import {
  type Command,
  constraintOperators,
  driverNames,
  jobLimits,
  type TaskTemplate,
} from "./job.js";
import {
  devicesPerWorkerMax,
  deviceThousandths,
  type GpuRequest,
  type Resources,
} from "./resources.js";
import { validateData } from "./validate-data.js";
import { validateDriver } from "./validate-driver.js";
import { validateModes } from "./validate-modes.js";
import { validateRetry } from "./validate-retry.js";
import { validateSecrets } from "./validate-secrets.js";
import {
  amountMax,
  isCount,
  isInstant,
  isPositive,
  namePattern,
  utf8Length,
  type Violations,
} from "./violations.js";

/** Ten years: nothing scheduled runs longer, and sums stay exact. */
export const durationMsMax = 10 * 365 * 86_400_000;
/** A million cores. */
export const cpuMillisMax = 1_000_000_000;
export { amountMax };

const reservedResources: ReadonlySet<string> = new Set(["cpu", "memory", "disk", "network", "gpu"]);

export function validateTemplate(template: TaskTemplate, at: string, found: Violations): void {
  found.name(`${at}.name`, "task name", template.name, namePattern, jobLimits.nameLength);
  if (template.modes === undefined) validateWay(template, at, found);
  else validateModes(template, template.modes, { at, found, validateWay });
  validatePolicies(template, at, found);
  found.metadata(`${at}.metadata`, template.metadata);
  validateData(template, at, found);
  validateSecrets(template, at, found);
}

/** What each mode of a task says for itself. */
function validateWay(template: TaskTemplate, at: string, found: Violations): void {
  if (!driverNames.includes(template.driver)) {
    found.add(`${at}.driver`, `must be one of ${driverNames.join(", ")}`);
  }
  validateCommand(template.command, `${at}.command`, found);
  validateDriver(template.driver, template.command.options, `${at}.command`, found);
  validateResources(template.resources, `${at}.resources`, found);
  if (template.gpu !== null) validateGpu(template.gpu, `${at}.gpu`, found);
  validateAmounts(template.pools, `${at}.pools`, jobLimits.pools, found);
  validateConstraints(template, `${at}.constraints`, found);
  if (template.timeoutMs !== null && !isPositive(template.timeoutMs, durationMsMax)) {
    found.add(
      `${at}.timeoutMs`,
      "must be positive whole milliseconds, at most ten years",
      durationMsMax,
    );
  }
  if (template.estimate !== null)
    found.estimate(`${at}.estimate`, template.estimate, durationMsMax);
}

function validateCommand(command: Command, at: string, found: Violations): void {
  const program = command.program;
  const argv = program.kind === "argv" ? program.argv : program.shell;
  const argvAt = program.kind === "argv" ? `${at}.argv` : `${at}.shell`;
  if (argv.length === 0 || argv[0] === "") found.add(argvAt, "must name a program to run");
  if (argv.length > jobLimits.argvLength) {
    found.limit(argvAt, "arguments", argv.length, jobLimits.argvLength);
  } else {
    let bytes = 0;
    argv.forEach((value, i) => {
      bytes += utf8Length(value) + 1;
      found.noNul(`${argvAt}[${i}]`, value);
    });
    if (bytes > jobLimits.argvBytes) {
      found.limit(argvAt, "bytes of arguments", bytes, jobLimits.argvBytes);
    }
  }
  if (program.kind === "script") {
    const bytes = utf8Length(program.script);
    if (program.script.trim() === "") found.add(`${at}.script`, "must not be empty");
    if (bytes > jobLimits.scriptBytes) {
      found.limit(`${at}.script`, "bytes of script", bytes, jobLimits.scriptBytes);
    }
    found.noNul(`${at}.script`, program.script);
  }
  found.environment(`${at}.env`, command.env);
  if (command.env.ALMANAC_ARRAY_INDEX !== undefined) {
    found.add(
      `${at}.env.ALMANAC_ARRAY_INDEX`,
      "is set for the tasks of an array and cannot be given",
    );
  }
  if (command.stdin !== null && utf8Length(command.stdin) > jobLimits.stdinBytes) {
    found.limit(
      `${at}.stdin`,
      "bytes of standard input",
      utf8Length(command.stdin),
      jobLimits.stdinBytes,
    );
  }
  const directory = command.workingDirectory;
  if (directory !== null) {
    if (!directory.startsWith("/") || directory.length > 4096) {
      found.add(`${at}.workingDirectory`, "must be an absolute path of at most 4096 characters");
    }
    found.noNul(`${at}.workingDirectory`, directory);
  }
}

function validateResources(resources: Resources, at: string, found: Violations): void {
  if (!isPositive(resources.cpuMillis, cpuMillisMax)) {
    found.add(
      `${at}.cpuMillis`,
      `must be a whole number of thousandths of a core above 0, not ${resources.cpuMillis}`,
      cpuMillisMax,
    );
  }
  if (!isPositive(resources.memoryBytes, amountMax)) {
    found.add(
      `${at}.memoryBytes`,
      `must be a whole number of bytes above 0, not ${resources.memoryBytes}`,
      amountMax,
    );
  }
  for (const key of ["diskBytes", "networkBps"] as const) {
    if (!isCount(resources[key], amountMax)) {
      found.add(
        `${at}.${key}`,
        `must be a whole number, 0 or more, not ${resources[key]}`,
        amountMax,
      );
    }
  }
  validateAmounts(resources.custom, `${at}.custom`, jobLimits.customResources, found);
  for (const name of Object.keys(resources.custom)) {
    if (reservedResources.has(name)) {
      found.add(
        `${at}.custom.${name}`,
        `\`${name}\` is not a custom resource; give it beside \`custom\``,
      );
    }
  }
}

function validateAmounts(
  amounts: Readonly<Record<string, number>>,
  at: string,
  entriesMax: number,
  found: Violations,
): void {
  const names = Object.keys(amounts);
  if (names.length > entriesMax) {
    found.limit(at, "entries", names.length, entriesMax);
    return;
  }
  for (const name of names) {
    found.name(`${at}.${name}`, "name", name, namePattern, jobLimits.nameLength);
    const amount = amounts[name] ?? 0;
    if (!isPositive(amount, amountMax)) {
      found.add(`${at}.${name}`, `must be a whole number above 0, not ${amount}`, amountMax);
    }
  }
}

function validateGpu(gpu: GpuRequest, at: string, found: Violations): void {
  if (gpu.kind === "whole" && !isPositive(gpu.count, devicesPerWorkerMax)) {
    found.add(
      `${at}.count`,
      `must be a whole number from 1 to ${devicesPerWorkerMax}`,
      devicesPerWorkerMax,
    );
  }
  if (gpu.kind === "share" && !isPositive(gpu.thousandths, deviceThousandths)) {
    found.add(
      `${at}.thousandths`,
      "must be 1 to 1000 thousandths of one device",
      deviceThousandths,
    );
  }
  if (gpu.type !== null && (gpu.type === "" || gpu.type.length > jobLimits.nameLength)) {
    found.add(
      `${at}.type`,
      `must have 1 to ${jobLimits.nameLength} characters`,
      jobLimits.nameLength,
    );
  }
  if (!isCount(gpu.memoryBytes, amountMax)) {
    found.add(`${at}.memoryBytes`, "must be a whole number of bytes, 0 or more", amountMax);
  }
}

function validateConstraints(template: TaskTemplate, at: string, found: Violations): void {
  if (template.constraints.length > jobLimits.constraints) {
    found.limit(at, "constraints", template.constraints.length, jobLimits.constraints);
    return;
  }
  template.constraints.forEach((constraint, i) => {
    const { label, operator, values } = constraint;
    if (label === "" || label.length > jobLimits.nameLength) {
      found.add(
        `${at}[${i}].label`,
        `must have 1 to ${jobLimits.nameLength} characters`,
        jobLimits.nameLength,
      );
    }
    if (!constraintOperators.includes(operator)) {
      found.add(`${at}[${i}].operator`, `must be one of ${constraintOperators.join(", ")}`);
      return;
    }
    const [least, most] =
      operator === "exists" || operator === "absent"
        ? [0, 0]
        : operator === "=" || operator === "!="
          ? [1, 1]
          : [1, jobLimits.constraints];
    if (values.length < least || values.length > most) {
      const wanted = least === most ? String(least) : `${least} to ${most}`;
      found.add(
        `${at}[${i}].values`,
        `\`${label} ${operator}\` takes ${wanted} values, not ${values.length}`,
        most,
      );
    }
  });
}

function validatePolicies(template: TaskTemplate, at: string, found: Violations): void {
  const { priority } = template;
  if (!(Number.isInteger(priority) && Math.abs(priority) <= 1000)) {
    found.add(`${at}.priority`, `must be a whole number from -1000 to 1000, not ${priority}`, 1000);
  }
  validateRetry(template, `${at}.retry`, found, { durationMsMax, validateWay });
  if (!isCount(template.killGraceMs, 3_600_000)) {
    found.add(`${at}.killGraceMs`, "must be whole milliseconds from 0 to one hour", 3_600_000);
  }
  if (template.onLost.kind === "stop" && !isPositive(template.onLost.afterMs, durationMsMax)) {
    found.add(`${at}.onLost.afterMs`, "must be positive whole milliseconds", durationMsMax);
  }
  for (const key of ["deadlineAtMs", "scheduledAtMs"] as const) {
    const instant = template[key];
    if (instant !== null && !isInstant(instant)) {
      found.add(`${at}.${key}`, "must be a time in whole milliseconds since 1970");
    }
  }
  if (template.maxConcurrent !== null && !isPositive(template.maxConcurrent, jobLimits.tasks)) {
    found.add(
      `${at}.maxConcurrent`,
      `must be a whole number from 1 to ${jobLimits.tasks}`,
      jobLimits.tasks,
    );
  }
  if (!isCount(template.logBytesMax, jobLimits.logBytes)) {
    found.add(
      `${at}.logBytesMax`,
      `must be whole bytes from 0 to ${jobLimits.logBytes}`,
      jobLimits.logBytes,
    );
  }
}

/** The rules of a task's modes: each by itself is as sound as a task that can run one way only. */
import { jobLimits, type TaskEntry, type TaskMode, type TaskTemplate } from "./job.js";
import { inMode, modeNamePattern } from "./modes.js";
import { quote, type Violations } from "./violations.js";

interface Judge {
  readonly at: string;
  readonly found: Violations;
  readonly validateWay: (way: TaskTemplate, at: string, found: Violations) => void;
}

export function validateModes(
  template: TaskTemplate,
  modes: readonly TaskMode[],
  { at, found, validateWay }: Judge,
): void {
  if (modes.length === 0) found.add(`${at}.modes`, "must name at least one mode");
  if (modes.length > jobLimits.modes) {
    found.limit(`${at}.modes`, "modes", modes.length, jobLimits.modes);
    return;
  }
  const seen = new Set<string>();
  for (const mode of modes) {
    const { name } = mode;
    // Fields name modes; what is no name can stand in none.
    if (!modeNamePattern.test(name) || name.length > jobLimits.nameLength) {
      const rule = `must be letters, digits, \`_\` and \`-\`, at most ${jobLimits.nameLength}`;
      found.add(`${at}.modes`, `mode ${quote(name)} ${rule}`, jobLimits.nameLength);
      continue;
    }
    if (seen.has(name)) found.add(`${at}.modes.${name}`, "is there twice");
    seen.add(name);
    validateWay(inMode(template, mode), `${at}.modes.${name}`, found);
  }
}

/** An element's own estimate could be of one mode only, and it does not say of which. */
export function validateEntryOfModes(
  { estimate }: TaskEntry,
  template: TaskTemplate | undefined,
  at: string,
  found: Violations,
): void {
  if (estimate === null || template?.modes === undefined) return;
  found.add(`${at}.estimate`, "must stand in the modes of a task that has some");
}

/** The rules of gangs, of groups that are spread or put together, and of tasks that may be left out. */
import { type DomainGroup, type JobSpec, jobLimits, type TaskTemplate } from "./job.js";
import { waysOf } from "./modes.js";
import { isPrice, namePattern, type Violations } from "./violations.js";

/** `cycle`: as `findCycle` of validate-job. */
export function validateGroups(
  spec: JobSpec,
  found: Violations,
  cycle: (
    count: number,
    edges: readonly (readonly [from: number, to: number])[],
  ) => readonly number[] | null,
): void {
  spec.templates.forEach((template, i) => {
    validateTerms(template, `templates[${i}]`, found);
  });
  validateDomains(spec, found);
  if (spec.templates.some(({ gang }) => gang !== undefined)) validateGangs(spec, found, cycle);
}

function validateTerms(template: TaskTemplate, at: string, found: Violations): void {
  const { gang, spread, colocate, hardDeadline, skipPrice } = template;
  const { nameLength } = jobLimits;
  if (gang !== undefined) found.name(`${at}.gang`, "gang", gang, namePattern, nameLength);
  if (gang !== undefined && template.maxConcurrent !== null) {
    found.add(`${at}.maxConcurrent`, "cannot be said of a gang, which starts as a whole");
  }
  for (const [key, group] of [["spread", spread] as const, ["colocate", colocate] as const]) {
    if (group === undefined) continue;
    found.name(`${at}.${key}.group`, "group", group.group, namePattern, nameLength);
    if (group.by === "" || group.by.length > nameLength) {
      found.add(`${at}.${key}.by`, "must be `worker`, or the name of a label");
    }
  }
  if (hardDeadline === true && template.deadlineAtMs === null) {
    found.add(`${at}.hardDeadline`, "needs a deadline");
  }
  const untold = waysOf(template).findIndex(({ estimate }) => estimate === null);
  if (hardDeadline === true && untold >= 0) {
    const mode = template.modes?.[untold]?.name;
    found.add(
      mode === undefined ? `${at}.estimate` : `${at}.modes.${mode}.estimate`,
      "is missing: without it nobody can tell if a hard deadline is met",
    );
  }
  if (skipPrice !== undefined && !isPrice(skipPrice)) {
    found.add(`${at}.skipPrice`, "must be a number from 0 to 1000000000");
  }
}

/** Groups of one name look at the same domains, and nobody is to be apart and together at once. */
function validateDomains({ templates, tasks }: JobSpec, found: Violations): void {
  const byOf = new Map<string, string>();
  templates.forEach(({ spread, colocate }, i) => {
    for (const [key, group] of [["spread", spread] as const, ["colocate", colocate] as const]) {
      if (group === undefined) continue;
      const known = byOf.get(`${key} ${group.group}`) ?? group.by;
      byOf.set(`${key} ${group.group}`, known);
      if (known === group.by) continue;
      const message = `others of the group \`${group.group}\` say ${known}; they must agree`;
      found.add(`templates[${i}].${key}.by`, message);
    }
  });
  const first = new Map<string, string>();
  const sizes = new Map<string, number>();
  const count = (key: string, task: number): void => {
    const size = (sizes.get(key) ?? 0) + 1;
    sizes.set(key, size);
    if (size !== jobLimits.groupMembers + 1) return;
    found.limit(`tasks[${task}]`, `tasks of the group \`${key}\``, size, jobLimits.groupMembers);
  };
  const keyOf = ({ group, by }: DomainGroup): string => `${group} ${by}`;
  for (const [i, { name, template }] of tasks.entries()) {
    const { spread, colocate } = templates[template] ?? {};
    if (spread !== undefined) count(`spread ${spread.group}`, i);
    if (colocate !== undefined) count(`colocate ${colocate.group}`, i);
    if (spread === undefined || colocate === undefined || spread.by !== colocate.by) continue;
    const key = `${keyOf(spread)} ${keyOf(colocate)}`;
    const other = first.get(key);
    if (other === undefined) first.set(key, name);
    else {
      found.add(`tasks[${i}]`, `cannot be both apart from \`${other}\` and together with it`);
    }
  }
}

/** A gang is one thing: it has at least two members, and none waits for another, by any detour. */
function validateGangs(
  { templates, tasks, edges }: JobSpec,
  found: Violations,
  cycle: Parameters<typeof validateGroups>[2],
): void {
  const members = new Map<string, number[]>();
  tasks.forEach(({ template }, task) => {
    const gang = templates[template]?.gang;
    if (gang === undefined) return;
    const known = members.get(gang) ?? [];
    known.push(task);
    members.set(gang, known);
  });
  const node = tasks.map((_, task) => task);
  for (const [gang, list] of members) {
    const [head = 0, ...rest] = list;
    for (const task of rest) node[task] = head;
    const at = `templates[${tasks[head]?.template ?? 0}].gang`;
    if (rest.length === 0) {
      found.add(at, `\`${gang}\` has a single task; a gang is two or more that start together`);
    }
    if (list.length > jobLimits.gangMembers) {
      found.limit(at, `tasks of the gang \`${gang}\``, list.length, jobLimits.gangMembers);
    }
  }
  const inner = edges.find(({ from, to }) => from !== to && node[from] === node[to]);
  const nameOf = (task: number): string => tasks[task]?.name ?? `#${task}`;
  if (inner !== undefined) {
    const { from, to } = inner;
    const message = `\`${nameOf(to)}\` waits for \`${nameOf(from)}\` of the same gang, so they never start together`;
    found.add(`edges[${edges.indexOf(inner)}]`, message);
    return;
  }
  const merged = edges.flatMap(({ from, to }): [number, number][] => {
    const [a, b] = [node[from], node[to]];
    return a === undefined || b === undefined ? [] : [[a, b]];
  });
  const round = cycle(tasks.length, merged);
  if (round === null) return;
  const head = round.find((task) => node.some((other, i) => other === task && i !== task)) ?? 0;
  const gang = templates[tasks[head]?.template ?? 0]?.gang ?? "";
  const at = `templates[${tasks[head]?.template ?? 0}].gang`;
  found.add(at, `members of \`${gang}\` wait for one another through other tasks`);
}

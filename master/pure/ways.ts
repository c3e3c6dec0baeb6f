/**
 * The ways to run a task: its modes, or the template where it has none. Everything that depends on
 * the mode (what is charged, launched, learned) asks here and not the template. What failures have
 * made of a task, more memory or its fallback, is other ways: so nobody else has to know of it.
 */
import { fallbackMode, type JobSpec, type TaskTemplate } from "../../core/job.js";
import { inMode, withMemory } from "../../core/modes.js";
import { assert } from "../../core/result.js";
import { digest } from "./hash.js";
import type { State, Task, Way } from "./state.js";
import { liveAttempt } from "./state.js";

/** The way of this mode; of a mode that is not, or no longer, there the first. */
export function wayNamed({ id, ways }: Pick<Task, "id" | "ways">, mode: string | undefined): Way {
  const way = ways.find(({ named }) => named.mode === mode) ?? ways[0];
  assert(way !== undefined, `no way to run ${id}`);
  return way;
}

/** The one in which it runs, or is planned; where it is neither, the one in which it ran last. */
export function wayNow(state: State, task: Task): Way {
  const [only] = task.ways;
  if (only !== undefined && task.ways.length === 1) return only;
  const live = liveAttempt(task);
  if (live !== null) return wayNamed(task, live.mode);
  return wayNamed(task, (state.plan.entries.get(task.id) ?? task.attempts.at(-1))?.mode);
}

/** As `Way.key`, of the template with this index. */
export const wayKey = (index: number, mode: string | undefined): string =>
  mode === undefined ? String(index) : `${index}/${mode}`;

/** The template of this index, as it is or in one of its modes, whose runs are not like each other. */
export function wayOf(
  spec: JobSpec,
  template: TaskTemplate,
  index: number,
  mode: string | undefined,
): Way {
  // Two colons stand in no name.
  const name = mode === undefined ? template.name : `${template.name}::${mode}`;
  return {
    named: mode === undefined ? {} : { mode },
    key: wayKey(index, mode),
    template,
    groups: [
      `program ${spec.namespace}/${spec.name}/${name} ${programText(template)}`,
      `task ${spec.namespace}/${spec.name}/${name}`,
      `template ${spec.namespace}/${name}`,
      `namespace ${spec.namespace}`,
    ],
  };
}

/** The group of all runs of a template in jobs of one name: what fails alike. */
export const kindOfWay = ({ groups }: Way): string => groups[1] ?? "";

/** Runs of one name may differ in what they run: `almanac run` calls many things alike. */
function programText({ command: { program } }: TaskTemplate): string {
  const [high, low] = digest(JSON.stringify(program));
  return high.toString(36) + low.toString(36);
}

/** As its remedy has them. Tasks that are alike share one list, so that plans see them as alike. */
export function waysWithRemedy({ job, entry, remedy }: Task): readonly Way[] {
  const own = job.ways[entry.template] ?? [];
  if (remedy === null) return own;
  const { memoryBytes, fallback } = remedy;
  const known = remedied.get(own) ?? new Map<string, readonly Way[]>();
  remedied.set(own, known);
  const key = `${memoryBytes} ${fallback}`;
  const other = fallback ? fallbackOf(job.spec, entry.template) : null;
  const ways =
    known.get(key) ??
    (other === null ? own : [other]).map((way) =>
      memoryBytes === null ? way : { ...way, template: withMemory(way.template, memoryBytes) },
    );
  known.set(key, ways);
  return ways;
}

/** What tasks of the template are tried in once their own ways are over; null: nothing. */
export function fallbackOf(spec: JobSpec, index: number): Way | null {
  const template = spec.templates[index];
  const other = template?.retry.fallback;
  if (template === undefined || other === undefined) return null;
  return wayOf(spec, inMode(template, other.way), index, fallbackMode);
}

/** By the ways as they were submitted, and the remedy; what is there says nothing but what follows. */
const remedied = new WeakMap<readonly Way[], Map<string, readonly Way[]>>();

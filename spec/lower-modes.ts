/**
 * The modes of a task of the file, as core's. A mode is lowered as the task that it would be if it
 * were the only one: what it does not say, the task or the defaults say.
 */
import { fallbackMode, type RetryPolicy, type TaskMode, type TaskTemplate } from "../core/job.js";
import type { SourceTask } from "./expansion.js";
import type { ModeFile, TaskFile } from "./job-file.js";

export function lowerModes(
  source: SourceTask,
  lowered: TaskTemplate,
  lower: (source: SourceTask) => TaskTemplate,
): Pick<TaskTemplate, "command" | "modes"> {
  const { modes, command: argv, script } = source.file;
  if (modes === undefined) return { command: lowered.command };
  const ways = Object.entries(modes).map(([name, mode]) => ({
    name,
    way: lower({ ...source, file: asOnly(source.file, mode) }),
  }));
  // A template has a command; where only the modes have one it is the first mode's.
  const hasOwn = argv !== undefined || script !== undefined;
  const shared = hasOwn ? lowered.command : (ways[0]?.way.command ?? lowered.command);
  const text = JSON.stringify(shared);
  const modeOf = ({ name, way }: (typeof ways)[number]): TaskMode => {
    const { driver, resources, gpu, pools, constraints, estimate, timeoutMs } = way;
    const command = JSON.stringify(way.command) === text ? null : way.command;
    return { name, driver, command, resources, gpu, pools, constraints, estimate, timeoutMs };
  };
  return { command: shared, modes: ways.map(modeOf) };
}

/** What is tried after the task's own ways, lowered as a mode is. */
export function lowerFallback(
  source: SourceTask,
  lower: (source: SourceTask) => TaskTemplate,
): Pick<RetryPolicy, "fallback"> {
  if (source.file.fallback === undefined) return {};
  const { attempts, ...mode } = source.file.fallback;
  const lowered = lower({ ...source, file: asOnly(source.file, mode) });
  const { driver, command, resources, gpu, pools, constraints, estimate, timeoutMs } = lowered;
  const way = { name: fallbackMode, driver, command, resources, gpu, pools, constraints };
  return { fallback: { way: { ...way, estimate, timeoutMs }, attemptsMax: attempts ?? 1 } };
}

/** The task without its modes, as this one would have it. */
function asOnly(task: TaskFile, mode: ModeFile): TaskFile {
  const { modes: _, fallback: __, ...rest } = task;
  const replaces = mode.command !== undefined || mode.script !== undefined;
  const { command, script, ...others } = rest;
  return {
    ...(replaces ? others : rest),
    ...mode,
    resources: {
      ...task.resources,
      ...mode.resources,
      custom: { ...task.resources?.custom, ...mode.resources?.custom },
    },
    env: { ...task.env, ...mode.env },
    pools: { ...task.pools, ...mode.pools },
    constraints: [...(task.constraints ?? []), ...(mode.constraints ?? [])],
  };
}

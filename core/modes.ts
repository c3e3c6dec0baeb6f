/** A task in one of its modes is a task that can run one way only. */

import type { TaskMode, TaskTemplate } from "./job.js";
import type { Resources } from "./resources.js";

/** Without dots and brackets: it stands in paths of fields. */
export const modeNamePattern = /^[A-Za-z0-9_][A-Za-z0-9_-]*$/;

export function inMode(template: TaskTemplate, mode: TaskMode): TaskTemplate {
  const { modes: _, ...one } = template;
  const { name: __, command, ...own } = mode;
  return { ...one, ...own, command: command ?? template.command };
}

/** With no less memory than this. */
export function withMemory(way: TaskTemplate, bytesMin: number): TaskTemplate {
  if (way.resources.memoryBytes >= bytesMin) return way;
  const resources: Resources = { ...way.resources, memoryBytes: bytesMin };
  return { ...way, resources };
}

/** Every way to run it; of a template without modes itself. */
export const waysOf = (template: TaskTemplate): readonly TaskTemplate[] =>
  template.modes?.map((mode) => inMode(template, mode)) ?? [template];

/** Job files to start from, for `almanac init`: the same that lie in examples/. */
import { type StarterName, starterJobs } from "./starter-jobs.js";

export type { StarterName } from "./starter-jobs.js";

export const starterNames: readonly StarterName[] = [
  "process",
  "array",
  "workflow",
  "data",
  "gpu",
  "docker",
  "kvm",
];

/** The text of a commented job file; `name` replaces the job's name. */
export function starterJob(starter: StarterName, name?: string): string {
  const text = starterJobs[starter];
  return name === undefined ? text : text.replace(/^name: .*$/m, `name: ${JSON.stringify(name)}`);
}

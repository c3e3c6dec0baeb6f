/** A task's `secrets` and `secretFiles` as core's. Names stay names: what they hold is the master's. */
import type { TaskTemplate } from "../core/job.js";
import type { TaskDefaults, TaskFile } from "./job-file.js";

/** A task's own win over the defaults', name by name. */
export function lowerSecrets(
  own: TaskFile,
  defaults: TaskDefaults | undefined,
): Pick<TaskTemplate, "secrets"> {
  const env = { ...defaults?.secrets, ...own.secrets };
  const files = { ...defaults?.secretFiles, ...own.secretFiles };
  const none = Object.keys(env).length + Object.keys(files).length === 0;
  return none ? {} : { secrets: { env, files } };
}

/** `JOB` or `JOB/TASK`, as given on the command line. */
import { failure } from "./failure.js";

export interface Target {
  readonly job: string;
  /** Empty: the whole job. */
  readonly task: string;
}

export const jobHelp =
  "a job's id, its name (the newest job of it), the beginning of an id, or `latest`";

export function parseTarget(text: string): Target {
  const cut = text.indexOf("/");
  const job = cut === -1 ? text : text.slice(0, cut);
  const task = cut === -1 ? "" : text.slice(cut + 1);
  if (job === "" || (cut !== -1 && task === "")) {
    throw failure("invalid_argument", `${text}: must be JOB or JOB/TASK`, [
      { field: "target", message: "must be JOB or JOB/TASK" },
    ]);
  }
  return { job, task };
}

/** How far predictions can be trusted, between wire and core/calibration.ts. */
import type { Calibration, JobCalibration, TaskCalibration } from "../../core/calibration.js";
import type { Result } from "../../core/result.js";
import { estimateSources } from "../../core/views.js";
import * as wire from "../gen/almanac/v1/model.js";
import {
  finish,
  finite,
  integer,
  list,
  literal,
  newScope,
  note,
  required,
  type Scope,
} from "./decoding.js";

export const encodeCalibration = ({ tasks, jobs }: Calibration): wire.GetCalibrationResponse => ({
  tasks: tasks.map((task) => ({ ...task })),
  jobs: { ...jobs },
});

export function decodeCalibration(message: wire.GetCalibrationResponse): Result<Calibration> {
  const scope = newScope();
  const tasks = list(scope, "tasks", message.tasks, decodeTasks);
  const jobs = required(scope, "jobs", message.jobs, wire.JobCalibration, decodeJobs);
  return finish(scope, "calibration", { tasks, jobs });
}

const decodeTasks = (scope: Scope, message: wire.TaskCalibration): TaskCalibration => ({
  source: literal(scope, "source", message.source, estimateSources),
  runs: integer(scope, "runs", message.runs),
  meanLogError: finite(scope, "meanLogError", message.meanLogError, 0),
  withinP50: share(scope, "withinP50", message.withinP50),
  withinP90: share(scope, "withinP90", message.withinP90),
});

const decodeJobs = (scope: Scope, message: wire.JobCalibration): JobCalibration => ({
  jobs: integer(scope, "jobs", message.jobs),
  withinP50: share(scope, "withinP50", message.withinP50),
  withinP90: share(scope, "withinP90", message.withinP90),
  medianLogError: finite(scope, "medianLogError", message.medianLogError, 0),
  width: finite(scope, "width", message.width),
});

function share(scope: Scope, name: string, value: number): number {
  const known = finite(scope, name, value, 0);
  if (known > 1) note(scope, name, `must be at most 1, not ${known}`);
  return known;
}

/** The numbers of task and job states on the wire; a state without one does not compile. */
import { type JobStateName, jobStates, type TaskStateName, taskStates } from "../../core/views.js";
import * as wire from "../gen/almanac/v1/job.js";
import { wordsOf } from "./decoding.js";

export const taskStateNumbers = {
  pending: wire.TaskState.TASK_STATE_PENDING,
  ready: wire.TaskState.TASK_STATE_READY,
  backoff: wire.TaskState.TASK_STATE_BACKOFF,
  launching: wire.TaskState.TASK_STATE_LAUNCHING,
  running: wire.TaskState.TASK_STATE_RUNNING,
  unknown: wire.TaskState.TASK_STATE_UNKNOWN,
  paused: wire.TaskState.TASK_STATE_PAUSED,
  succeeded: wire.TaskState.TASK_STATE_SUCCEEDED,
  failed: wire.TaskState.TASK_STATE_FAILED,
  timed_out: wire.TaskState.TASK_STATE_TIMED_OUT,
  cancelled: wire.TaskState.TASK_STATE_CANCELLED,
  skipped: wire.TaskState.TASK_STATE_SKIPPED,
} satisfies Record<TaskStateName, wire.TaskState>;

export const taskStateWords = wordsOf(taskStateNumbers, taskStates);

export const jobStateNumbers = {
  running: wire.JobState.JOB_STATE_RUNNING,
  succeeded: wire.JobState.JOB_STATE_SUCCEEDED,
  failed: wire.JobState.JOB_STATE_FAILED,
  timed_out: wire.JobState.JOB_STATE_TIMED_OUT,
  cancelled: wire.JobState.JOB_STATE_CANCELLED,
} satisfies Record<JobStateName, wire.JobState>;

export const jobStateWords = wordsOf(jobStateNumbers, jobStates);

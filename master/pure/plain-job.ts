/**
 * A job as plain data, and back: what snapshots hold, what the archive keeps, and what the journal
 * records of a job that comes back from there. What follows from its spec (graph, groups, ways) is
 * derived again; a field that an older text lacks is as in a job that was just submitted.
 */
import { assert } from "../../core/result.js";
import type { PlainJob } from "./events.js";
import { buildJob } from "./job-graph.js";
import type { Job, Task } from "./state.js";
import { waysWithRemedy } from "./ways.js";

/**
 * Fields are left out by name and not chosen by name: one that is added later goes along, as long
 * as JSON can hold it.
 */
export function plainJob(job: Job): PlainJob {
  const {
    id,
    spec,
    principal,
    submittedAtMs,
    tasks,
    liveInGroup,
    firstOut: _firstOut,
    edgesOut: _edgesOut,
    firstIn: _firstIn,
    edgesIn: _edgesIn,
    topological: _topological,
    conditional: _conditional,
    ways: _ways,
    groupOfTemplate: _groupOfTemplate,
    typicalMs: _typicalMs,
    ...own
  } = job;
  const plain = { id, spec, principal, submittedAtMs, own, tasks: tasks.map(plainTask) };
  return { ...plain, liveInGroup: [...liveInGroup] };
}

function plainTask(task: Task) {
  const {
    id: _id,
    job: _job,
    index: _index,
    entry: _entry,
    template: _template,
    ways: _ways,
    bonds: _bonds,
    ...own
  } = task;
  return own;
}

/** A job that stands in no state: to be read, or to be put into one. */
export function jobOfPlain(plain: PlainJob): Job {
  const job = buildJob(plain.id, plain.spec, plain.principal, plain.submittedAtMs);
  // Through JSON, so that it shares nothing with the event it may have come in.
  const own = JSON.parse(JSON.stringify({ own: plain.own, tasks: plain.tasks })) as PlainJob;
  Object.assign(job, own.own);
  job.liveInGroup.set(plain.liveInGroup);
  assert(job.tasks.length === own.tasks.length, `tasks of ${job.id}`);
  job.tasks.forEach((task, index) => {
    Object.assign(task, own.tasks[index]);
    task.ways = waysWithRemedy(task);
  });
  return job;
}

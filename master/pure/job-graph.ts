/** Builds a job's entities and the adjacency of its tasks from its spec. */
import type { JobId } from "../../core/ids.js";
import { taskId } from "../../core/ids.js";
import type { Edge, JobSpec, TaskTemplate } from "../../core/job.js";
import { waysOf } from "../../core/modes.js";
import { assert } from "../../core/result.js";
import { bondsOf } from "./bonds.js";
import type { Job, Task, Way } from "./state.js";
import { wayOf } from "./ways.js";

export function buildJob(id: JobId, spec: JobSpec, principal: string, atMs: number): Job {
  const [firstOut, edgesOut] = adjacency(spec.tasks.length, spec.edges, (edge) => edge.from);
  const [firstIn, edgesIn] = adjacency(spec.tasks.length, spec.edges, (edge) => edge.to);
  const topological = topologicalOrder(spec, firstOut, edgesOut);
  const job: Job = {
    id,
    spec,
    principal,
    submittedAtMs: atMs,
    sequence: 0,
    idempotencyKey: "",
    afterEnded: {},
    timeoutFromMs: atMs,
    revision: 1,
    tasks: [],
    firstOut,
    edgesOut,
    firstIn,
    edgesIn,
    topological,
    conditional: conditionalTasks(spec, topological, firstIn, edgesIn),
    groupOfTemplate: groupsByName(spec.templates),
    liveInGroup: new Uint32Array(spec.templates.length),
    typicalMs: medianEstimate(spec),
    open: spec.tasks.length,
    state: "running",
    ending: null,
    startedAtMs: null,
    finishedAtMs: null,
    progressed: false,
    initialPlan: null,
    retriesSpent: 0,
    pausedAtMs: null,
    revised: null,
    promise: null,
    ways: spec.templates.map((_, index) => waysToRun(spec, index)),
  };
  const bonds = bondsOf(spec);
  spec.tasks.forEach((entry, index) => {
    const template = spec.templates[entry.template];
    assert(template !== undefined, `template ${entry.template} of ${id}`);
    const task: Task = {
      id: taskId(id, entry.name),
      job,
      index,
      entry,
      template,
      ways: job.ways[entry.template] ?? [],
      bonds: bonds[entry.template] ?? [],
      status: { kind: "pending" },
      blockers: (firstIn[index + 1] ?? 0) - (firstIn[index] ?? 0),
      held: false,
      cancelRequested: false,
      readyAtMs: null,
      attemptsBefore: 0,
      remedy: null,
      paused: false,
      attempts: [],
    };
    job.tasks.push(task);
    for (const { members } of task.bonds) members.push(task);
  });
  return job;
}

/** Modes learn apart: no group but the namespace's holds runs of two of them. */
export function waysToRun(spec: JobSpec, index: number): readonly Way[] {
  const template = spec.templates[index];
  assert(template !== undefined, `template ${index}`);
  return waysOf(template).map((way, at) => wayOf(spec, way, index, template.modes?.[at]?.name));
}

/** Tasks that run only if something fails, and whatever waits for them. */
function conditionalTasks(
  spec: JobSpec,
  topological: Uint32Array,
  firstIn: Uint32Array,
  edgesIn: Uint32Array,
): Uint8Array {
  const conditional = new Uint8Array(spec.tasks.length);
  for (const task of topological) {
    for (let i = firstIn[task] ?? 0; i < (firstIn[task + 1] ?? 0); i++) {
      const edge = spec.edges[edgesIn[i] ?? -1];
      if (edge === undefined) continue;
      if (edge.on === "failure" || conditional[edge.from] === 1) conditional[task] = 1;
    }
  }
  return conditional;
}

function groupsByName(templates: readonly TaskTemplate[]): Uint32Array {
  const first = new Map<string, number>();
  return Uint32Array.from(templates, ({ name }, index) => {
    const group = first.get(name) ?? index;
    first.set(name, group);
    return group;
  });
}

function medianEstimate({ tasks, templates }: JobSpec): number | null {
  const known = tasks.flatMap(({ estimate, template }) => {
    const own = templates[template];
    if (estimate !== null) return [estimate.p50Ms];
    return own === undefined ? [] : waysOf(own).flatMap((way) => way.estimate?.p50Ms ?? []);
  });
  known.sort((a, b) => a - b);
  return known[known.length >> 1] ?? null;
}

/** Edge indices grouped by one of their ends: [first (count + 1), indices]. */
function adjacency(
  count: number,
  edges: readonly Edge[],
  end: (edge: Edge) => number,
): [Uint32Array, Uint32Array] {
  const first = new Uint32Array(count + 1);
  for (const edge of edges) first[end(edge) + 1] = (first[end(edge) + 1] ?? 0) + 1;
  for (let i = 0; i < count; i++) first[i + 1] = (first[i + 1] ?? 0) + (first[i] ?? 0);
  const next = first.slice();
  const indices = new Uint32Array(edges.length);
  edges.forEach((edge, index) => {
    const at = next[end(edge)] ?? 0;
    indices[at] = index;
    next[end(edge)] = at + 1;
  });
  return [first, indices];
}

/** Kahn's order, smallest index first among the tasks that are free at the same depth. */
function topologicalOrder(
  spec: JobSpec,
  firstOut: Uint32Array,
  edgesOut: Uint32Array,
): Uint32Array {
  const blockers = new Uint32Array(spec.tasks.length);
  for (const edge of spec.edges) blockers[edge.to] = (blockers[edge.to] ?? 0) + 1;
  const order = new Uint32Array(spec.tasks.length);
  let filled = 0;
  for (let i = 0; i < order.length; i++) if (blockers[i] === 0) order[filled++] = i;
  for (let at = 0; at < filled; at++) {
    const task = order[at] ?? 0;
    for (let i = firstOut[task] ?? 0; i < (firstOut[task + 1] ?? 0); i++) {
      const to = spec.edges[edgesOut[i] ?? -1]?.to ?? 0;
      blockers[to] = (blockers[to] ?? 0) - 1;
      if (blockers[to] === 0) order[filled++] = to;
    }
  }
  assert(filled === order.length, "a job that was let in has a cycle");
  return order;
}

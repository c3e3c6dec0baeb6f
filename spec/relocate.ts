/** From fields of the expanded job (`templates[3].resources.cpuMillis`) to paths in the job file. */
import type { Violation } from "../core/result.js";
import type { Origins } from "./expansion.js";
import type { Path } from "./path.js";

const renamed: Readonly<Record<string, string>> = {
  cpuMillis: "cpu",
  memoryBytes: "memory",
  diskBytes: "disk",
  networkBps: "network",
  thousandths: "share",
  attemptsMax: "attempts",
  backoffMs: "backoff",
  backoffMaxMs: "backoffMax",
  timeoutMs: "timeout",
  killGraceMs: "killGrace",
  afterMs: "stop",
  deadlineAtMs: "deadline",
  scheduledAtMs: "scheduledAt",
  p50Ms: "p50",
  p90Ms: "p90",
  logBytesMax: "logLimit",
  workingDirectory: "workdir",
  sizeBytes: "size",
  jobId: "job",
  hardDeadline: "deadline",
  skipPrice: "optional",
  crashesMax: "crashes",
  maxBytes: "max",
};

export function relocate(violation: Violation, origins: Origins): Path {
  const steps = stepsOf(violation.field);
  const [head, index, ...rest] = steps;
  if (head === "templates" && typeof index === "number") {
    const origin = origins.templates[index];
    if (origin !== undefined) return [...origin, ...templateTail(rest)];
  }
  if (head === "tasks" && typeof index === "number") {
    const origin = origins.tasks[index];
    if (origin !== undefined) return [...origin, ...rest.filter((step) => step !== "name")];
  }
  if (head === "edges" && typeof index === "number") return edgePath(index, origins);
  if (head === "edges") {
    // The cycle starts with a task whose `after` closes it.
    const name = /^dependency cycle: (\S+) →/.exec(violation.message)?.[1];
    const task = name === undefined ? -1 : origins.taskNames.indexOf(name);
    const origin = origins.tasks[task];
    return origin === undefined ? ["tasks"] : [...origin, "after"];
  }
  return steps.map((step) => (typeof step === "string" ? (renamed[step] ?? step) : step));
}

function edgePath(index: number, origins: Origins): Path {
  const origin = origins.tasks[origins.edgeTo[index] ?? -1];
  if (origin === undefined) return ["tasks"];
  const entry = origins.edgeEntry[index] ?? 0;
  return entry < 0 ? [...origin, "inputs", -1 - entry] : [...origin, "after", entry];
}

function templateTail(rest: readonly (string | number)[]): Path {
  const [head, next, ...more] = rest;
  if (head === "name") return [];
  if (head === "modes" && next !== undefined) return ["modes", next, ...templateTail(more)];
  if (head === "retry" && next === "fallback") {
    return ["fallback", ...templateTail(more[0] === "way" ? more.slice(1) : more)];
  }
  if (head === "command") {
    const key = next === "argv" ? "command" : String(next ?? "command");
    return [renamed[key] ?? key, ...more];
  }
  return rest.map((step) => (typeof step === "string" ? (renamed[step] ?? step) : step));
}

/** What stands behind these is one path of files, dots and all. */
const pathsFollow = ".secretFiles.";

/** `tasks[3].env.HOME` → ["tasks", 3, "env", "HOME"]. */
function stepsOf(field: string): readonly (string | number)[] {
  const at = field.indexOf(pathsFollow);
  const path = at < 0 ? [] : [field.slice(at + pathsFollow.length)];
  const before = at < 0 ? field : field.slice(0, at + pathsFollow.length - 1);
  return [...plainSteps(before), ...path];
}

function plainSteps(field: string): readonly (string | number)[] {
  const steps: (string | number)[] = [];
  for (const match of field.matchAll(/([^.[\]]+)|\[(\d+)\]/g)) {
    if (match[2] !== undefined) steps.push(Number(match[2]));
    else if (match[1] !== undefined) steps.push(match[1]);
  }
  return steps;
}

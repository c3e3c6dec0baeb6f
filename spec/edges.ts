/** From the names in `after` to edges between expanded tasks. */
import { type Edge, jobLimits, type TaskEntry } from "../core/job.js";
import { quote, violationsMax } from "../core/violations.js";
import type { Problem, Row } from "./expansion.js";
import { substitute } from "./substitute.js";
import { didYouMean } from "./suggest.js";

/** The edges, and for each the index in its task's `after`; -1 - i: in its `inputs`. */
export function resolveEdges(
  rows: readonly Row[],
  tasks: readonly TaskEntry[],
  problems: Problem[],
): { readonly edges: readonly Edge[]; readonly entries: readonly number[] } {
  const rowOf = new Map(rows.map((row) => [row.source.name, row]));
  const indexOf = new Map(tasks.map((task, i) => [task.name, i]));
  const edges: Edge[] = [];
  const entries: number[] = [];
  for (const row of rows) {
    for (const [entry, { task: wanted, on }] of (row.source.file.after ?? []).entries()) {
      if (problems.length >= violationsMax) return { edges, entries };
      const path = [...row.source.path, "after", entry];
      const sources = dependenciesOf(row, wanted, rowOf, indexOf);
      if (typeof sources === "string") {
        problems.push({ path, message: sources });
        continue;
      }
      const count = sources.reduce((sum, from) => sum + from.length, 0);
      if (edges.length + count > jobLimits.edges) {
        const message = `the job has more dependencies than the limit of ${jobLimits.edges}; let a single task stand between two large arrays, or use ${quote(`${wanted}[*]`)} for the same element`;
        problems.push({ path, message, limit: jobLimits.edges });
        return { edges, entries };
      }
      sources.forEach((all, element) => {
        for (const from of all) {
          edges.push({ from, to: row.first + element, on });
          entries.push(entry);
        }
      });
    }
    addInputEdges(row, { rowOf, indexOf, edges, entries, problems });
  }
  return { edges, entries };
}

interface Drawn {
  readonly rowOf: ReadonlyMap<string, Row>;
  readonly indexOf: ReadonlyMap<string, number>;
  readonly edges: Edge[];
  readonly entries: number[];
  readonly problems: Problem[];
}

/** An input from a task waits for its success, said or not. */
function addInputEdges(row: Row, { rowOf, indexOf, edges, entries, problems }: Drawn): void {
  const inputs = (row.source.file.inputs ?? []).flatMap((input, k) =>
    input.kind === "outputs" ? [{ task: input.task, k }] : [],
  );
  if (inputs.length === 0) return;
  const known = new Set(
    edges.filter(({ to }) => to >= row.first).map(({ from, to }) => `${from} ${to}`),
  );
  for (const { task, k } of inputs) {
    for (const [element, own] of row.elements.entries()) {
      const name = row.source.name + own.suffix;
      const wanted = substitute(task, new Map([...row.values, ...own.values, ["task", name]]));
      const one = { ...row, first: row.first + element, elements: [own] };
      const found = dependenciesOf(one, wanted, rowOf, indexOf);
      if (typeof found === "string") {
        const path = [...row.source.path, "inputs", k, "task"];
        if (problems.length < violationsMax) problems.push({ path, message: found });
        break;
      }
      for (const from of found[0] ?? []) {
        const key = `${from} ${one.first}`;
        if (known.has(key) || edges.length >= jobLimits.edges) continue;
        known.add(key);
        edges.push({ from, to: one.first, on: "success" });
        entries.push(-1 - k);
      }
    }
  }
}

/** Per element of the row the tasks it waits for, or what is wrong. */
function dependenciesOf(
  row: Row,
  wanted: string,
  rowOf: ReadonlyMap<string, Row>,
  indexOf: ReadonlyMap<string, number>,
): readonly (readonly number[])[] | string {
  const elementWise = wanted.endsWith("[*]");
  const base = elementWise ? wanted.slice(0, -3) : wanted;
  if (base === row.source.name) return `${quote(base)} depends on itself`;
  const target = rowOf.get(base);
  if (elementWise && target !== undefined) {
    const found: (readonly number[])[] = [];
    for (const element of row.elements) {
      const from = indexOf.get(base + element.suffix);
      if (from === undefined || element.suffix === "") {
        return element.suffix === ""
          ? `${quote(wanted)} is for arrays and matrices: this task has no elements to pair`
          : `${quote(base)} has no element ${quote(element.suffix)} to pair with`;
      }
      found.push([from]);
    }
    return found;
  }
  const one = indexOf.get(base);
  const from =
    target !== undefined && !elementWise
      ? target.elements.map((_, i) => target.first + i)
      : one !== undefined && !elementWise
        ? [one]
        : null;
  if (from === null) {
    return `unknown dependency: there is no task ${quote(base)}${didYouMean(base, [...rowOf.keys(), ...[...indexOf.keys()].slice(0, 1000)])}`;
  }
  return row.elements.map(() => from);
}

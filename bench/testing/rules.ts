/**
 * What a solution must keep to, taken from the text of a file by code of its own: it shares nothing
 * with the readers, so that a misreading cannot hide in both.
 */

export interface Rules {
  /** Ways to run each task, by its name in the file. */
  readonly ways: ReadonlyMap<string, readonly Way[]>;
  readonly edges: readonly Edge[];
  /** Of the renewable resources; null: each machine does one task at a time. */
  readonly capacity: readonly number[] | null;
  readonly budget: readonly number[];
}

export interface Way {
  /** null: any machine. */
  readonly machine: string | null;
  readonly mode: number;
  readonly duration: number;
  readonly use: readonly number[];
  readonly spends: readonly number[];
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  /** Between different machines. */
  readonly transfer: number;
}

export type RuleKind =
  | "psplib"
  | "patterson"
  | "job-shop"
  | "flexible-job-shop"
  | "assembly-shop"
  | "unrelated"
  | "stg"
  | "dot";

export const rulesOf = (kind: RuleKind, text: string): Rules => rules[kind](text);

const rules: Readonly<Record<RuleKind, (text: string) => Rules>> = {
  psplib: fromPsplib,
  patterson: fromPatterson,
  "job-shop": fromJobShop,
  "flexible-job-shop": fromFlexible,
  "assembly-shop": fromAssembly,
  unrelated: fromUnrelated,
  stg: fromStg,
  dot: fromDot,
};

const plain = { mode: 1, use: [], spends: [] };
const rowsIn = (text: string): number[][] =>
  text
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "")
    .map((line) => line.split(/\s+/).map(Number));
const chain = (names: readonly string[]): Edge[] =>
  names.slice(1).map((to, index) => ({ from: names[index] ?? "", to, transfer: 0 }));
const machines = { capacity: null, budget: [] };

function fromJobShop(text: string): Rules {
  const ways = new Map<string, Way[]>();
  const edges: Edge[] = [];
  const [, ...rows] = rowsIn(text);
  rows.forEach((row, job) => {
    const names: string[] = [];
    for (let at = 0; at + 1 < row.length && row[at] !== -1; at += 2) {
      const name = `${job}.${at / 2}`;
      ways.set(name, [{ ...plain, machine: String(row[at]), duration: row[at + 1] ?? 0 }]);
      names.push(name);
    }
    edges.push(...chain(names));
  });
  return { ways, edges, ...machines };
}

/** Pairs of machine and duration behind their count, as many as there are. */
function takeWays(values: number[]): Way[] {
  const count = values.shift() ?? 0;
  return Array.from({ length: count }, (_, index) => {
    const machine = String(values.shift());
    return { ...plain, mode: index + 1, machine, duration: values.shift() ?? 0 };
  });
}

function fromFlexible(text: string): Rules {
  const ways = new Map<string, Way[]>();
  const edges: Edge[] = [];
  const [, ...rows] = rowsIn(text);
  rows.forEach((row, job) => {
    const values = [...row];
    const names = Array.from({ length: values.shift() ?? 0 }, (_, index) => `${job}.${index}`);
    for (const name of names) ways.set(name, takeWays(values));
    edges.push(...chain(names));
  });
  return { ways, edges, ...machines };
}

function fromAssembly(text: string): Rules {
  const [[operations = 0, arcs = 0] = [], ...rows] = rowsIn(text);
  const edges = rows
    .slice(0, arcs)
    .map(([from, to]) => ({ from: String(from), to: String(to), transfer: 0 }));
  const ways = rows.slice(arcs, arcs + operations).map((row) => takeWays([...row]));
  return { ways: new Map(ways.map((one, name) => [String(name), one])), edges, ...machines };
}

function fromUnrelated(text: string): Rules {
  const [, , ...rows] = rowsIn(text);
  const ways = rows.map((row) =>
    row.map((duration, column) => ({ ...plain, machine: String(column), duration })),
  );
  return { ways: new Map(ways.map((one, row) => [String(row), one])), edges: [], ...machines };
}

function fromStg(text: string): Rules {
  const [, ...rows] = rowsIn(text);
  const ways = new Map(
    rows.map(([name, duration = 0]) => [String(name), [{ ...plain, machine: null, duration }]]),
  );
  const edges = rows.flatMap(([to, , , ...before]) =>
    before.map((from) => ({ from: String(from), to: String(to), transfer: 0 })),
  );
  return { ways, edges, ...machines };
}

function fromDot(text: string): Rules {
  const ways = new Map<string, Way[]>();
  const edges: Edge[] = [];
  for (const statement of text.split(";")) {
    const head = statement.match(/(\d+)(?:\s*->\s*(\d+))?\s*\[/);
    const weight = Number(statement.match(/\bWeight=(\d+)/)?.[1] ?? Number.NaN);
    if (head === null || Number.isNaN(weight)) continue;
    const [, from = "", to] = head;
    if (to === undefined) ways.set(from, [{ ...plain, machine: null, duration: weight }]);
    else edges.push({ from, to, transfer: weight });
  }
  return { ways, edges, ...machines };
}

function fromPatterson(text: string): Rules {
  const values = rowsIn(text).flat();
  const take = (count: number): number[] => values.splice(0, count);
  const [jobs = 0, resources = 0] = take(2);
  const capacity = take(resources);
  const ways = new Map<string, Way[]>();
  const edges: Edge[] = [];
  for (let job = 1; job <= jobs; job++) {
    const [duration = 0, ...use] = take(1 + resources);
    ways.set(String(job), [{ machine: null, mode: 1, duration, use, spends: [] }]);
    const [count = 0] = take(1);
    for (const to of take(count)) edges.push({ from: String(job), to: String(to), transfer: 0 });
  }
  return { ways, edges, capacity, budget: [] };
}

function fromPsplib(text: string): Rules {
  const section = (title: string): number[][] =>
    (text.split(title)[1]?.split("****")[0] ?? "")
      .split("\n")
      .filter((line) => /^[\d\s]*\d[\d\s]*$/.test(line))
      .map((line) => line.trim().split(/\s+/).map(Number));
  const renewable = Number(text.match(/- renewable\s*:\s*(\d+)/)?.[1]);
  const ways = new Map<string, Way[]>();
  const edges = section("PRECEDENCE RELATIONS:").flatMap(([from, , , ...successors]) =>
    successors.map((to) => ({ from: String(from), to: String(to), transfer: 0 })),
  );
  const [available = []] = section("AVAILABILITIES");
  let job = "";
  for (const row of section("DURATIONS")) {
    const values = [...row];
    if (values.length === available.length + 3) job = String(values.shift());
    const [mode = 0, duration = 0, ...use] = values;
    const way = {
      machine: null,
      mode,
      duration,
      use: use.slice(0, renewable),
      spends: use.slice(renewable),
    };
    ways.set(job, [...(ways.get(job) ?? []), way]);
  }
  return {
    ways,
    edges,
    capacity: available.slice(0, renewable),
    budget: available.slice(renewable),
  };
}

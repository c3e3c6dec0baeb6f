/**
 * A problem as chunks of its columns. Numbers travel as they lie in memory, little-endian and of
 * fixed width, so that a problem of ten thousand tasks costs copies, not conversions. Texts travel
 * as JSON. Columns may come in any order, the chunks of one column in theirs.
 */
import type { Problem } from "../../core/problem.js";
import { horizonMax } from "../../core/problem.js";
import { fail, ok, type Result } from "../../core/result.js";
import type * as wire from "../gen/almanac/v1/planner.js";
import { bufferOf, columnOf, type NumberColumn, viewOf } from "./columns.js";
import { finish, finite, integer, newScope, note, type Scope } from "./decoding.js";
import { checkProblem } from "./problem-check.js";

/** What is not a column of numbers; travels as JSON in the column `head`. */
interface Head {
  readonly originMs: number;
  readonly tickMs: number;
  readonly horizon: number;
  readonly weights: Problem["weights"];
  readonly counts: Readonly<Record<CountName, number>>;
  readonly dimensions: readonly string[];
  readonly domainLevels: readonly string[];
  readonly pools: readonly string[];
}

const countNames = [
  "workers",
  "links",
  "blocks",
  "devices",
  "gpuRequests",
  "pools",
  "tasks",
  "options",
  "edges",
  "groups",
] as const;
type CountName = (typeof countNames)[number];

export interface ColumnLimits {
  /** All columns together; protects the planner's memory. */
  readonly bytesMax: number;
}

export const defaultColumnLimits: ColumnLimits = { bytesMax: 512 * 1024 * 1024 };

/** The chunks share memory with the problem: send them before it changes. */
export function encodeProblem(problem: Problem, chunkBytes = 262_144): wire.ColumnChunk[] {
  const { originMs, tickMs, horizon, weights, dimensions, pools } = problem;
  const counts = Object.fromEntries(countNames.map((name) => [name, problem[name].count]));
  const { domainLevels } = problem.workers;
  const names = { dimensions, domainLevels, pools: pools.names };
  const head = { originMs, tickMs, horizon, weights, counts, ...names };
  const chunks: wire.ColumnChunk[] = [];
  const add = (column: string, data: Buffer): void => {
    for (let offset = 0; offset < data.length; offset += chunkBytes) {
      const piece = data.subarray(offset, offset + chunkBytes);
      chunks.push({ column, offsetBytes: offset, totalBytes: data.length, data: piece });
    }
  };
  add("head", Buffer.from(JSON.stringify(head)));
  add("workers.ids", Buffer.from(JSON.stringify(problem.workers.ids)));
  add("tasks.ids", Buffer.from(JSON.stringify(problem.tasks.ids)));
  for (const [name, column] of numberColumns(problem)) add(name, bufferOf(column));
  return chunks;
}

/** Every column of numbers by its name on the wire, which is its path in Problem. */
function* numberColumns(problem: Problem): Generator<readonly [string, NumberColumn]> {
  yield ["unit", problem.unit];
  const groups = [
    ["workers", problem.workers],
    ["links", problem.links],
    ["blocks", problem.blocks],
    ["devices", problem.devices],
    ["gpuRequests", problem.gpuRequests],
    ["pools", problem.pools],
    ["tasks", problem.tasks],
    ["options", problem.options],
    ["edges", problem.edges],
    ["groups", problem.groups],
  ] as const satisfies readonly (readonly [CountName, object])[];
  for (const [group, columns] of groups) {
    for (const [name, column] of Object.entries(columns)) {
      if (ArrayBuffer.isView(column)) yield [`${group}.${name}`, column as NumberColumn];
    }
  }
}

interface Arriving {
  readonly totalBytes: number;
  readonly pieces: Uint8Array[];
  receivedBytes: number;
}

const columnNameForm = /^[a-zA-Z0-9.]{1,64}$/;
/** More than twice as many as a problem has. */
const columnsMax = 128;

/** Takes a problem's chunks and gives the problem. After a refusal the rest is of no use. */
export class ProblemAssembler {
  readonly #columns = new Map<string, Arriving>();
  readonly #limits: ColumnLimits;
  #announcedBytes = 0;

  constructor(limits: ColumnLimits = defaultColumnLimits) {
    this.#limits = limits;
  }

  add(chunk: wire.ColumnChunk): Result<null> {
    const { column: name, offsetBytes, totalBytes, data } = chunk;
    const refuse = (message: string, limit?: number): Result<null> =>
      fail(limit === undefined ? "invalid_argument" : "limit_exceeded", `${name}: ${message}`, [
        { field: name, message, ...(limit === undefined ? {} : { limit }) },
      ]);
    if (!columnNameForm.test(name)) {
      return fail("invalid_argument", "a chunk names no column that a problem could have");
    }
    let column = this.#columns.get(name);
    if (column === undefined) {
      if (this.#columns.size >= columnsMax) return refuse("is one column too many", columnsMax);
      if (!Number.isSafeInteger(totalBytes) || totalBytes < 0) {
        return refuse(`cannot have ${totalBytes} bytes`);
      }
      this.#announcedBytes += totalBytes;
      const limit = this.#limits.bytesMax;
      if (this.#announcedBytes > limit) return refuse("makes the problem too large", limit);
      column = { totalBytes, pieces: [], receivedBytes: 0 };
      this.#columns.set(name, column);
    }
    if (totalBytes !== column.totalBytes) {
      return refuse(`was said to have ${column.totalBytes} bytes, then ${totalBytes}`);
    }
    if (offsetBytes !== column.receivedBytes) {
      return refuse(`goes on at byte ${offsetBytes} instead of ${column.receivedBytes}`);
    }
    if (data.length === 0) return refuse("comes in an empty chunk");
    if (column.receivedBytes + data.length > column.totalBytes) {
      return refuse(`has more than its ${column.totalBytes} bytes`);
    }
    column.pieces.push(data);
    column.receivedBytes += data.length;
    return ok(null);
  }

  /** The whole problem, its indices checked: solvers may follow them without a second look. */
  finish(): Result<Problem> {
    const scope = newScope();
    const columns = new Map<string, Uint8Array>();
    for (const [name, { pieces, receivedBytes, totalBytes }] of this.#columns) {
      if (receivedBytes < totalBytes) {
        note(scope, name, `has only ${receivedBytes} of its ${totalBytes} bytes`);
      }
      columns.set(name, joined(pieces, receivedBytes));
    }
    this.#columns.clear();
    const head = readHead(scope, columns);
    if (head === null) {
      note(scope, "head", "is missing or malformed");
      return fail("invalid_argument", "problem: head is missing or malformed", [
        ...scope.faults.violations,
      ]);
    }
    const problem = readProblem(scope, columns, head);
    if (scope.faults.violations.length === 0) checkProblem(scope, problem);
    return finish(scope, "problem", problem);
  }
}

/** One buffer of its own, aligned for any column type. */
function joined(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}

type Columns = ReadonlyMap<string, Uint8Array>;

function readHead(scope: Scope, columns: Columns): Head | null {
  const value = readJson(columns.get("head"));
  if (!isObject(value) || !isObject(value.counts) || !isObject(value.weights)) return null;
  const { counts, weights } = value;
  const weight = (name: string): number => finite(scope, name, Number(weights[name]), 0);
  const whole = (name: string, of: unknown, minimum: number, maximum?: number): number =>
    integer(scope, name, typeof of === "number" ? of : Number.NaN, minimum, maximum);
  const countOf = (name: CountName): number => whole(name, counts[name], 0, 2 ** 31 - 1);
  return {
    originMs: whole("originMs", value.originMs, Number.MIN_SAFE_INTEGER),
    tickMs: whole("tickMs", value.tickMs, 1),
    horizon: whole("horizon", value.horizon, 0, horizonMax),
    weights: {
      makespan: weight("makespan"),
      flow: weight("flow"),
      tardiness: weight("tardiness"),
      moves: weight("moves"),
      cost: weight("cost"),
    },
    counts: {
      workers: countOf("workers"),
      links: countOf("links"),
      blocks: countOf("blocks"),
      devices: countOf("devices"),
      gpuRequests: countOf("gpuRequests"),
      pools: countOf("pools"),
      tasks: countOf("tasks"),
      options: countOf("options"),
      edges: countOf("edges"),
      groups: countOf("groups"),
    },
    dimensions: readTexts(scope, "dimensions", value.dimensions),
    domainLevels: readTexts(scope, "domainLevels", value.domainLevels),
    pools: readTexts(scope, "pools", value.pools),
  };
}

function readJson(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return null;
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return null; // no UTF-8, or no JSON
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function readTexts(scope: Scope, name: string, value: unknown, length?: number): string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) {
    note(scope, name, "must be a list of texts");
    return [];
  }
  if (length !== undefined && value.length !== length) {
    note(scope, name, `has ${value.length} entries instead of ${length}`);
  }
  return value;
}

type ReadColumn = <T extends NumberColumn>(
  name: string,
  type: { readonly BYTES_PER_ELEMENT: number; new (buffer: ArrayBufferLike): T },
  /** null: of whatever length it came in. */
  length: number | null,
) => T;

function readProblem(scope: Scope, columns: Columns, head: Head): Problem {
  const known = new Set(["head", "workers.ids", "tasks.ids"]);
  const read: ReadColumn = (name, type, length) => {
    known.add(name);
    const bytes = columns.get(name) ?? new Uint8Array(0);
    const column = columnOf(bytes, type);
    if (column !== null && (length === null || column.length === length)) return column;
    const what = length === null ? "whole numbers" : `${length} numbers`;
    const each = `${type.BYTES_PER_ELEMENT} bytes each`;
    note(scope, name, `must hold ${what} of ${each}, but has ${bytes.length} bytes`);
    return viewOf(new Uint8Array(0), type);
  };
  const texts = (name: string, length: number): string[] =>
    readTexts(scope, name, readJson(columns.get(name)), length);
  const { originMs, tickMs, horizon, weights, dimensions, counts } = head;
  const problem: Problem = {
    originMs,
    tickMs,
    horizon,
    weights,
    dimensions,
    unit: read("unit", Float64Array, dimensions.length),
    ...readMachines(read, head, texts("workers.ids", counts.workers)),
    tasks: readTasks(read, counts.tasks, texts("tasks.ids", counts.tasks)),
    options: readOptions(read, counts.options),
    edges: {
      count: counts.edges,
      from: read("edges.from", Uint32Array, counts.edges),
      to: read("edges.to", Uint32Array, counts.edges),
      lag: read("edges.lag", Int32Array, counts.edges),
      fixed: read("edges.fixed", Int32Array, counts.edges),
      kib: read("edges.kib", Float64Array, counts.edges),
    },
    groups: {
      count: counts.groups,
      kind: read("groups.kind", Uint8Array, counts.groups),
      level: read("groups.level", Uint8Array, counts.groups),
      first: read("groups.first", Uint32Array, counts.groups + 1),
      member: read("groups.member", Uint32Array, null),
    },
  };
  for (const name of columns.keys()) {
    if (!known.has(name)) note(scope, name, "is no column of a problem");
  }
  return problem;
}

function readMachines(
  read: ReadColumn,
  head: Head,
  workerIds: readonly string[],
): Pick<Problem, "workers" | "links" | "blocks" | "devices" | "gpuRequests" | "pools"> {
  const { workers, links, blocks, devices, gpuRequests, pools } = head.counts;
  const width = head.dimensions.length;
  return {
    workers: {
      count: workers,
      ids: workerIds,
      classOf: read("workers.classOf", Uint16Array, workers),
      capacity: read("workers.capacity", Int32Array, workers * width),
      link: read("workers.link", Uint16Array, workers),
      domainLevels: head.domainLevels,
      domain: read("workers.domain", Uint16Array, workers * head.domainLevels.length),
    },
    links: {
      count: links,
      latency: read("links.latency", Int32Array, links * links),
      perGib: read("links.perGib", Int32Array, links * links),
    },
    blocks: {
      count: blocks,
      worker: read("blocks.worker", Uint32Array, blocks),
      from: read("blocks.from", Int32Array, blocks),
      to: read("blocks.to", Int32Array, blocks),
      use: read("blocks.use", Int32Array, blocks * width),
    },
    devices: {
      count: devices,
      worker: read("devices.worker", Uint32Array, devices),
      type: read("devices.type", Uint16Array, devices),
      memory: read("devices.memory", Int32Array, devices),
    },
    gpuRequests: {
      count: gpuRequests,
      whole: read("gpuRequests.whole", Uint8Array, gpuRequests),
      share: read("gpuRequests.share", Uint16Array, gpuRequests),
      type: read("gpuRequests.type", Int32Array, gpuRequests),
      memory: read("gpuRequests.memory", Int32Array, gpuRequests),
    },
    pools: {
      count: pools,
      names: head.pools,
      capacity: read("pools.capacity", Int32Array, pools),
      consumable: read("pools.consumable", Uint8Array, pools),
    },
  };
}

const readTasks = (read: ReadColumn, count: number, ids: readonly string[]): Problem["tasks"] => ({
  count,
  ids,
  job: read("tasks.job", Uint32Array, count),
  block: read("tasks.block", Int32Array, count),
  release: read("tasks.release", Int32Array, count),
  due: read("tasks.due", Int32Array, count),
  tardinessWeight: read("tasks.tardinessWeight", Float64Array, count),
  hardDue: read("tasks.hardDue", Int32Array, count),
  skipPrice: read("tasks.skipPrice", Float64Array, count),
  flowWeight: read("tasks.flowWeight", Float64Array, count),
  moveWeight: read("tasks.moveWeight", Float64Array, count),
  priority: read("tasks.priority", Int32Array, count),
  state: read("tasks.state", Uint8Array, count),
  fixedWorker: read("tasks.fixedWorker", Int32Array, count),
  fixedOption: read("tasks.fixedOption", Int32Array, count),
  fixedStart: read("tasks.fixedStart", Int32Array, count),
  fixedEnd: read("tasks.fixedEnd", Int32Array, count),
  fixedDevices: read("tasks.fixedDevices", Uint32Array, count),
  previousWorker: read("tasks.previousWorker", Int32Array, count),
  previousOption: read("tasks.previousOption", Int32Array, count),
  previousStart: read("tasks.previousStart", Int32Array, count),
  poolFirst: read("tasks.poolFirst", Uint32Array, count + 1),
  poolIndex: read("tasks.poolIndex", Uint16Array, null),
  poolAmount: read("tasks.poolAmount", Int32Array, null),
});

const readOptions = (read: ReadColumn, count: number): Problem["options"] => ({
  count,
  blockFirst: read("options.blockFirst", Uint32Array, null),
  class: read("options.class", Uint16Array, count),
  worker: read("options.worker", Int32Array, count),
  duration: read("options.duration", Int32Array, count),
  durationP90: read("options.durationP90", Int32Array, count),
  demandRow: read("options.demandRow", Uint32Array, count),
  demand: read("options.demand", Int32Array, null),
  gpuRequest: read("options.gpuRequest", Int32Array, count),
  cost: read("options.cost", Float64Array, count),
  poolFirst: read("options.poolFirst", Uint32Array, count + 1),
  poolIndex: read("options.poolIndex", Uint16Array, null),
  poolAmount: read("options.poolAmount", Int32Array, null),
});

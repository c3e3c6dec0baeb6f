/** Workers as columns: dimensions, units, classes, devices. */
import type { WorkerId } from "../../core/ids.js";
import type { DeviceColumns, WorkerColumns } from "../../core/problem.js";
import type { Resources } from "../../core/resources.js";
import { type Openness, openness } from "./openness.js";
import { speedOf } from "./speed.js";
import type { State, WorkerRecord } from "./state.js";

const mebibyte = 2 ** 20;
const megabit = 1e6;
const int32Max = 2 ** 31 - 1;

export interface WorkerTable {
  readonly list: readonly WorkerRecord[];
  readonly indexOf: ReadonlyMap<WorkerId, number>;
  /** Whether each may take new work. */
  readonly openness: readonly Openness[];
  /** One worker of each class, to test what fits it. */
  readonly classes: readonly WorkerRecord[];
  readonly classOf: Uint16Array;
  readonly dimensions: readonly string[];
  readonly unit: Float64Array;
  readonly columns: WorkerColumns;
  readonly devices: DeviceColumns;
  readonly deviceTypes: ReadonlyMap<string, number>;
  /** Names of the workers' links, each once; the empty one for workers that name none. */
  readonly linkNames: readonly string[];
  /** Amounts in units of each dimension: demands up, capacities down. */
  readonly row: (resources: Resources, round: (value: number) => number) => number[];
}

/** The workers a plan may use: connected, or silent but not yet lost. */
export function describeWorkers(state: State): WorkerTable {
  const list = [...state.workers.values()].filter((worker) => worker.state !== "lost");
  const customNames = [
    ...new Set(list.flatMap((worker) => Object.keys(worker.facts.capacity.custom))),
  ].sort();
  const dimensions = ["cpu", "memory", "disk", "network", ...customNames];
  const unit = Float64Array.from([1, mebibyte, mebibyte, megabit, ...customNames.map(() => 1)]);
  const row = (resources: Resources, round: (value: number) => number): number[] =>
    [
      resources.cpuMillis,
      resources.memoryBytes,
      resources.diskBytes,
      resources.networkBps,
      ...customNames.map((name) => resources.custom[name] ?? 0),
    ].map((amount, d) => Math.min(int32Max, round(amount / (unit[d] ?? 1))));

  const { classes, classOf } = classify(list);
  const deviceTypes = new Map<string, number>();
  for (const { facts } of list) {
    for (const { type } of facts.devices) {
      if (!deviceTypes.has(type)) deviceTypes.set(type, deviceTypes.size);
    }
  }
  const linkNames = [...new Set(list.map(linkOf))];
  return {
    list,
    linkNames,
    openness: list.map(openness),
    indexOf: new Map(list.map((worker, index) => [worker.id, index])),
    classes,
    classOf,
    dimensions,
    unit,
    row,
    deviceTypes,
    devices: deviceColumns(list, deviceTypes),
    columns: {
      count: list.length,
      ids: list.map((worker) => worker.id),
      classOf,
      capacity: Int32Array.from(list.flatMap(({ facts }) => row(facts.capacity, Math.floor))),
      link: Uint16Array.from(list, (worker) => linkNames.indexOf(linkOf(worker))),
      domainLevels: [],
      domain: new Uint16Array(0),
    },
  };
}

function classify(list: readonly WorkerRecord[]): {
  classes: WorkerRecord[];
  classOf: Uint16Array;
} {
  const classes: WorkerRecord[] = [];
  const known = new Map<string, number>();
  const classOf = Uint16Array.from(list, (worker) => {
    const { capacity, labels, devices, drivers, costPerHour = 0 } = worker.facts;
    const alike = devices.map(({ type, memoryBytes }) => [type, memoryBytes]);
    // What may not run on one must not be planned on the other.
    const open = openness(worker);
    const key = JSON.stringify([
      capacity,
      speedOf(worker),
      sorted(labels),
      alike,
      drivers,
      open,
      costPerHour,
    ]);
    const index = known.get(key) ?? classes.push(worker) - 1;
    known.set(key, index);
    return index;
  });
  return { classes, classOf };
}

const linkOf = ({ facts }: WorkerRecord): string => facts.link ?? "";

const sorted = (labels: Readonly<Record<string, string>>): [string, string][] =>
  Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));

function deviceColumns(
  list: readonly WorkerRecord[],
  types: ReadonlyMap<string, number>,
): DeviceColumns {
  const devices = list.flatMap(({ facts }, worker) =>
    facts.devices.map((device) => ({ worker, ...device })),
  );
  return {
    count: devices.length,
    worker: Uint32Array.from(devices, (device) => device.worker),
    type: Uint16Array.from(devices, (device) => types.get(device.type) ?? 0),
    memory: Int32Array.from(devices, (device) => Math.floor(device.memoryBytes / mebibyte)),
  };
}

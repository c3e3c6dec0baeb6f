/**
 * A copy of a problem whose columns lie in shared memory, so that handing it to a thread copies no
 * numbers. Identifiers of tasks stay behind: solvers do not look at them.
 */
import type { Problem } from "../core/problem.js";

export function shareProblem(problem: Problem): Problem {
  const { workers, links, blocks, devices, gpuRequests, pools, tasks, options, edges, groups } =
    problem;
  return {
    originMs: problem.originMs,
    tickMs: problem.tickMs,
    horizon: problem.horizon,
    weights: problem.weights,
    dimensions: problem.dimensions,
    unit: float64(problem.unit),
    workers: {
      count: workers.count,
      ids: [],
      classOf: uint16(workers.classOf),
      capacity: int32(workers.capacity),
      link: uint16(workers.link),
      domainLevels: workers.domainLevels,
      domain: uint16(workers.domain),
    },
    links: {
      count: links.count,
      latency: int32(links.latency),
      perGib: int32(links.perGib),
    },
    blocks: {
      count: blocks.count,
      worker: uint32(blocks.worker),
      from: int32(blocks.from),
      to: int32(blocks.to),
      use: int32(blocks.use),
    },
    devices: {
      count: devices.count,
      worker: uint32(devices.worker),
      type: uint16(devices.type),
      memory: int32(devices.memory),
    },
    gpuRequests: {
      count: gpuRequests.count,
      whole: uint8(gpuRequests.whole),
      share: uint16(gpuRequests.share),
      type: int32(gpuRequests.type),
      memory: int32(gpuRequests.memory),
    },
    pools: {
      count: pools.count,
      names: [],
      capacity: int32(pools.capacity),
      consumable: uint8(pools.consumable),
    },
    tasks: shareTasks(tasks),
    options: {
      count: options.count,
      blockFirst: uint32(options.blockFirst),
      class: uint16(options.class),
      worker: int32(options.worker),
      duration: int32(options.duration),
      durationP90: int32(options.durationP90),
      demandRow: uint32(options.demandRow),
      demand: int32(options.demand),
      gpuRequest: int32(options.gpuRequest),
      cost: float64(options.cost),
      poolFirst: uint32(options.poolFirst),
      poolIndex: uint16(options.poolIndex),
      poolAmount: int32(options.poolAmount),
    },
    edges: {
      count: edges.count,
      from: uint32(edges.from),
      to: uint32(edges.to),
      lag: int32(edges.lag),
      fixed: int32(edges.fixed),
      kib: float64(edges.kib),
    },
    groups: {
      count: groups.count,
      kind: uint8(groups.kind),
      level: uint8(groups.level),
      first: uint32(groups.first),
      member: uint32(groups.member),
    },
  };
}

function shareTasks(tasks: Problem["tasks"]): Problem["tasks"] {
  return {
    count: tasks.count,
    ids: [],
    job: uint32(tasks.job),
    block: int32(tasks.block),
    release: int32(tasks.release),
    due: int32(tasks.due),
    tardinessWeight: float64(tasks.tardinessWeight),
    hardDue: int32(tasks.hardDue),
    skipPrice: float64(tasks.skipPrice),
    flowWeight: float64(tasks.flowWeight),
    moveWeight: float64(tasks.moveWeight),
    priority: int32(tasks.priority),
    state: uint8(tasks.state),
    fixedWorker: int32(tasks.fixedWorker),
    fixedOption: int32(tasks.fixedOption),
    fixedStart: int32(tasks.fixedStart),
    fixedEnd: int32(tasks.fixedEnd),
    fixedDevices: uint32(tasks.fixedDevices),
    previousWorker: int32(tasks.previousWorker),
    previousOption: int32(tasks.previousOption),
    previousStart: int32(tasks.previousStart),
    poolFirst: uint32(tasks.poolFirst),
    poolIndex: uint16(tasks.poolIndex),
    poolAmount: int32(tasks.poolAmount),
  };
}

const memory = (column: { readonly byteLength: number }): SharedArrayBuffer =>
  new SharedArrayBuffer(column.byteLength);

function int32(column: Int32Array): Int32Array {
  const shared = new Int32Array(memory(column));
  shared.set(column);
  return shared;
}

function uint32(column: Uint32Array): Uint32Array {
  const shared = new Uint32Array(memory(column));
  shared.set(column);
  return shared;
}

function uint16(column: Uint16Array): Uint16Array {
  const shared = new Uint16Array(memory(column));
  shared.set(column);
  return shared;
}

function uint8(column: Uint8Array): Uint8Array {
  const shared = new Uint8Array(memory(column));
  shared.set(column);
  return shared;
}

function float64(column: Float64Array): Float64Array {
  const shared = new Float64Array(memory(column));
  shared.set(column);
  return shared;
}
